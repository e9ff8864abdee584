"""Tables, arrays and JSON: written atomically; reading a damaged file raises an error that names it."""

import hashlib
import json
import os
import unicodedata
from pathlib import Path

from mscol.errors import CacheError
from mscol.io.atomic import atomic_path

TEXT_COLUMNS = (
    "id", "clip", "group", "recording", "artist", "path", "split", "labels", "label", "cut", "reason", "seed",
)  # fmt: skip
_AGAIN = "delete it and run again"
RESULT_TEXTS = (
    "dataset", "model", "reference", "task", "protocol", "test_list", "standardised", "metric", "label", "clip", "seed",
    "head", "grouped_by", "untaught", "mark",
)  # fmt: skip


def as_on_disk(root, path):
    """Return a path as the file system spells it: macOS writes é as two characters, most tables as one.

    Parameters
    ----------
    root : str or os.PathLike
    path : str
        Relative to the root.

    Returns
    -------
    str
        The path as given if no file has it in any form.
    """
    if path.isascii() or os.path.exists(os.path.join(root, path)):
        return path
    others = (unicodedata.normalize(form, path) for form in ("NFC", "NFD"))
    return next((other for other in others if os.path.exists(os.path.join(root, other))), path)


def read_csv(path):
    """Read a csv that `write_csv` wrote: strings stay strings, even a clip "000002" or a class "None".

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    CacheError
        If the table is incomplete.
    """
    return _read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False)


def read_results(path):
    """Read a csv of results: strings stay strings (a dataset "2024", a class "None"), and empty numbers are NaN.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    CacheError
        If the table is incomplete.
    """
    return _read_csv(path, dtype=dict.fromkeys(RESULT_TEXTS, str), keep_default_na=False, na_values=[""])


def open_array(path):
    """Open a ``.npy`` file of floating-point numbers memory-mapped.

    Its size is compared with its header, which is quick; its numbers are not checked.

    Returns
    -------
    np.memmap

    Raises
    ------
    CacheError
        If the file is damaged or holds another type: Python objects could run code when loaded.
    """
    import numpy as np  # here, because rule files import this module

    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # a damaged header can raise any exception
        raise CacheError(f"{path}: damaged ({error}); {_AGAIN}") from error
    more = os.path.getsize(path) - array.offset - array.nbytes
    if more:
        raise CacheError(f"{path}: damaged ({more} bytes more than its header says); {_AGAIN}")
    if array.dtype.kind != "f" or not array.dtype.isnative:
        raise CacheError(f"{path}: holds {array.dtype.str}, expected floating-point numbers; {_AGAIN}")
    return array


def write_csv(table, path):
    """Write a pandas table as UTF-8 csv without its index, atomically."""
    with atomic_path(path) as partial:
        table.to_csv(partial, index=False, encoding="utf-8", lineterminator="\n")


def write_json(value, path):
    """Write a value as indented UTF-8 JSON, atomically."""
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path):
    """Read a UTF-8 JSON file.

    Raises
    ------
    CacheError
        If the file is not valid JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CacheError(f"{path}: not valid JSON ({error}); {_AGAIN}") from error


def _read_csv(path, **options):
    import pandas as pd  # here, because rule files import this module, and pandas takes two seconds

    try:
        table = pd.read_csv(path, **options)
    except ValueError as error:  # pandas' parser errors are ValueErrors
        raise CacheError(f"{path}: incomplete table ({error}); {_AGAIN}") from error
    if not _ends_with_a_line(path):
        raise CacheError(f"{path}: incomplete table (its last line is cut off); {_AGAIN}")
    return table


def _ends_with_a_line(path):
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def sha256_of(path):
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
