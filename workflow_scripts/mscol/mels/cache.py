"""The mel cache, read: the log-mel spectrograms of many shards as one.

For each shard there is an array of shape (frames of all clips, 64) for the mixtures, and one for each
stem; beside them a table with a row a clip (clip, first_frame, n_frames), and for the stems one
with a row a segment (``activity``: the mean \\|x\\| of each stem), so that the threshold above which a
source counts as active stays a setting of pretraining.
"""

import mmap

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.io.arrays import advise
from mscol.io.files import open_array, read_csv
from mscol.mels import N_MELS

RESIDENT_BYTES = 2**27  # of crops, gathered before pages are let go; a crop touches three times its own size


class MelCache:
    """The spectrograms of many shards, opened memory-mapped and read as one.

    Attributes
    ----------
    arrays : list of np.memmap
        One a shard, of shape (frames of all its clips, 64).
    clips : pd.DataFrame
        Columns clip, first_frame (counted over all shards), n_frames; sorted by clip, so that
        nothing depends on the order of files or shards.
    """

    def __init__(self, arrays, clips):
        self.arrays = arrays
        self.clips = clips
        self._offsets = np.cumsum([0] + [len(array) for array in arrays])
        self._windows = {}
        self._gathered_bytes = 0

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
        arrays, tables, offset = [], [], 0
        for frames_path, index_path in zip(frames_paths, index_paths, strict=True):
            array, table = _open_array(frames_path), _read_index(index_path)
            if len(array) != table["n_frames"].sum():
                raise CacheError(
                    f"{frames_path}: holds {len(array)} frames, but {index_path} counts "
                    f"{table['n_frames'].sum()}; delete both, and they are made again"
                )
            arrays.append(array)
            tables.append(table.assign(first_frame=table["first_frame"] + offset))
            offset += len(array)
        clips = pd.concat(tables, ignore_index=True) if tables else index_table([])
        return cls(arrays, clips.sort_values("clip", ignore_index=True))

    def crops(self, first_frames, n_frames):
        """Gather crops of equal length.

        Parameters
        ----------
        first_frames : np.ndarray, shape=(n_crops,), int
            Counted over all shards, as in `clips`.
        n_frames : int

        Returns
        -------
        np.ndarray, shape=(n_crops, n_frames, 64), float32
        """
        first_frames = np.asarray(first_frames)
        shards = np.searchsorted(self._offsets, first_frames, side="right") - 1
        order = np.argsort(shards, kind="stable")
        present, starts = np.unique(shards[order], return_index=True)
        windows = self._windows_of(n_frames)
        crops = np.empty((len(first_frames), n_frames, N_MELS), np.float32)
        # Without crops, split still gives one (empty) part
        for shard, chosen in zip(present, np.split(order, starts[1:]), strict=False):
            crops[chosen] = windows[shard][first_frames[chosen] - self._offsets[shard]]
        self._release_now_and_then(crops.nbytes)
        return crops

    def sample(self):
        """Gather the middle frame of every clip: what tells a cache from one of other audio.

        Returns
        -------
        np.ndarray, shape=(n_clips, 64), float32
            In the order of `clips`.
        """
        middles = self.clips["first_frame"] + self.clips["n_frames"] // 2
        return self.crops(middles.to_numpy(np.int64), 1)[:, 0]

    def _windows_of(self, n_frames):
        """View each shard as (n, n_frames, 64), all its windows: a crop is then one block of memory."""
        if n_frames not in self._windows:
            self._windows[n_frames] = [
                np.lib.stride_tricks.sliding_window_view(np.asarray(array), n_frames, axis=0).swapaxes(1, 2)
                if len(array) >= n_frames
                else np.empty((0, n_frames, N_MELS), array.dtype)
                for array in self.arrays
            ]
        return self._windows[n_frames]

    def _release_now_and_then(self, gathered_bytes):
        """Let go of pages that were read, so that memory stays small whatever the size of the cache.

        They stay in the system's own cache of files, but count no longer as memory of this process.
        """
        self._gathered_bytes += gathered_bytes
        if self._gathered_bytes > RESIDENT_BYTES:
            self._gathered_bytes = 0
            for array in self.arrays:
                advise(array, mmap.MADV_DONTNEED)


def cached_clips(index_paths):
    """Read which clips a cache holds: columns clip, first_frame (within the shard), n_frames; sorted by clip."""
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
        raise CacheError(
            f"{path}: not a table of clips ({error}); delete it, and it is made again"
        ) from error
    ends = table["n_frames"].cumsum()
    if (table["first_frame"] != ends - table["n_frames"]).any():
        raise CacheError(
            f"{path}: damaged (its clips do not follow one upon the other); delete it, and it is made again"
        )
    return table


def _open_array(path):
    array = open_array(path)
    if array.ndim != 2 or array.shape[1] != N_MELS:
        raise CacheError(
            f"{path}: shape {array.shape}, expected (frames, {N_MELS}); delete it, and it is made again"
        )
    return array
