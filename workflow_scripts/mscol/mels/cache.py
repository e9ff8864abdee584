"""Read the mel cache: the log-mel spectrograms of many shards as one.

Each shard has an array of shape (frames of all clips, 64) for the mixtures, and one for each
stem. A table next to them has one row per clip (clip, first_frame, n_frames). For the stems there is also a table
with one row per segment (``activity``: the mean \\|x\\| of each stem), so that the threshold above which a
source counts as active remains a setting of pretraining.
"""

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.io.arrays import RowReader, allow_open_files
from mscol.io.files import read_csv
from mscol.mels import N_MELS


class MelCache:
    """The spectrograms of many shards, read as one.

    Attributes
    ----------
    arrays : list of RowReader
        One per shard, of shape (frames of all its clips, 64).
    clips : pd.DataFrame
        Columns clip, first_frame (counted over all shards), n_frames; sorted by clip, so that
        nothing depends on the order of files or shards.
    """

    def __init__(self, arrays, clips):
        self.arrays = arrays
        self.clips = clips
        self._offsets = np.cumsum([0] + [len(array) for array in arrays])

    @classmethod
    def open(cls, frames_paths, index_paths):
        """Open arrays and their tables, in the same order.

        Parameters
        ----------
        frames_paths, index_paths : sequence of (str or os.PathLike)

        Returns
        -------
        MelCache

        Raises
        ------
        CacheError
            If an array is damaged or does not fit its table.
        """
        allow_open_files(len(frames_paths))
        arrays, tables, offset = [], [], 0
        for frames_path, index_path in zip(frames_paths, index_paths, strict=True):
            array, table = _open_array(frames_path), _read_index(index_path)
            if len(array) != table["n_frames"].sum():
                raise CacheError(
                    f"{frames_path}: has {len(array)} frames, but {index_path} lists "
                    f"{table['n_frames'].sum()}. Delete both and run again."
                )
            arrays.append(array)
            tables.append(table.assign(first_frame=table["first_frame"] + offset))
            offset += len(array)
        clips = pd.concat(tables, ignore_index=True) if tables else index_table([])
        return cls(arrays, clips.sort_values("clip", ignore_index=True))

    def crops(self, first_frames, n_frames, out=None):
        """Gather crops of equal length.

        Parameters
        ----------
        first_frames : np.ndarray, shape=(n_crops,), int
            Counted over all shards, as in `clips`.
        n_frames : int
        out : np.ndarray, optional
            Array to fill and return instead of a new one.

        Returns
        -------
        np.ndarray, shape=(n_crops, n_frames, 64), float32
        """
        first_frames = np.asarray(first_frames)
        shards = np.searchsorted(self._offsets, first_frames, side="right") - 1
        within = first_frames - self._offsets[shards]
        crops = np.empty((len(first_frames), n_frames, N_MELS), np.float32) if out is None else out
        for crop, shard, first in zip(crops, shards.tolist(), within.tolist(), strict=True):
            self.arrays[shard].read(first, crop)
        return crops

    def sample(self):
        """Gather the middle frame of every clip, which distinguishes caches of different audio.

        Returns
        -------
        np.ndarray, shape=(n_clips, 64), float32
            In the order of `clips`.
        """
        middles = self.clips["first_frame"] + self.clips["n_frames"] // 2
        return self.crops(middles.to_numpy(np.int64), 1)[:, 0]


def cached_clips(index_paths):
    """Read the table of a cache's clips: columns clip, first_frame (within the shard), n_frames; sorted by clip."""
    tables = [index_table([]), *map(_read_index, index_paths)]
    return pd.concat([table for table in tables if len(table)] or tables).sort_values(
        "clip", ignore_index=True
    )


def index_table(rows):
    """Make the table of a shard's clips: clip, first_frame, n_frames."""
    table = pd.DataFrame(rows, columns=["clip", "first_frame", "n_frames"])
    return table.astype({"clip": str, "first_frame": np.int64, "n_frames": np.int64})


def _read_index(path):
    try:
        table = read_csv(path)[["clip", "first_frame", "n_frames"]].astype(
            {"first_frame": int, "n_frames": int}
        )
    except (KeyError, ValueError, OSError) as error:
        raise CacheError(f"{path}: not a table of clips ({error}). Delete it and run again.") from error
    ends = table["n_frames"].cumsum()
    if (table["first_frame"] != ends - table["n_frames"]).any():
        raise CacheError(f"{path}: damaged (its clips are not consecutive). Delete it and run again.")
    return table


def _open_array(path):
    array = RowReader(path)
    if len(array.shape) != 2 or array.shape[1] != N_MELS:
        raise CacheError(
            f"{path}: shape {array.shape}, expected (frames, {N_MELS}). Delete it and run again."
        )
    return array
