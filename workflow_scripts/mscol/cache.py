"""The mel cache: the log-mel spectrograms of a shard's clips, one after another, in one array on disk.

For each shard there is an array of shape (frames of all clips, 64) for the mixtures, and one for each
stem; beside them a table with a row a clip (clip, first_frame, n_frames), and for the stems one
with a row a segment (``activity``: the mean \\|x\\| of each stem), so that the threshold above which a
source counts as active stays a setting of pretraining.
"""

import contextlib
import logging
import mmap
from pathlib import Path

import numpy as np
import pandas as pd

from mscol.arrays import RowWriter, advise
from mscol.audio import load_mono
from mscol.datasets.listed import (
    read_listed,
    read_rejected,
    require_all,
    require_dataset,
    require_unchanged,
)
from mscol.errors import AudioError, CacheError
from mscol.files import open_array, read_csv, write_csv
from mscol.logs import Progress
from mscol.mels import (
    HOP_SAMPLES,
    N_MELS,
    SEGMENT_FRAMES,
    SHORTEST_SAMPLES,
    count_segments,
    log_mel,
    mean_magnitudes,
)
from mscol.parallel import one_blas_thread, ordered_map

STEMS = ("bass", "drums", "other", "vocals")
SEGMENT_SAMPLES = SEGMENT_FRAMES * HOP_SAMPLES  # 62,720: lies on the log-mel segments
REFERENCE_SEGMENT_SAMPLES = 64_000  # how the reference steps its energy windows (METHOD, "Stems")
RESIDENT_BYTES = 2**27  # of crops, gathered before pages are let go; a crop touches three times its own size
REJECTED_COLUMNS = ["id", "path", "reason"]
# Fills the gaps in which the others wait for Python's lock: two cores then do twice the work of one.
_SPARE_WORKERS = 1


def cache_mixtures(clips, root, frames, index, rejected, dtype, workers):
    """Cache the log-mel spectrograms of a shard's mixtures, in one pass from the raw files.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's part of the manifest: a csv with columns id and path.
    root : str or os.PathLike
        Where the dataset lies; the paths of the manifest are relative to it.
    frames, index, rejected : str or os.PathLike
        Written: the array, its table, and the clips that failed to decode with the reason of each.
    dtype : str
        ``float32`` or ``float16``.
    workers : int
        Threads.

    Raises
    ------
    DatasetError
        If the dataset is not there any more.
    """
    table = read_listed(clips)
    files = [Path(root, path) for path in table["path"]]
    progress = Progress("clips", len(table))
    rows, failed = [], []
    with RowWriter(frames, (N_MELS,), dtype) as writer, one_blas_thread():
        mels = ordered_map(
            lambda clip: _attempt(lambda: _mixture_mel(root, clip)),
            table.itertuples(),
            workers + _SPARE_WORKERS,
        )
        for clip, mel in zip(table.itertuples(), mels, strict=True):
            if isinstance(mel, AudioError):
                failed.append((clip.id, clip.path, str(mel)))
            else:
                rows.append((clip.id, writer.append(mel), len(mel)))
            progress.step()
        require_dataset(root, files, len(failed))
    write_csv(index_table(rows), index)
    write_csv(pd.DataFrame(failed, columns=REJECTED_COLUMNS), rejected)
    _say(rows, failed, writer.n_rows)


def cache_stems(clips, folder, arrays, index, activity, rejected, rejected_before, dtype, workers):
    """Cache the log-mel spectrograms and the activity of a shard's stems.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's part of the manifest.
    folder : str or os.PathLike
        Holds ``{clip}/{stem}.wav`` at 16 kHz, for the clips that have stems.
    arrays : dict
        Written: for each of the four stems, the path of its array.
    index, activity, rejected : str or os.PathLike
        Written: the tables of clips and of segments, and the clips without stems.
    rejected_before : list of (str or os.PathLike)
        What earlier stages of this shard rejected; repeated in ``rejected``.
    dtype : str
    workers : int
    """
    failed = read_rejected(rejected_before)
    present = clips_with_stems_in(folder, clips, rejected_before)
    rows, magnitudes, failed_here = write_stems(
        present, lambda clip: _analyse(Path(folder, clip.id)), arrays, dtype, workers
    )
    write_csv(index_table(rows), index)
    segments = [table.assign(clip=row[0]) for row, table in zip(rows, magnitudes, strict=True)]
    write_csv(_activity(segments), activity)
    write_csv(pd.DataFrame(failed + failed_here, columns=REJECTED_COLUMNS), rejected)


def clips_with_stems_in(folder, clips, rejected_before):
    """Read the rows of a shard's manifest for whose clips a folder holds stems.

    Parameters
    ----------
    folder : str or os.PathLike
        Holds ``{clip}/{stem}.wav``.
    clips : str or os.PathLike
        The shard's part of the manifest.
    rejected_before : list of (str or os.PathLike)
        What earlier stages of this shard rejected.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    CacheError
        If a clip for training or validation has no stems, though no stage rejected it.
    """
    require_all(folder, "{}", clips, rejected_before)
    table = read_listed(clips)
    return table[[Path(folder, clip).is_dir() for clip in table["id"]]]


def write_stems(clips, analyse, arrays, dtype, workers):
    """Write the log-mels of the stems of some clips, one clip after another.

    Parameters
    ----------
    clips : pd.DataFrame
        With columns id and path.
    analyse : callable
        Of a clip, as a named tuple; returns its log-mels, a dict of four arrays of equal length, and
        something more. Raises `AudioError` where the clip cannot be used.
    arrays : dict
        Written: for each of the four stems, the path of its array.
    dtype : str
    workers : int
        Threads.

    Returns
    -------
    rows : list of tuple
        Clip, first frame and number of frames of each clip that was written (`index_table`).
    more : list
        What ``analyse`` said of each of them besides.
    failed : list of tuple
        id, path and reason of the others.
    """
    progress = Progress("clips", len(clips))
    rows, more, failed = [], [], []
    with contextlib.ExitStack() as stack, one_blas_thread():
        writers = {stem: stack.enter_context(RowWriter(arrays[stem], (N_MELS,), dtype)) for stem in STEMS}
        results = ordered_map(
            lambda clip: _attempt(lambda: analyse(clip)), clips.itertuples(), workers + _SPARE_WORKERS
        )
        for clip, result in zip(clips.itertuples(), results, strict=True):
            progress.step()
            if isinstance(result, AudioError):
                failed.append((clip.id, clip.path, str(result)))
                continue
            mels, about = result
            first_frames = [writers[stem].append(mels[stem]) for stem in STEMS]
            rows.append((clip.id, first_frames[0], len(mels[STEMS[0]])))
            more.append(about)
    _say(rows, failed, sum(writer.n_rows for writer in writers.values()))
    return rows, more, failed


def load_stems(folder):
    """Load the four stems of a clip, cut to equal length.

    Returns
    -------
    dict of np.ndarray, shape=(n_samples,)

    Raises
    ------
    AudioError
        If one cannot be decoded, or is shorter than a crop.
    CacheError
        If one is not there: a clip without all of its stems is rejected before.
    """
    paths = {stem: Path(folder, f"{stem}.wav") for stem in STEMS}
    lost = [path for path in paths.values() if not path.is_file()]
    if lost:
        raise CacheError(
            f"{lost[0]}: there is no such file; does another run work here, too? Delete {folder}, and run again when "
            "none does"
        )
    waveforms = {stem: load_mono(path) for stem, path in paths.items()}
    # Stems of one clip may differ by a sample after resampling; brought ones by more.
    n_samples = min(len(waveform) for waveform in waveforms.values())
    return {stem: _long_enough(waveform[:n_samples], folder) for stem, waveform in waveforms.items()}


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


def read_activity(paths):
    """Read the activity tables of many shards as one.

    Returns
    -------
    pd.DataFrame
        Columns clip, segment, then the mean \\|x\\| of each stem in that segment (``bass``, ...) and
        in the reference's drifting window of the same number (``bass_reference``, ...). Sorted.
    """
    tables = [table for table in map(read_csv, paths) if len(table)]
    if not tables:
        return _activity([])
    return pd.concat(tables).sort_values(["clip", "segment"], ignore_index=True)


def _attempt(function):
    """Return what the function returns, or the AudioError it raises: one bad clip costs only itself."""
    try:
        return function()
    except AudioError as error:
        return error


def _mixture_mel(root, clip):
    path = Path(root, clip.path)
    require_unchanged(path, clip)
    return log_mel(_long_enough(load_mono(path), path))


def _analyse(folder):
    """Compute the log-mels of a clip's stems, and the table of their magnitudes."""
    waveforms = load_stems(folder)
    mels = {stem: log_mel(waveform) for stem, waveform in waveforms.items()}
    n_segments = int(count_segments(len(mels[STEMS[0]])))
    magnitudes = pd.DataFrame({"segment": np.arange(n_segments)})
    for suffix, samples in (("", SEGMENT_SAMPLES), ("_reference", REFERENCE_SEGMENT_SAMPLES)):
        for stem, waveform in waveforms.items():
            magnitudes[stem + suffix] = mean_magnitudes(waveform, n_segments, samples)
    return mels, magnitudes


def _long_enough(waveform, path):
    if len(waveform) < SHORTEST_SAMPLES:
        raise AudioError(
            f"{path}: too short ({len(waveform)} samples at 16 kHz; one crop takes {SHORTEST_SAMPLES})"
        )
    return waveform


def index_table(rows):
    """Make the table of a shard's clips: clip, first_frame, n_frames."""
    table = pd.DataFrame(rows, columns=["clip", "first_frame", "n_frames"])
    return table.astype({"clip": str, "first_frame": np.int64, "n_frames": np.int64})


def _activity(segments):
    columns = ["clip", "segment", *STEMS, *(f"{stem}_reference" for stem in STEMS)]
    return pd.concat(segments)[columns] if segments else pd.DataFrame(columns=columns)


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


def _say(rows, failed, n_frames):
    logging.info("Cached %d frames of %d clips; %d clips were rejected.", n_frames, len(rows), len(failed))
    for _, _, reason in failed:
        logging.warning("Rejected: %s.", reason)
