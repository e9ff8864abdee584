"""Embed a dataset with a Python function that maps a waveform to embeddings of its windows.

The function takes a waveform of shape (n_samples,), float32 at 16 kHz, and returns an array of shape
(n_windows, D): windows of any length, evenly spread over the waveform. The files are the same as for a Keras
encoder, so the same heads train on them and the same clips are tested.
"""

import itertools
import logging
from pathlib import Path

import numpy as np

from mscol.datasets import SPLITS
from mscol.datasets.listed import require_unchanged
from mscol.embeddings.crops import index_windows, list_segments, select_clips, split_generator
from mscol.errors import TrainingError
from mscol.io.arrays import RowWriter
from mscol.io.audio import load_mixture
from mscol.io.files import write_csv
from mscol.jobs.callables import brief, their_traceback
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.mels import count_segments


def embed_waveforms(function, cached, clips, root, arrays, indices, seed, crops_per_segment, workers):
    """Embed the three splits of a dataset with a function of a waveform.

    The windows of a training or validation clip are divided among its segments, and K windows of each segment are
    drawn. An epoch thus uses as much of a clip as with any other encoder.

    Parameters
    ----------
    function : callable
        (n_samples,) float32 at 16 kHz -> (n_windows, D). Called on several threads at once if ``workers``
        is more than one.
    cached : pd.DataFrame
        `MelCache.clips` of the dataset: the clips that other encoders are tested on.
    clips : pd.DataFrame
        The manifest: columns id, path and split.
    root : str or os.PathLike
        Folder of the dataset.
    arrays, indices : dict
        Output paths, as for `mscol.embeddings.embed_clips`.
    seed : int
        Seed of the drawn windows.
    crops_per_segment : int
        K.
    workers : int
        Number of threads.

    Raises
    ------
    AudioError
        If a file has changed since the manifest was written, or can no longer be decoded.
    TrainingError
        If the function fails on a clip, or returns anything other than finite values of shape (n_windows, D).
    """
    for split in SPLITS:
        if split == "test":
            embed_test_waveforms(function, cached, clips, root, arrays[split], indices[split], workers)
            continue
        present, files, windows = _windows(function, cached, clips, root, split, workers)
        generator = split_generator(seed, split)
        n_segments = count_segments(present["n_frames"].to_numpy(np.int64))
        drawn = (
            draw_windows(values, most, crops_per_segment, generator)
            for values, most in zip(windows, n_segments, strict=True)
        )
        counts = _write(arrays[split], drawn, files)
        table = list_segments(present)[0]
        kept = np.repeat(counts, n_segments)  # a clip of few windows has fewer segments
        write_csv(table[table["segment"].to_numpy() < kept], indices[split])


def embed_test_waveforms(function, cached, clips, root, array, index, workers, transform=None):
    """Embed a dataset's test clips with a function of a waveform.

    Parameters
    ----------
    function, cached, clips, root, workers
        As for `embed_waveforms`.
    array, index : str or os.PathLike
        Output paths.
    transform : callable, optional
        Applied to each waveform first: maps (n_samples,) and the clip's id to (n_samples,).
    """
    present, files, windows = _windows(function, cached, clips, root, "test", workers, transform)
    counts = _write(array, windows, files)
    write_csv(index_windows(present["clip"], counts), index)


def draw_windows(windows, n_segments, crops_per_segment, generator):
    """Divide the windows of a clip among its segments, and draw some of each.

    Parameters
    ----------
    windows : np.ndarray, shape=(n_windows, D)
    n_segments : int
        Maximum number of segments; a clip never has more segments than windows.
    crops_per_segment : int
        K. Windows of a segment that has fewer are repeated.
    generator : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(min(n_segments, n_windows), K, D)
    """
    n_segments = min(n_segments, len(windows))
    edges = np.arange(n_segments + 1) * len(windows) // n_segments
    chosen = [
        begin + np.resize(generator.permutation(end - begin), crops_per_segment)
        for begin, end in itertools.pairwise(edges)
    ]
    return windows[np.array(chosen)]


def _windows(function, cached, clips, root, split, workers, transform=None):
    """Return the clips of a split as rows of ``cached``, their files, and an iterator over their embedded windows."""
    present = select_clips(cached, clips, split)
    logging.info("Embedding %s: %d clips.", split, len(present))
    rows = list(clips.set_index("id", drop=False).loc[present["clip"]].itertuples(index=False))
    files = [Path(root, row.path) for row in rows]
    return present, files, ordered_map(lambda row: _embed(function, root, row, transform), rows, workers)


def _embed(function, root, clip, transform):
    path = Path(root, clip.path)
    require_unchanged(path, clip)
    waveform = load_mixture(path)
    if transform:
        waveform = transform(waveform, clip.id)
    try:
        returned = function(waveform)
    except (Exception, SystemExit) as error:  # whatever a function of the user's raises
        raise TrainingError(
            f"{path}: the encoder's function failed on this file ({brief(error)}):\n{their_traceback(error)}"
        ) from error
    try:
        windows = np.asarray(returned, np.float32)
    except Exception as error:  # packages such as torch raise errors of their own
        raise TrainingError(
            f"{path}: the encoder's function returned a {type(returned).__name__}, not an array of numbers "
            f"({brief(error)}). It must return finite values of shape (windows, values)."
        ) from error
    if windows.ndim != 2 or not windows.size or not np.isfinite(windows).all():
        raise TrainingError(
            f"{path}: the encoder's function returned values of shape {windows.shape}. It must return "
            "finite values of shape (windows, values), with at least one window."
        )
    return windows


def _write(path, parts, files):
    """Write arrays one after another. Return the number of rows of each."""
    progress = Progress("clips", len(files))
    counts, parts = [], iter(parts)
    first = next(parts, None)  # its shape gives the number of values per window
    parts = [] if first is None else itertools.chain([first], parts)
    with RowWriter(path, (0,) if first is None else first.shape[1:], "float32") as writer:
        for file, part in zip(files, parts, strict=True):
            if part.shape[1:] != writer.row_shape:
                raise TrainingError(
                    f"{file}: the encoder's function returned {part.shape[-1]} values per window, but "
                    f"{writer.row_shape[-1]} for earlier clips."
                )
            writer.append(part)
            counts.append(len(part))
            progress.step()
    return np.array(counts, np.int64)
