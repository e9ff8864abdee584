"""Your own music: a csv file with audio files, their splits and their labels.

Layout: ``clips.csv`` in the root, or the file of the option ``table``. Columns:

- ``path``: relative to the root, or absolute and inside it.
- ``split``: train (training), validation (valid, val) or test.
- Labels, in one of four ways: a column ``label`` with one class per clip (classification); a column
  ``tags`` with tags joined by ``;`` (tagging); a column of 0 and 1 for each tag (tagging); or a column ``target`` with a
  number per clip (regression).
- ``group`` (optional): the property that makes clips similar, such as their song, artist or session. Clips of one group are
  resampled together; a clip with an empty group is its own group.
- ``recording`` (optional): the recording that clips are excerpts of; a clip with an empty one is a recording of its own.
- ``artist`` (optional).
- ``id`` (optional): a name for the clip. By default it is the path without its suffix, or the whole path
  if two paths differ only in their suffix. A column ``duration`` is ignored.

No file may be in two splits, by its path or by a link: training files must not be test files.

The delimiter is comma, semicolon or tab. Sizes and licence depend on your music.
"""

import collections
import difflib
import logging
import math
import os
from pathlib import Path

from mscol.datasets import SPLITS
from mscol.datasets.metadata import clips_table, known_split, read_table, tags_of_flags
from mscol.errors import DatasetError
from mscol.io.files import as_on_disk

GROUPED_BY = "group"
_ENOUGH_CLIPS, _OWN_TAGS = (
    10,
    0.8,
)  # from this many clips on, this many different tags per clip are suspicious
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
    """Return the task and labels of the table's label columns.

    Returns
    -------
    task : str
        "classification", "tagging" or "regression".
    labels : tuple of str
        All classes or tags, sorted; for regression, the name of the column.

    Raises
    ------
    DatasetError
        As `read_clips`.
    """
    task, names, _ = _labels(_read(root, table))
    return task, names


def _read(root, table):
    path = Path(root, table)
    rows = read_table(
        path, hint="a dataset of layout table needs it; set another file with the option `table`"
    )
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
        raise DatasetError(f"{rows.path}, line 1: found the columns {' and '.join(ways)}. Keep one of them")
    if "target" in columns:
        return "regression", ("target",), [number.strip() for number in columns["target"]]
    if "label" in columns:
        labels = list(map(_one_line, columns["label"]))
        return "classification", tuple(sorted(set(labels) - {""})), labels
    if "tags" in columns:
        tags = [sorted({_one_line(tag) for tag in joined.split(";")} - {""}) for joined in columns["tags"]]
        return "tagging", tuple(sorted(set().union(*tags))), [";".join(some) for some in tags]
    if not flags:
        raise DatasetError(
            f"{rows.path}, line 1: expected labels, found only {', '.join(columns)}. Add a column label (one "
            "class per clip), a column tags (joined by ;), a column of 0 and 1 for each tag, or a column target (a number per clip)"
        )
    if any(";" in name for name in flags):
        raise DatasetError(
            f"{rows.path}, line 1: the name of a tag's column must not contain a semicolon. Rename it"
        )
    try:
        return "tagging", tuple(flags), tags_of_flags(rows, flags)
    except DatasetError as error:
        raise DatasetError(
            f"{error}. Without a column label, tags or target, every further column is a tag{_meant(flags)}"
        ) from None


def _one_line(label):
    """Join the words of a label by single spaces: a line break in it would break tables.

    >>> _one_line(" hard\\r\\n rock ")
    'hard rock'
    """
    return " ".join(label.split())


def _meant(columns):
    """
    >>> _meant(["lable", "mood"]), _meant(["mood"])
    (". Did you mean 'label' by 'lable'?", '')
    """
    for name in columns:
        if near := difflib.get_close_matches(
            name.lower(), ("label", "labels", "tags", "target", "class", "genre"), 1, 0.75
        ):
            right = near[0] if near[0] in ("tags", "target") else "label"
            return f". Did you mean {right!r} by {name!r}?"
    return ""


def _objection(task, label):
    """Return what is wrong with the label of a clip; "" for nothing.

    >>> _objection("regression", "fast"), _objection("regression", "120.5"), _objection("classification", "")
    ("not a number in the column target: 'fast'", '', 'no label')
    """
    if task == "regression" and not _is_number(label):
        return f"not a number in the column target: {label!r}"
    return "no label" if task == "classification" and not label else ""


def _is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _warn_of_odd_tags(path, names, n_clips):
    """Warn about tags that are probably not meant as such."""
    odd = [name for name in names if any(sign in name for sign in "[]{}'\",")]
    if odd:
        logging.warning(
            "%s: the tag %r contains a comma, quotes or brackets. It counts as one tag; join several tags by semicolons (slow;piano).",
            path, odd[0],
        )  # fmt: skip
    if n_clips >= _ENOUGH_CLIPS and len(names) > _OWN_TAGS * n_clips:
        logging.warning(
            "%s: %d clips have %d different tags. Nearly each clip has its own tag, so nothing can be learned from them.",
            path, n_clips, len(names),
        )  # fmt: skip


def _inside(root, path):
    """Make a path inside the root relative to it; the manifest rejects others."""
    if os.path.isabs(path):
        for base in (os.path.abspath(root), os.path.realpath(root)):
            relative = os.path.relpath(path, base)
            if relative.split("/")[0] != "..":
                return relative
    return os.path.normpath(path) if path else path


def _require_one_split_a_file(rows, root, paths, splits):
    """Raise an error if two rows have the same file, by its path or by a link, in two splits."""
    first_of = {}
    for line, path, split in zip(rows.lines, paths, splits, strict=True):
        if split not in SPLITS or os.path.isabs(path) or path.startswith("../"):
            continue  # the manifest rejects it
        other_line, other_path, other_split = first_of.setdefault(_file_of(root, path), (line, path, split))
        if other_split != split:
            links = "" if path == other_path else f", which is the same file as {other_path!r},"
            raise DatasetError(
                f"{rows.path}, lines {other_line} and {line}: {path!r}{links} is in the splits {other_split} and {split}. "
                "Remove one of the two rows"
            )


def _file_of(root, path):
    """Return an identifier of a file that is the same for all links to it; for a missing file, its path."""
    try:
        found = os.stat(os.path.join(root, as_on_disk(root, path)))
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return path
    return found.st_dev, found.st_ino


def _ids_of_paths(paths):
    stems = {path: os.path.splitext(path)[0] for path in paths}
    uses = collections.Counter(stems.values())
    return [stems[path] if uses[stems[path]] == 1 else path for path in paths]
