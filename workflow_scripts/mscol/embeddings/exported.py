"""Read a table of embeddings that `mscol.embeddings.export` wrote: Parquet or csv, one row per window or per file."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from mscol.errors import CacheError

_ROWS_HELD, _BYTES_READ = 4096, 2**20  # 4096 rows of 1280 values are 20 MB


class Exported:
    """The files of a table and the mean embedding of each.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    about : dict of str
        Metadata of the table: encoder, paper, normalise, weights_sha256 and more; empty for a csv.
    names : list of str
        Names of the files, in the order of the table.
    means : np.ndarray, shape=(n_files, D), float32

    Raises
    ------
    CacheError
        If the file is missing or is not a table of embeddings.
    """

    def __init__(self, path):
        self.path = Path(path)
        try:
            self.about, blocks = _open_parquet(path) if self._is_parquet() else ({}, [_of_csv(path)])
            means, counts = {}, {}
            for name, part in itertools.chain.from_iterable(map(_runs, blocks)):
                before = counts.get(name, 0)
                counts[name] = before + len(part)
                total = part.sum(axis=0, dtype=np.float64) + before * means.get(name, 0)
                means[name] = (total / counts[name]).astype(np.float32)
        except FileNotFoundError:
            raise CacheError(f"{path}: file not found. Write it with mscol embed.") from None
        except (ValueError, OSError) as error:  # pyarrow's are of these kinds
            raise CacheError(
                f"{path}: not a table of embeddings ({error}). Write it with mscol embed."
            ) from error
        if not means:
            raise CacheError(f"{path}: contains no embeddings. Write it with mscol embed.")
        self.names, self.means = list(means), np.stack([*means.values()])

    def windows(self, names):
        """Read the windows of some files.

        Parameters
        ----------
        names : collection of str

        Yields
        ------
        name : str
        start_seconds : np.ndarray, shape=(n_windows,)
        values : np.ndarray, shape=(n_windows, D), float32

        Notes
        -----
        A table with one row per file yields nothing.
        """
        if self._is_parquet():
            from pyarrow import parquet

            if "start_seconds" not in parquet.read_schema(self.path).names:
                return
            # Each file is a row group, so the reader skips other files by their statistics.
            table = parquet.read_table(self.path, filters=[("file", "in", list(names))])
            columns, values = table.to_pandas(), _matrix(table.column("embedding").combine_chunks())
        else:
            columns = _read_csv(self.path)
            if "start_seconds" not in columns:
                return
            values = columns[_values_of(columns)].to_numpy(np.float32)
        for name, rows in columns.groupby("file", sort=False).indices.items():
            if name in names:
                yield name, columns["start_seconds"].to_numpy()[rows], values[rows]

    def _is_parquet(self):
        return self.path.suffix.lower() == ".parquet"


def _open_parquet(path):
    """Return the metadata of a Parquet file and an iterator over blocks of names and values."""
    from pyarrow import parquet

    file = parquet.ParquetFile(
        path, pre_buffer=False, buffer_size=_BYTES_READ
    )  # the defaults would keep the whole file in memory
    about = {key.decode(): text.decode() for key, text in (file.schema_arrow.metadata or {}).items()}
    _require(("file", "embedding"), file.schema_arrow.names)
    batches = file.iter_batches(_ROWS_HELD, columns=["file", "embedding"])
    return about, (
        (batch.column("file").to_pylist(), _matrix(batch.column("embedding"))) for batch in batches
    )


def _matrix(column):
    """Convert a column of lists of equal length to an array (rows, values)."""
    return (
        column.flatten()
        .to_numpy(zero_copy_only=False)
        .astype(np.float32, copy=False)
        .reshape(len(column), -1)
    )


def _of_csv(path):
    columns = _read_csv(path)
    _require(("file", "v0"), columns)
    return list(columns["file"]), columns[_values_of(columns)].to_numpy(np.float32)


def _require(names, columns):
    for name in names:
        if name not in columns:
            raise ValueError(f"the column {name} is missing")


def _read_csv(path):
    return pd.read_csv(path, dtype={"file": str}, keep_default_na=False)


def _values_of(columns):
    """List the columns v0, v1, ..."""
    return list(itertools.takewhile(columns.__contains__, (f"v{number}" for number in itertools.count())))


def _runs(block):
    """Yield the consecutive rows of each file."""
    (names, values), start = block, 0
    for name, rows in itertools.groupby(names):
        end = start + sum(1 for _ in rows)
        yield name, values[start:end]
        start = end
