"""Room on the disk: how much is free, how much is needed, and a sentence where it is not enough."""

import contextlib
import errno
import shutil

from mscol.errors import FetchError

BLOCK_BYTES = 4096  # of common file systems: what even a small file takes


def spoken_bytes(count):
    """Bytes as a person says them.

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
    """The bytes that a file of ``size`` bytes takes, in whole blocks; one block at least.

    >>> on_disk(0), on_disk(4096), on_disk(4097)
    (4096, 4096, 8192)
    """
    return max(1, -(-size // BLOCK_BYTES)) * BLOCK_BYTES


def free_bytes(folder):
    """The bytes that this user may still write below a folder."""
    return shutil.disk_usage(folder).free


def require_space(folder, needed, what):
    """Check that there is room.

    Raises
    ------
    FetchError
        If fewer than ``needed`` bytes are free.
    """
    free = free_bytes(folder)
    if free < needed:
        raise FetchError(
            f"{folder}: {what} needs {spoken_bytes(needed)} of disk, but only {spoken_bytes(free)} are free; make room, "
            "or choose a folder on a larger disk"
        )


@contextlib.contextmanager
def disk_errors_told(folder, needed):
    """Turn what a disk refuses into a sentence.

    Parameters
    ----------
    folder : str or os.PathLike
        Where the block writes.
    needed : int
        The bytes that all of it needs at most.

    Raises
    ------
    FetchError
        In place of an `OSError` of the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise FetchError(
                f"{error.filename or folder}: cannot be written or read ({error.strerror or error}); repair that, and run "
                "again"
            ) from error
        raise FetchError(
            f"{folder}: the disk is full, or a quota of bytes or files is ({error.strerror}); {spoken_bytes(needed)} are "
            f"needed at most, {spoken_bytes(free_bytes(folder))} are free; what was downloaded is kept: make room, and run again"
        ) from error
