"""What the layouts share: reading metadata files with errors that name file and line, and the clips table."""

import csv
import itertools
from typing import NamedTuple

import pandas as pd

from mscol.datasets import SPLITS
from mscol.errors import DatasetError

_SPLIT_OF = {"training": "train", "valid": "validation", "val": "validation"}
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True}
_LONGEST_FIELD = 1 << 24  # characters; FMA's biographies pass the csv module's own limit of 131,072


class Table(NamedTuple):
    """A csv file: ``lines`` numbers its rows, ``columns`` maps a name to one text a row."""

    path: str
    lines: list
    columns: dict


def read_table(path, hint, columns=None, delimiter=None, header_rows=1, strict=True):
    """Read columns of a csv file as text.

    Parameters
    ----------
    path : str or os.PathLike
        UTF-8, with or without a byte order mark, fields quoted or not.
    hint : str
        What to do when the file is missing.
    columns : sequence of str, optional
        The columns that are needed; all by default.
    delimiter : str, optional
        By default that of comma, semicolon and tab which the header holds most of.
    header_rows : int
        With several, a column is named by its cells joined by full stops, as in ``set.split``.
    strict : bool
        Whether quotes must be where csv wants them. A line that has lost a field is an error either way.

    Returns
    -------
    Table

    Raises
    ------
    DatasetError
        If the file is missing, not UTF-8, lacks a column, or a line is not as long as the header.
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
                    f"{path}, line {rows.line_num}: not readable as csv ({error}); "
                    'put a field that holds quotes into quotes, and write "" for each of its own'
                ) from error
    except FileNotFoundError:
        raise DatasetError(f"{path}: there is no such file; {hint}") from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); {hint}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from error
    finally:
        csv.field_size_limit(longest_field)


def _sniff_delimiter(file):
    header = file.readline()
    file.seek(0)
    return max(",;\t", key=header.count)


def _pick_columns(path, rows, columns, header_rows):
    header = list(itertools.islice(rows, header_rows))
    names = [".".join(filter(None, map(str.strip, cells))) for cells in zip(*header, strict=False)]
    # A table without a name for a column is one that pandas wrote with its index.
    wanted = [name for name in names if name] if columns is None else list(columns)
    missing = [name for name in wanted if name not in names]
    if missing or not names:
        raise DatasetError(
            f"{path}, line 1: expected the columns {_few(columns or ['path', 'split'])}, "
            f"found {_few(names) or 'none'}{f', without {_few(missing)}' if missing else ''}"
        )
    twice = sorted({name for name in wanted if names.count(name) > 1})
    if twice:
        raise DatasetError(f"{path}, line 1: more than one column is called {_few(twice)}; rename one")
    positions = [names.index(name) for name in wanted]
    lines, picked = [], []
    for row in rows:
        if len(row) != len(names):
            if not row:  # a blank line
                continue
            raise DatasetError(
                f"{path}, line {rows.line_num}: expected {len(names)} fields, found {len(row)}; "
                "repair that line, or get the file anew"
            )
        lines.append(rows.line_num)
        picked.append([row[position] for position in positions])
    values = zip(*picked, strict=True) if picked else ([] for _ in wanted)
    return Table(str(path), lines, dict(zip(wanted, map(list, values), strict=True)))


def _few(names, most=8):
    """Names for a message, cut short: MTAT has 190 columns."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def tags_of_flags(table, names):
    """Turn columns of 0 and 1 into tags.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The columns, in the order in which their tags shall stand.

    Returns
    -------
    list of str
        For each row the names of its columns of 1, joined by ``;``.

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
    """Spell a split as we do; what is no split comes back unchanged.

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
        One a clip: its name, its file relative to the root, its split (unknown ones as they stand),
        and its tags joined by ``;`` or its class.
    groups : str or sequence of str
        What a clip shares with others that it is not independent of, such as its song; "" for a clip of its own.
    recordings : str or sequence of str
        What a clip is an excerpt of, together with others; "" for a clip that is a recording of its own.
    artists : str or sequence of str
        Who made it; "" where that is not known.
    cleaned : int or sequence of int
        1 for a clip of the evaluation's cleaned list.
    reasons : str or sequence of str
        What the layout itself has against a clip, or "".

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
    # Texts as Python's own: where pyarrow is installed, pandas would refuse a name with a lone surrogate, which is
    # to be told as a reason (`manifest`), not to end the job.
    table = pd.DataFrame(columns, index=range(len(ids)), dtype=object)
    return table.astype({"cleaned": int})
