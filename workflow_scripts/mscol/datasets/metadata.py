"""Shared code of the layouts: read metadata files, with errors that name file and line, and make the clips table."""

import csv
import itertools
from typing import NamedTuple

import pandas as pd

from mscol.datasets import SPLITS
from mscol.errors import DatasetError

_SPLIT_OF = {"training": "train", "valid": "validation", "val": "validation"}
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True}
_LONGEST_FIELD = 1 << 24  # characters; FMA's biographies exceed the csv module's limit of 131,072


class Table(NamedTuple):
    """A csv file: ``lines`` has the line number of each row, ``columns`` maps a name to one string per row."""

    path: str
    lines: list
    columns: dict


def read_table(path, hint, columns=None, delimiter=None, header_rows=1, strict=True):
    """Read columns of a csv file as strings.

    Parameters
    ----------
    path : str or os.PathLike
        UTF-8, with or without a byte order mark, fields quoted or not.
    hint : str
        What to do when the file is missing.
    columns : sequence of str, optional
        The required columns; all by default.
    delimiter : str, optional
        By default comma, semicolon or tab, whichever is most frequent in the header.
    header_rows : int
        Number of header rows. With several, the name of a column is its cells joined by full stops, as in ``set.split``.
    strict : bool
        Whether misplaced quotes are an error. A line with the wrong number of fields is an error either way.

    Returns
    -------
    Table

    Raises
    ------
    DatasetError
        If the file is missing or not UTF-8, lacks a column, or a line has more or fewer fields than the header.
    """
    longest_field = csv.field_size_limit(_LONGEST_FIELD)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            delimiter = delimiter or _sniff_delimiter(file)
            rows = csv.reader(file, delimiter=delimiter, strict=strict)
            try:
                return _pick_columns(path, rows, columns, header_rows)
            except csv.Error as error:
                raise DatasetError(
                    f"{path}, line {rows.line_num}: not readable as csv ({error}). "
                    'Quote fields that contain quotes, and double the quotes inside ("")'
                ) from error
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file; {hint}") from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); {hint}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 ({error.reason}). Save it as UTF-8") from error
    finally:
        csv.field_size_limit(longest_field)


def _sniff_delimiter(file):
    header = file.readline()
    file.seek(0)
    return max(",;\t", key=header.count)


def _pick_columns(path, rows, columns, header_rows):
    header = list(itertools.islice(rows, header_rows))
    names = [".".join(filter(None, map(str.strip, cells))) for cells in zip(*header, strict=False)]
    # A column without a name is the index of a table that pandas wrote.
    wanted = [name for name in names if name] if columns is None else list(columns)
    missing = [name for name in wanted if name not in names]
    if missing or not names:
        raise DatasetError(
            f"{path}, line 1: expected the columns {_few(columns or ['path', 'split'])}, "
            f"found {_few(names) or 'none'}{f', without {_few(missing)}' if missing else ''}"
        )
    twice = sorted({name for name in wanted if names.count(name) > 1})
    if twice:
        raise DatasetError(f"{path}, line 1: several columns have the name {_few(twice)}. Rename one")
    positions = [names.index(name) for name in wanted]
    lines, picked = [], []
    for row in rows:
        if len(row) != len(names):
            if not row:  # a blank line
                continue
            raise DatasetError(
                f"{path}, line {rows.line_num}: expected {len(names)} fields, found {len(row)}. "
                "Repair the line, or get the file again"
            )
        lines.append(rows.line_num)
        picked.append([row[position] for position in positions])
    values = zip(*picked, strict=True) if picked else ([] for _ in wanted)
    return Table(str(path), lines, dict(zip(wanted, map(list, values), strict=True)))


def _few(names, most=8):
    """Return the first names for a message: MTAT has 190 columns."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def tags_of_flags(table, names):
    """Convert columns of 0 and 1 to tags.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The columns, in the order of their tags.

    Returns
    -------
    list of str
        For each row, the names of its columns with 1, joined by ``;``.

    Raises
    ------
    DatasetError
        If a value is neither 0 nor 1.
    """
    rows = zip(*(table.columns[name] for name in names), strict=True)
    tags = []
    for line, row in zip(table.lines, rows, strict=True):
        try:
            tags.append(";".join(itertools.compress(names, [_FLAGS[value] for value in row])))
        except KeyError as error:
            name = names[row.index(error.args[0])]
            raise DatasetError(
                f"{table.path}, line {line}, column {name}: expected 0 or 1, found {error.args[0]!r}"
            ) from None
    return tags


def known_split(value):
    """Return the name of a split as used here; other values are returned unchanged.

    >>> [known_split(value) for value in ("training", " valid", "Test", "other")]
    ['train', 'validation', 'test', 'other']
    """
    plain = value.strip().lower()
    plain = _SPLIT_OF.get(plain, plain)
    return plain if plain in SPLITS else value


def clips_table(ids, paths, splits, labels, groups="", recordings="", artists="", cleaned=1, reasons=""):
    """Make the table that every ``read_clips`` returns.

    Parameters
    ----------
    ids, paths, splits, labels : sequence of str
        For each clip: its id, its file relative to the root, its split (unknown ones unchanged), and its tags joined by ``;``
        or its class.
    groups : str or sequence of str
        The group of clips that are not independent, such as their song; "" for a clip without a group.
    recordings : str or sequence of str
        The recording that a clip is an excerpt of; "" for a clip that is a recording of its own.
    artists : str or sequence of str
        The artist; "" if unknown.
    cleaned : int or sequence of int
        1 for a clip of the evaluation's cleaned list.
    reasons : str or sequence of str
        The layout's reason to reject a clip, or "".

    Returns
    -------
    pd.DataFrame
        Columns id, path, split, group, recording, artist, cleaned, labels, reason; rows in the order of the metadata.
    """
    columns = {
        "id": ids,
        "path": paths,
        "split": splits,
        "group": groups,
        "recording": recordings,
        "artist": artists,
        "cleaned": cleaned,
        "labels": labels,
        "reason": reasons,
    }
    # As objects: with pyarrow installed, pandas would refuse a name with a lone surrogate, but such a clip is to be
    # rejected with a reason (`manifest`) instead of ending the job.
    table = pd.DataFrame(columns, index=range(len(ids)), dtype=object)
    return table.astype({"cleaned": int})
