"""Write the mel cache: code that mixtures, stems and degraded stems share."""

import contextlib
import logging
from pathlib import Path

import pandas as pd

from mscol.datasets.listed import REJECTED_COLUMNS, require_dataset
from mscol.errors import AudioError
from mscol.io.arrays import RowWriter
from mscol.io.files import write_csv
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import one_blas_thread, ordered_map
from mscol.mels import N_MELS, SHORTEST_SAMPLES

# Works while the others wait for Python's lock: two cores then do twice the work of one.
_SPARE_WORKERS = 1


def write_mels(clips, analyse, arrays, dtype, workers, root=None):
    """Write the log-mels of clips, one clip after another.

    Parameters
    ----------
    clips : pd.DataFrame
        With columns id and path.
    analyse : callable
        Takes a clip as a named tuple; returns its log-mels, a dict of arrays of equal length, and
        a second value. Raises `AudioError` if the clip cannot be used; only this clip is then left out.
    arrays : dict
        Outputs: for each name in that dict, the path of its array.
    dtype : str
        ``float32`` or ``float16``.
    workers : int
        Number of threads.
    root : str or os.PathLike, optional
        Folder of the dataset that ``analyse`` reads. If it no longer exists, no array is written.

    Returns
    -------
    rows : list of tuple
        Clip, first frame and number of frames of each written clip (`mscol.mels.cache.index_table`).
    more : list
        The second value of ``analyse`` for each written clip.
    failed : list of tuple
        id, path and reason of the other clips.

    Raises
    ------
    DatasetError
        If clips failed because their dataset no longer exists.
    """
    progress = Progress("clips", len(clips))
    rows, more, failed = [], [], []
    with contextlib.ExitStack() as stack, one_blas_thread():
        writers = {
            name: stack.enter_context(RowWriter(path, (N_MELS,), dtype)) for name, path in arrays.items()
        }
        results = ordered_map(
            lambda clip: _attempt(analyse, clip), clips.itertuples(), workers + _SPARE_WORKERS
        )
        for clip, result in zip(clips.itertuples(), results, strict=True):
            progress.step()
            if isinstance(result, AudioError):
                failed.append((clip.id, clip.path, str(result)))
                continue
            mels, about = result
            first_frames = [writer.append(mels[name]) for name, writer in writers.items()]
            rows.append((clip.id, first_frames[0], len(next(iter(mels.values())))))
            more.append(about)
        if root is not None:
            require_dataset(root, [Path(root, path) for path in clips["path"]], len(failed))
    n_frames = sum(writer.n_rows for writer in writers.values())
    logging.info("Cached %d frames of %d clips; %d clips were rejected.", n_frames, len(rows), len(failed))
    for _, _, reason in failed:
        logging.warning("Rejected: %s", reason)
    return rows, more, failed


def write_rejected(failed, path):
    """Write the clips that could not be used: rows of id, path and reason."""
    write_csv(pd.DataFrame(failed, columns=REJECTED_COLUMNS), path)


def long_enough(waveform, path):
    """Return the waveform, shape (n_samples,) at 16 kHz; raise `AudioError` if it is shorter than a crop."""
    if len(waveform) < SHORTEST_SAMPLES:
        raise AudioError(
            f"{path}: too short ({len(waveform)} samples at 16 kHz; one crop needs {SHORTEST_SAMPLES})"
        )
    return waveform


def _attempt(analyse, clip):
    """Return what a clip's analysis returns, or the AudioError it raises."""
    try:
        return analyse(clip)
    except AudioError as error:
        return error
