"""One's own music: a csv file that names audio files, their split and their labels.

Layout: ``clips.csv`` in the root, or the file that the option ``table`` names. Columns:

- ``path``: relative to the root, or absolute and inside it;
- ``split``: train (training), validation (valid, val) or test;
- labels, in one of four ways: a column ``label`` with one class a clip (classification); a column
  ``tags`` with tags joined by ``;`` (tagging); a column of 0 and 1 for each tag (tagging); or a column ``target`` with a
  number a clip (regression);
- ``group``, if wanted: what clips have in common that makes them alike, such as their song, their artist or their session. Clips
  of one group are resampled together; an empty one makes the clip its own;
- ``recording``, if wanted: what clips are excerpts of; an empty one makes the clip a recording of its own;
- ``artist``, if wanted: who made it;
- ``id``, if wanted: a name for the clip. Otherwise it is the path without its suffix, or the whole path
  where two paths differ in their suffix only. A column ``duration`` is passed over.

No file may be in two splits, by its path or by a link: what is trained on must not be tested on.

The delimiter is comma, semicolon or tab. Sizes and licence are the user's own.
"""

import collections
import logging
import math
import os
from pathlib import Path

from mscol.datasets import SPLITS
from mscol.datasets.metadata import clips_table, known_split, read_table, tags_of_flags
from mscol.errors import DatasetError

GROUPED_BY = "group"
_ENOUGH_CLIPS, _OWN_TAGS = 10, 0.8  # of so many clips and more, so many tags a clip are odd
_NOT_LABELS = ("path", "split", "id", "group", "recording", "artist", "duration")


def read_clips(root, table="clips.csv"):
    """Read the clips that the table lists.

    Parameters
    ----------
    root : str or os.PathLike
    table : str
        The csv file, relative to the root.

    Returns
    -------
    pd.DataFrame
        See `metadata.clips_table`.

    Raises
    ------
    DatasetError
        If the table is missing, not as described above, or has a file in two splits.
    """
    rows = _read(root, table)
    paths = [_inside(root, path) for path in rows.columns["path"]]
    task, names, labels = _labels(rows)
    if "tags" in rows.columns:
        _warn_of_odd_tags(rows.path, names, len(paths))
    splits = [known_split(split) for split in rows.columns["split"]]
    _require_one_split_a_file(rows, root, paths, splits)
    return clips_table(
        ids=rows.columns.get("id") or _ids_of_paths(paths),
        paths=paths,
        splits=splits,
        labels=labels,
        groups=_optional(rows, "group"),
        recordings=_optional(rows, "recording"),
        artists=_optional(rows, "artist"),
        reasons=[_objection(task, label) for label in labels],
    )


def task_and_labels(root, table="clips.csv"):
    """Say what the table's label columns ask for.

    Returns
    -------
    task : str
        "classification", "tagging" or "regression".
    labels : tuple of str
        All classes or tags, sorted; of regression the column's name.

    Raises
    ------
    DatasetError
        As `read_clips`.
    """
    task, names, _ = _labels(_read(root, table))
    return task, names


def _read(root, table):
    path = Path(root, table)
    rows = read_table(path, hint="a dataset of layout table needs it; its option `table` names another")
    missing = [name for name in ("path", "split") if name not in rows.columns]
    if missing:
        raise DatasetError(
            f"{path}, line 1: expected the columns path and split, "
            f"found {', '.join(rows.columns)}, without {' and '.join(missing)}"
        )
    return rows


def _optional(rows, name):
    return [value.strip() for value in rows.columns.get(name, [""] * len(rows.lines))]


def _labels(rows):
    """Return the task, all labels, and the labels of each row."""
    columns = rows.columns
    flags = sorted(name for name in columns if name not in _NOT_LABELS)
    ways = [name for name in ("label", "tags", "target") if name in columns]
    if len(ways) > 1:
        raise DatasetError(f"{rows.path}, line 1: found the columns {' and '.join(ways)}; keep one of them")
    if "target" in columns:
        return "regression", ("target",), [number.strip() for number in columns["target"]]
    if "label" in columns:
        labels = [label.strip() for label in columns["label"]]
        return "classification", tuple(sorted(set(labels) - {""})), labels
    if "tags" in columns:
        tags = [sorted({tag.strip() for tag in joined.split(";")} - {""}) for joined in columns["tags"]]
        return "tagging", tuple(sorted(set().union(*tags))), [";".join(some) for some in tags]
    if not flags:
        raise DatasetError(
            f"{rows.path}, line 1: expected labels, found only {', '.join(columns)}; add a column label (one "
            "class a clip), a column tags (joined by ;), a column of 0 and 1 for each tag, or a column target (a number a clip)"
        )
    if any(";" in name for name in flags):
        raise DatasetError(f"{rows.path}, line 1: a tag's column must not hold a semicolon; rename it")
    return "tagging", tuple(flags), tags_of_flags(rows, flags)


def _objection(task, label):
    """What is wrong with the label of a clip, or nothing.

    >>> _objection("regression", "fast"), _objection("regression", "120.5"), _objection("classification", "")
    ("no number in the column target: 'fast'", '', 'no label')
    """
    if task == "regression" and not _is_number(label):
        return f"no number in the column target: {label!r}"
    return "no label" if task == "classification" and not label else ""


def _is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _warn_of_odd_tags(path, names, n_clips):
    """Warn where what was read as tags can hardly be meant so."""
    odd = [name for name in names if any(sign in name for sign in "[]{}'\",")]
    if odd:
        logging.warning(
            "%s: the tag %r holds a comma, quotes or brackets. It is taken for one tag; several are joined by semicolons (slow;piano).",
            path, odd[0],
        )  # fmt: skip
    if n_clips >= _ENOUGH_CLIPS and len(names) > _OWN_TAGS * n_clips:
        logging.warning(
            "%s: %d clips have %d different tags: nearly each clip has one of its own, from which nothing can be learned.",
            path, n_clips, len(names),
        )  # fmt: skip


def _inside(root, path):
    """Make a path relative to the root, where it is inside; the manifest judges all others."""
    if os.path.isabs(path):
        for base in (os.path.abspath(root), os.path.realpath(root)):
            relative = os.path.relpath(path, base)
            if relative.split("/")[0] != "..":
                return relative
    return os.path.normpath(path) if path else path


def _require_one_split_a_file(rows, root, paths, splits):
    """Raise where two rows have the same file, by its path or by a link, in two splits."""
    first_of = {}
    for line, path, split in zip(rows.lines, paths, splits, strict=True):
        if split not in SPLITS or os.path.isabs(path) or path.startswith("../"):
            continue  # which the manifest rejects
        other_line, other_path, other_split = first_of.setdefault(_file_of(root, path), (line, path, split))
        if other_split != split:
            links = "" if path == other_path else f", which is the same file as {other_path!r},"
            raise DatasetError(
                f"{rows.path}, lines {other_line} and {line}: {path!r}{links} is in the splits {other_split} and {split}; "
                "leave one of the two rows out"
            )


def _file_of(root, path):
    """What tells a file from others, whatever links lead to it; of one that is not there, its path."""
    try:
        found = os.stat(os.path.join(root, path))
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return path
    return found.st_dev, found.st_ino


def _ids_of_paths(paths):
    stems = {path: os.path.splitext(path)[0] for path in paths}
    uses = collections.Counter(stems.values())
    return [stems[path] if uses[stems[path]] == 1 else path for path in paths]
