"""Make a table (`mscol.datasets.table`) of a folder of music: files, labels, artists, and splits that keep artists apart."""

import collections
import logging
import os
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mscol.datasets import SPLITS
from mscol.datasets.dealing import deal, join
from mscol.datasets.manifest import check_headers, name_reason
from mscol.errors import DatasetError
from mscol.io.tags import read_tags
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map

# What splits can keep apart, the coarsest first, with the words for the log
_KEPT_APART = {
    "artists": "artist (or folder, where artists are not known) is",
    "folders": "folder is",
    "files": "recording is",
}
_FOR = {"train": "for training", "validation": "for validation", "test": "for testing"}


class Song(NamedTuple):
    """A usable file: its path relative to the folder, its parent folders there, and its tags."""

    path: str
    folders: tuple
    tags: object


def read_songs(root, files, workers):
    """Read headers and tags of files; leave out files that the workflow would reject, and duplicates by link.

    Parameters
    ----------
    root : pathlib.Path
    files : sequence of pathlib.Path
        Below the root.
    workers : int
        Number of threads.

    Returns
    -------
    songs : list of Song
    left_out : list of tuple
        Path and reason of each.
    """
    paths = [str(file.relative_to(root)) for file in files]
    reasons = check_headers(root, pd.Series(paths, dtype=object), workers)["reason"]
    songs, left_out, first_name = [], [], {}
    progress = Progress("tags", len(files))
    for file, path, reason, tags in zip(
        files, paths, reasons, ordered_map(read_tags, files, workers), strict=True
    ):
        progress.step()
        reason = (
            reason or name_reason(os.path.splitext(path)[0], path) or _second_name(file, path, first_name)
        )
        if reason:
            left_out.append((file, reason))
        else:
            songs.append(Song(path, Path(path).parts[:-1], tags))
    return songs, left_out


def _second_name(file, path, first_name):
    """Return a reason if a link leads to a file that is already listed: it could end up in two splits."""
    about = file.stat()
    first = first_name.setdefault((about.st_dev, about.st_ino), path)
    return "" if first == path else f"it is the same file as {first}"


def make_table(root, songs, labels="auto"):
    """Make the table of a dataset of layout ``table``.

    Parameters
    ----------
    root : str or os.PathLike
        The folder, for errors.
    songs : list of Song
    labels : str
        The class of a file: ``folders``, its folder in the root; ``genre``, its genre tag; ``none``; or ``auto``, the first of
        these that gives two or more classes. Folders named after artists are not classes.

    Returns
    -------
    table : pd.DataFrame
        Columns path, split, label (or an empty column tags), artist, group, recording.
    left_out : list of tuple
        Path and reason of files without a label, if others have one.

    Raises
    ------
    DatasetError
        If fewer than three files can be kept apart, or ``folders`` or ``genre`` gives fewer than two classes.
    """
    how, classes = _choose_labels(root, songs, labels)
    left_out = [
        (Path(root, song.path), _WITHOUT[how]) for song, name in zip(songs, classes, strict=True) if not name and how != "none"
    ]  # fmt: skip
    kept = [(song, name) for song, name in zip(songs, classes, strict=True) if name or how == "none"]
    songs, classes = [song for song, _ in kept], [name for _, name in kept]
    n_label_folders = 1 if how == "folders" else 0
    artists = _spelled_alike([_artist(song, n_label_folders) for song in songs])
    recordings = [
        f"{artist} - {song.tags.title}" if artist and song.tags.title else ""
        for song, artist in zip(songs, artists, strict=True)
    ]
    groups = {
        "artists": [artist or _folder(song, n_label_folders) or song.path for song, artist in zip(songs, artists, strict=True)],
        "folders": [_folder(song, n_label_folders) or song.path for song in songs],
        "files": [song.path for song in songs],
    }  # fmt: skip
    splits = _split(root, groups, classes, recordings)
    table = pd.DataFrame({"path": [song.path for song in songs], "split": splits})
    table["tags" if how == "none" else "label"] = classes
    alike = [
        group if group != song.path else "" for group, song in zip(groups["artists"], songs, strict=True)
    ]
    return table.assign(artist=artists, group=alike, recording=recordings), left_out


_CALLED = {"folders": "classes, by folder", "genre": "genres, from the files' tags"}
_WITHOUT = {
    "folders": "it has no label because it is in no folder",
    "genre": "it has no label because it has no genre tag",
}


def _choose_labels(root, songs, how):
    """Return the way of labelling and the class of each song."""
    told = {
        "folders": [song.folders[0] if song.folders else "" for song in songs],
        "genre": [song.tags.genre for song in songs],
        "none": [""] * len(songs),
    }
    if how == "auto":
        named_as_artists = sum(
            song.tags.artist.casefold() == folder.casefold() != ""
            for song, folder in zip(songs, told["folders"], strict=True)
        )
        fit = {"folders": 2 * named_as_artists < max(len(songs), 1), "genre": True}
        how = next((way for way, fits in fit.items() if fits and _n_classes(told[way]) > 1), "none")
    elif how != "none" and _n_classes(told[how]) < 2:
        raise DatasetError(
            f"{root}: --labels {how} gives {_n_classes(told[how])} classes, but at least two are needed. Choose other labels"
        )
    logging.info("Labels: %s.", f"{_n_classes(told[how])} {_CALLED[how]}" if how in _CALLED else "none")
    return how, told[how]


def _n_classes(classes):
    return len(set(classes) - {""})


def _artist(song, n_label_folders):
    """Return the artist: the tag, or the first folder if another (of an album) follows."""
    folders = song.folders[n_label_folders:]
    return song.tags.artist or (folders[0] if len(folders) > 1 else "")


def _folder(song, n_label_folders):
    """Return the folder of a song, unless it is the class or the root."""
    return "/".join(song.folders) if len(song.folders) > n_label_folders else ""


def _spelled_alike(names):
    """Return names in which those that differ only in case have the spelling of the first."""
    first = {}
    return [first.setdefault(name.casefold(), name) for name in names]


def _split(root, groups, classes, recordings):
    """Return splits that keep apart the coarsest kind for which no class misses a split; recordings are always kept apart."""
    joined = {kind: join(groups[kind], recordings) for kind in _KEPT_APART}
    reached = {kind: _n_in_all_splits(joined[kind], classes) for kind in _KEPT_APART}
    if not reached["files"]:
        raise DatasetError(
            f"{root}: no class has three usable recordings, one each for {', '.join(SPLITS)}. Add some, or choose other labels"
        )
    kind = next(kind for kind in _KEPT_APART if reached[kind] == reached["files"])
    splits = deal(joined[kind], classes)
    logging.info(
        "%s. No %s in two splits.", ", ".join(f"{splits.count(split)} files {title}" for split, title in _FOR.items()),
        "recording is" if joined[kind] == joined["files"] else _KEPT_APART[kind],
    )  # fmt: skip
    if reached["artists"] < reached[kind]:
        logging.warning(
            "Artists are in several splits, because some classes have fewer than three. Results will be better than on new artists."
        )
    found = collections.defaultdict(set)
    for name, split in zip(classes, splits, strict=True):
        found[name].add(split)
    lacking = sorted(name for name, has in found.items() if len(has) < len(SPLITS))
    if lacking:
        logging.warning("These classes have too few files to be in all splits: %s.", ", ".join(lacking))
    return splits


def _n_in_all_splits(groups, classes):
    groups_of = collections.defaultdict(set)
    for group, name in zip(groups, classes, strict=True):
        groups_of[name].add(group)
    return sum(len(own) >= len(SPLITS) for own in groups_of.values())
