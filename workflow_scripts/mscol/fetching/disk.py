"""Disk space: how much is free, how much is needed, and an error if it is not enough."""

import contextlib
import errno
import shutil

from mscol.errors import FetchError

BLOCK_BYTES = 4096  # of common file systems: the least that a file takes


def spoken_bytes(count):
    """Format a number of bytes.

    >>> [spoken_bytes(count) for count in (999, 123_456, 23_815_298_079)]
    ['999 bytes', '123.5 kB', '23.8 GB']
    """
    if count < 1000:
        return f"{count} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95 or unit == "GB":
            return f"{count:.1f} {unit}"


def on_disk(size):
    """Return the bytes that a file of ``size`` bytes takes on disk: whole blocks, at least one.

    >>> on_disk(0), on_disk(4096), on_disk(4097)
    (4096, 4096, 8192)
    """
    return max(1, -(-size // BLOCK_BYTES)) * BLOCK_BYTES


def free_bytes(folder):
    """Return the free bytes for this user on the disk of a folder."""
    return shutil.disk_usage(folder).free


def require_space(folder, needed, what):
    """Check that there is enough free disk space.

    Raises
    ------
    FetchError
        If fewer than ``needed`` bytes are free.
    """
    free = free_bytes(folder)
    if free < needed:
        raise FetchError(
            f"{folder}: {what} needs {spoken_bytes(needed)} of disk, but only {spoken_bytes(free)} are free. Free some "
            "space, or choose a folder on a larger disk."
        )


@contextlib.contextmanager
def disk_errors_told(folder, needed):
    """Turn errors of the disk into a readable `FetchError`.

    Parameters
    ----------
    folder : str or os.PathLike
        Where the block writes.
    needed : int
        Bytes that the block needs at most.

    Raises
    ------
    FetchError
        Instead of an `OSError` of the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise FetchError(
                f"{error.filename or folder}: cannot be written or read ({error.strerror or error}). Fix that and run "
                "again."
            ) from error
        raise FetchError(
            f"{folder}: the disk is full, or a quota of bytes or files is used up ({error.strerror}). {spoken_bytes(needed)} are "
            f"needed at most, {spoken_bytes(free_bytes(folder))} are free. Downloads are kept: free some space and run again."
        ) from error
