"""Atomic writes: a killed job leaves no partial file under its final name, and a full disk is reported in one sentence."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import tempfile
from pathlib import Path

from mscol.errors import MscolError, WriteError

# With the host name: on some shared file systems, a lock holds on one machine only
PREFIX = f".partial-{socket.gethostname()}-"
_LOCK = ".lock"  # in each folder that is being written: locked while its writer lives
_PROBE_BYTES = 2**20
_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space",
    errno.EDQUOT: "the disk quota is used up. Free some space",
    errno.EROFS: "the file system is read-only. Make it writable or choose another folder",
    errno.EACCES: "no permission to write to its folder. Change the permissions or choose another folder",
    errno.EPERM: "no permission to write to its folder. Change the permissions or choose another folder",
    errno.EIO: "the disk reports an error. Check or replace the disk",
    errno.ENOTEMPTY: "another process made it at the same time. Start only one run per folder",
}
# Reading raises these, too: the file that the error names decides.
_AMBIGUOUS = (errno.EACCES, errno.EPERM, errno.EIO)


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path in the folder of ``path``; rename it to ``path`` when the block succeeds.

    Partial files that killed processes left in the same folder are removed.

    Parameters
    ----------
    path : str or os.PathLike
        The file or folder to write. Its parent folder is created.

    Yields
    ------
    pathlib.Path
        A path with the same name that does not exist yet; write a file or a folder there. If the block
        raises, what it wrote is removed and ``path`` stays unchanged.

    Raises
    ------
    WriteError
        If the disk is full or read-only, or the folder is not writable.
    """
    path = Path(path)
    folder = path.parent
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(folder)
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.enter_context(_locked(folder / _LOCK))
            yield folder / path.name
            _move(folder / path.name, path)
        except Exception as error:
            reason = why_not_written(error, folder)
            if reason is None:
                raise
            raise WriteError(f"{path}: cannot be written: {reason}, and run again") from error


def remove_abandoned(folder):
    """Remove partial files of killed processes of this machine in a folder; those of running processes are locked and stay."""
    for scratch in Path(folder).glob(f"{PREFIX}*"):
        # On a file system without locks, partial files stay: they may be in use.
        with contextlib.suppress(OSError), open(scratch / _LOCK, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(scratch, ignore_errors=True)


def why_not_written(error, folder):
    """Say why a file could not be written, and what to do.

    Parameters
    ----------
    error : Exception
        The exception that writing raised. Audio and network libraries do not pass on the system's error number; for their
        errors, a small file is written into ``folder`` to find it.
    folder : pathlib.Path

    Returns
    -------
    str or None
        None if the error has nothing to do with writing.
    """
    number = None if isinstance(error, MscolError) else _system_error(error, folder)
    return _REASONS.get(number)


def _system_error(error, folder):
    """Return the number of the system error that caused an exception; None if there is none."""
    chain, link = [], error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        number = getattr(link, "errno", None)
        if number in _REASONS and (number not in _AMBIGUOUS or _is_inside(link, folder)):
            return number
    silent = isinstance(error, OSError | RuntimeError) and getattr(error, "errno", None) is None
    return _probe(folder) if silent else None


def _is_inside(error, folder):
    """Return whether an error names a file in a folder, or a parent folder that could not be made."""
    if error.filename is None:
        return False
    named = Path(os.fsdecode(error.filename))
    return named.is_relative_to(folder) or folder.is_relative_to(named)


def _probe(folder):
    """Write a small file, and return the number of the system error that it raises (None for none)."""
    try:
        with open(folder / ".probe", "wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno
    finally:
        with contextlib.suppress(OSError):
            os.unlink(folder / ".probe")
    return None


@contextlib.contextmanager
def _locked(path):
    """Make a file that is locked until this process ends, even if it is killed."""
    fresh = path.with_name(".unlocked")  # renamed once it is locked: no other process sees it unlocked
    with open(fresh, "wb") as lock:
        with contextlib.suppress(OSError):  # on a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(fresh, path)
        yield


def _move(partial, path):
    if path.is_dir() and partial.is_dir():
        # Renamed at once instead of removed file by file: a concurrent reader never sees part of the folder.
        os.rename(path, partial.parent / ".before")
    os.replace(partial, path)
