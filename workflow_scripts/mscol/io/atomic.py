"""Atomic writes: a killed job leaves nothing that a later one takes for whole, and a full disk is told in a sentence."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import tempfile
from pathlib import Path

from mscol.errors import MscolError, WriteError

# With the name of this machine: on some shared file systems a lock holds on one machine only
PREFIX = f".partial-{socket.gethostname()}-"
_LOCK = ".lock"  # in each folder of what is being written: locked as long as its writer lives
_PROBE_BYTES = 2**20
_REASONS = {
    errno.ENOSPC: "the disk is full; make room there",
    errno.EDQUOT: "the disk quota is used up; make room there",
    errno.EROFS: "the file system is read-only; make it writable, or choose another folder",
    errno.EACCES: "its folder may not be written to; give yourself leave, or choose another folder",
    errno.EPERM: "its folder may not be written to; give yourself leave, or choose another folder",
    errno.EIO: "the disk reports an error; see to it, or choose another one",
    errno.ENOTEMPTY: "another process made it at the same time; let one run at a time work in a folder",
}
# These come of reading, too: the file that they name decides.
_AMBIGUOUS = (errno.EACCES, errno.EPERM, errno.EIO)


@contextlib.contextmanager
def atomic_path(path):
    """Yield a path beside ``path`` to write to; rename it into place when the block succeeds.

    What killed processes left half-written in the same folder is removed on the way.

    Parameters
    ----------
    path : str or os.PathLike
        The file or folder to be made. Its parent folder is created.

    Yields
    ------
    pathlib.Path
        A name in the same folder and with the same suffix, free to become a file or a folder. When
        the block raises, whatever was written there is removed and ``path`` stays as it was.

    Raises
    ------
    WriteError
        If the disk is full, read-only, or may not be written to.
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
    """Remove what killed processes of this machine were writing in a folder; what living ones write is locked, and stays."""
    for scratch in Path(folder).glob(f"{PREFIX}*"):
        # Without a lock to be had (a file system may know none), nobody can tell: it stays.
        with contextlib.suppress(OSError), open(scratch / _LOCK, "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(scratch, ignore_errors=True)


def why_not_written(error, folder):
    """Say why a file could not be written: what is wrong, and what to do.

    Parameters
    ----------
    error : Exception
        What writing raised. Libraries of audio and networks do not pass on what the system told them; for
        theirs a little is written into ``folder``, to see what the system says.
    folder : pathlib.Path

    Returns
    -------
    str or None
        None where the error is not one of writing.
    """
    number = None if isinstance(error, MscolError) else _system_error(error, folder)
    return _REASONS.get(number)


def _system_error(error, folder):
    """Find the number of the system error behind an exception; None where there is none."""
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
    """Whether an error names a file in a folder, or a folder above it that could not be made."""
    if error.filename is None:
        return False
    named = Path(os.fsdecode(error.filename))
    return named.is_relative_to(folder) or folder.is_relative_to(named)


def _probe(folder):
    """Write a little, and return the number of the system error that this meets (None for none)."""
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
    """Make a file that is locked until this process ends, however it ends."""
    fresh = path.with_name(".unlocked")  # under its own name it is never seen without its lock
    with open(fresh, "wb") as lock:
        with contextlib.suppress(OSError):  # on a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(fresh, path)
        yield


def _move(partial, path):
    if path.is_dir() and partial.is_dir():
        # Renamed away at once rather than removed file by file: whoever reads it meanwhile never finds a part.
        os.rename(path, partial.parent / ".before")
    os.replace(partial, path)
