"""The inputs of a manifest: metadata files, and folders whose time stamp changes with their content.

Rule files import this module, so it has no slow imports. It lists folders but opens no file.
"""

import os
from pathlib import Path

NSYNTH_FOLDERS = ("nsynth-train", "nsynth-valid", "nsynth-test")


def _mtat_paths(root, options):
    yield root / "annotations_final.csv"
    yield root / "clip_info_final.csv"
    yield from (root / folder for folder in "0123456789abcdef")


def _nsynth_paths(root, options):
    for folder in NSYNTH_FOLDERS:
        yield root / folder / "examples.json"
        yield root / folder / "audio"


def _fma_paths(root, options):
    yield root / "fma_metadata" / "tracks.csv"
    yield root / "fma_small"
    yield from sorted((root / "fma_small").glob("[0-9][0-9][0-9]"))


def _table_paths(root, options):
    yield root / options.get("table", "clips.csv")


_PATHS_OF = {"mtat": _mtat_paths, "nsynth": _nsynth_paths, "fma": _fma_paths, "table": _table_paths}

LAYOUTS = tuple(_PATHS_OF)


def watched_paths(layout, root, options=None):
    """List the files and folders whose change makes a manifest rerun.

    Parameters
    ----------
    layout : str
        One of `LAYOUTS`.
    root : str or os.PathLike
        The dataset's folder.
    options : dict, optional
        The layout's options, as for its ``read_clips``.

    Returns
    -------
    list of str
        Those that exist; the manifest job reports missing ones.
    """
    return [str(path) for path in _PATHS_OF[layout](Path(root), options or {}) if path.exists()]


def stamps(layout, root, options=None):
    """Return when each of the `watched_paths` last changed: a dict of path to nanoseconds."""
    return {path: os.stat(path).st_mtime_ns for path in watched_paths(layout, root, options)}
