"""Encoders that are Python functions: anything that turns a waveform into embeddings of its windows.

A function takes a waveform of shape (n_samples,), float32 at 16 kHz, and returns an array of shape
(n_windows, D): windows of any length, evenly spread over the waveform. What it returns is written as
`mscol.embeddings` writes what a Keras encoder gives, so that the same heads train on it and the same
clips are tested.
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

    The windows of a training or validation clip are shared out over its segments, and K of each segment's
    are drawn, so that an epoch sees as much of a clip as with any other encoder.

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
        Where the dataset lies.
    arrays, indices : dict
        Written, as by `mscol.embeddings.embed_clips`.
    seed : int
        Draws the windows.
    crops_per_segment : int
        K.
    workers : int
        Threads.

    Raises
    ------
    AudioError
        If a file changed, or cannot be decoded that could be when the mel cache was made.
    TrainingError
        If the function fails on a clip, or returns something else than finite (n_windows, D).
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
        Written.
    transform : callable, optional
        What is done to each waveform first: (n_samples,), and the clip's id, to (n_samples,).
    """
    present, files, windows = _windows(function, cached, clips, root, "test", workers, transform)
    counts = _write(array, windows, files)
    write_csv(index_windows(present["clip"], counts), index)


def draw_windows(windows, n_segments, crops_per_segment, generator):
    """Share the windows of a clip out over its segments, and draw some of each.

    Parameters
    ----------
    windows : np.ndarray, shape=(n_windows, D)
    n_segments : int
        At most so many; a clip has no more segments than windows.
    crops_per_segment : int
        K; where a segment has fewer windows, they are repeated.
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
    """The clips of a split as rows of ``cached``, their files, and an iterator over what the function says of each."""
    present = select_clips(cached, clips, split)
    logging.info("%s: %d clips to embed.", split, len(present))
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
            f"{path}: the encoder's function failed on it ({brief(error)}):\n{their_traceback(error)}"
        ) from error
    try:
        windows = np.asarray(returned, np.float32)
    except Exception as error:  # of packages that know better what they hold, such as torch
        raise TrainingError(
            f"{path}: the encoder's function returned a {type(returned).__name__} for it, which is no array of numbers "
            f"({brief(error)}); it must return finite values of shape (windows, values)"
        ) from error
    if windows.ndim != 2 or not windows.size or not np.isfinite(windows).all():
        raise TrainingError(
            f"{path}: the encoder's function returned values of shape {windows.shape} for it; it must return "
            "finite values of shape (windows, values), with at least one window"
        )
    return windows


def _write(path, parts, files):
    """Write arrays one after another; return the number of rows of each."""
    progress = Progress("clips", len(files))
    counts, parts = [], iter(parts)
    first = next(parts, None)  # tells how many values a window has
    parts = [] if first is None else itertools.chain([first], parts)
    with RowWriter(path, (0,) if first is None else first.shape[1:], "float32") as writer:
        for file, part in zip(files, parts, strict=True):
            if part.shape[1:] != writer.row_shape:
                raise TrainingError(
                    f"{file}: the encoder's function returned {part.shape[-1]} values a window for it, and "
                    f"{writer.row_shape[-1]} for the clips before"
                )
            writer.append(part)
            counts.append(len(part))
            progress.step()
    return np.array(counts, np.int64)
