"""Whether the folders of a run can be written to: told before any job starts."""

import os
from pathlib import Path

from mscol.errors import WriteError


def check_writable(paths):
    """Check that files and folders may be made where they are to lie.

    Parameters
    ----------
    paths : iterable of (str or os.PathLike)
        What is to be made. Of each, the nearest folder that exists is looked at.

    Raises
    ------
    WriteError
        For the first folder (by name) that may not be written to.
    """
    folders = {_nearest(folder) for folder in {os.path.dirname(path) for path in paths}}
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WriteError(
                f"{folder}: this folder cannot be written to (it lies on a read-only file system, or you may not); "
                "make it writable, or run in another folder with --directory"
            )


def _nearest(folder):
    path = Path(folder or ".").absolute()
    return next(str(parent) for parent in (path, *path.parents) if parent.exists())
