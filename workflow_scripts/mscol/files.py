"""Atomic writes: a killed job leaves nothing that a later one takes for whole."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from mscol.errors import CacheError

TEXT_COLUMNS = ("id", "clip", "path", "split", "labels", "label", "reason", "seed")
RESULT_TEXTS = (
    "dataset", "model", "reference", "task", "protocol", "test_list", "metric", "label", "clip", "seed",
)  # fmt: skip


@contextlib.contextmanager
def atomic_path(path):
    """Yield a path beside ``path`` to write to; rename it into place when the block succeeds.

    Parameters
    ----------
    path : str or os.PathLike
        The file or folder to be made. Its parent folder is created.

    Yields
    ------
    pathlib.Path
        A name in the same folder and with the same suffix, free to become a file or a folder. When
        the block raises, whatever was written there is removed and ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".partial-", dir=path.parent))
    partial = scratch / path.name
    try:
        yield partial
        if path.is_dir() and partial.is_dir():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def read_csv(path):
    """Read a csv that `write_csv` wrote: texts stay texts, even a clip "000002" or a class "None".

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    CacheError
        If it is no whole table.
    """
    return _read_csv(path, dtype=dict.fromkeys(TEXT_COLUMNS, str), keep_default_na=False)


def read_results(path):
    """Read a csv of results: texts stay texts (a dataset "2024", a class "None"), and empty numbers are NaN.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    CacheError
        If it is no whole table.
    """
    return _read_csv(path, dtype=dict.fromkeys(RESULT_TEXTS, str), keep_default_na=False, na_values=[""])


def open_array(path):
    """Open a ``.npy`` file memory-mapped.

    Returns
    -------
    np.memmap

    Raises
    ------
    CacheError
        If it is no whole array, or holds Python objects (which could run code when loaded).
    """
    import numpy as np  # here, because rule files import this module

    try:
        return np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # NumPy raises whatever a damaged header leads it to
        raise CacheError(f"{path}: damaged ({error}); delete it, and it is made again") from error


def write_csv(table, path):
    """Write a pandas table as UTF-8 csv without its index, atomically."""
    with atomic_path(path) as partial:
        table.to_csv(partial, index=False, encoding="utf-8", lineterminator="\n")


def write_json(value, path):
    """Write a value as indented UTF-8 JSON, atomically."""
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path):
    """Read a UTF-8 JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _read_csv(path, **options):
    import pandas as pd  # here, because rule files import this module, and pandas takes two seconds

    try:
        return pd.read_csv(path, **options)
    except ValueError as error:  # pandas' own errors of parsing are such
        raise CacheError(f"{path}: not a whole table ({error}); delete it, and it is made again") from error
