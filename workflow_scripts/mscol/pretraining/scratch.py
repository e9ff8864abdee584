"""Copy the mel cache to the node's local disk: reading random crops from a shared file system is slow and loads it for others."""

import contextlib
import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from mscol.errors import TrainingError
from mscol.jobs.logs import Progress
from mscol.pretraining.signals import heed_warnings


@contextlib.contextmanager
def on_scratch(files):
    """Copy the arrays of a mel cache to the folder for temporary files (``TMPDIR``) and yield their paths.

    The copies are removed when the block ends. Files opened in the block stay readable, and their disk space is
    freed when the process ends, in whatever way. If there is not enough space, or copying fails,
    the original files are yielded.

    Parameters
    ----------
    files : CacheFiles

    Yields
    ------
    CacheFiles
        The same tables, with arrays on scratch.

    Raises
    ------
    TrainingError
        If SIGTERM or Ctrl-C arrives while files are copied.
    """
    paths = [
        Path(path) for path in (*files.frames, *(path for stem in files.stems.values() for path in stem))
    ]
    needed = sum(path.stat().st_size for path in paths)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if needed > free:
        logging.warning(
            "Not copying the mel cache: it takes %.1f GB, and %s has %.1f GB free. Reading crops from the original files.",
            needed / 1e9, tempfile.gettempdir(), free / 1e9,
        )  # fmt: skip
        yield files
        return
    # A network file system keeps open files under another name, so the folder cannot be removed.
    with tempfile.TemporaryDirectory(prefix="mscol-mels-", ignore_cleanup_errors=True) as folder:
        logging.info("Copying %.1f GB of the mel cache to %s.", needed / 1e9, folder)
        yield _copied(files, paths, Path(folder))


def _copied(files, paths, folder):
    try:
        copies = iter(_copy(paths, folder))
    except OSError as error:  # other jobs may have filled the disk meanwhile
        logging.warning("Cannot copy the mel cache (%s). Reading crops from the original files.", error)
        return files
    return replace(
        files,
        frames=[next(copies) for _ in files.frames],
        stems={stem: [next(copies) for _ in arrays] for stem, arrays in files.stems.items()},
    )


def _copy(paths, folder):
    # Keep the original paths, because errors show them
    copies = [folder / path.relative_to(path.anchor) for path in paths]
    progress = Progress("arrays", len(paths))
    with heed_warnings() as warned:
        for path, copy in zip(paths, copies, strict=True):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            progress.step()
            if warned.by:
                raise TrainingError(
                    f"stopped by {warned.by} while copying the mel cache. Run the same command again."
                )
    return copies
