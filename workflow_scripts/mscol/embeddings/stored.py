"""Open the embeddings of a dataset that `clips` or `functions` wrote, and average them per clip."""

import mmap

import numpy as np

from mscol.errors import CacheError
from mscol.io.arrays import SomeRows, advise
from mscol.io.files import open_array, read_csv

_BLOCK_BYTES = 2**27  # embeddings that are averaged at a time


def open_embeddings(array_path, index_path, clips=None):
    """Open the embeddings of one split.

    Parameters
    ----------
    array_path, index_path : str or os.PathLike
    clips : pd.DataFrame, optional
        The manifest, by id. Other clips are left out; the manifest of a task may lack clips (`mscol.datasets.tasks`).

    Returns
    -------
    np.memmap or SomeRows, float32
        Shape (n_segments, K, D), or (n_windows, D) for test clips.
    pd.DataFrame
        Its table, with clip as str.

    Raises
    ------
    CacheError
        If the array is damaged or does not fit the table.
    """
    array, table = open_array(array_path), read_csv(index_path)
    expected = table["n_windows"].sum() if "n_windows" in table else len(table)
    if len(array) != expected:
        raise CacheError(
            f"{array_path}: has {len(array)} rows, but {index_path} lists {expected}. "
            "Delete both files and run again."
        )
    is_labelled = table["clip"].isin(table["clip"] if clips is None else clips.index).to_numpy()
    if is_labelled.all():
        return array, table
    rows = np.flatnonzero(np.repeat(is_labelled, table.get("n_windows", 1)))
    return SomeRows(array, rows), table[is_labelled].reset_index(drop=True)


def clip_means(array, table):
    """Average the embeddings of each clip over its windows, or over all crops of its segments.

    Parameters
    ----------
    array, table
        As `open_embeddings` returns them; the rows of a clip are consecutive.

    Returns
    -------
    clips : np.ndarray of str, shape=(n_clips,)
    means : np.ndarray, shape=(n_clips, D), float32
    """
    if "n_windows" in table:
        clips, n_rows = table["clip"].to_numpy(np.str_), table["n_windows"].to_numpy(np.int64)
    else:
        counted = table.groupby("clip", sort=False).size()
        clips, n_rows = counted.index.to_numpy(np.str_), counted.to_numpy(np.int64)
    starts = np.concatenate([[0], np.cumsum(n_rows)])
    means = np.empty((len(clips), array.shape[-1]), np.float32)
    row_bytes = 4 * int(np.prod(array.shape[1:]))
    first = 0
    while first < len(clips):  # read once, in order: NSynth's crops take 12 GB
        last = (
            int(np.searchsorted(starts, starts[first] + max(1, _BLOCK_BYTES // row_bytes), side="right")) - 1
        )
        last = min(max(last, first + 1), len(clips))
        rows = np.asarray(array[starts[first] : starts[last]])
        rows = rows.reshape(len(rows), -1, array.shape[-1]).mean(axis=1)
        sums = np.add.reduceat(rows, starts[first:last] - starts[first], axis=0, dtype=np.float64)
        means[first:last] = sums / n_rows[first:last, None]
        advise(array, mmap.MADV_DONTNEED)
        first = last
    return clips, means
