"""Embeddings: what the frozen encoder says of every crop, computed once and kept on disk.

A probe needs the encoder's output for one random crop of each segment in every epoch. The encoder
does not change meanwhile, so it passes over a dataset once:

- of each segment of a training or validation clip, K crops are drawn and embedded; they stand in for
  a fresh random crop in each epoch;
- of a test clip, all windows of 98 frames, hop 98, are embedded.

Anything that maps crops of shape (n, 98, 64, 1) to (n, D) and has ``predict_on_batch`` and
``output_shape`` serves as an encoder; Keras models do. ``predict_on_batch`` means inference mode: no
drop-connect, the moving statistics of batch normalisation.
"""

import logging
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mscol.arrays import RowWriter
from mscol.audio import load_mono
from mscol.errors import AudioError, CacheError
from mscol.files import write_csv
from mscol.logs import Progress
from mscol.mels import CROP_FRAMES, N_MELS, SEGMENT_FRAMES, SHORTEST_SAMPLES, count_segments, log_mel
from mscol.parallel import ordered_map

SPLITS = ("train", "validation", "test")
_FILE_BATCH = 32  # windows of one file at a time: half a minute of audio


@dataclass(frozen=True)
class Crops:
    """Which crops of a split are embedded, and in what order.

    Attributes
    ----------
    first_frames : np.ndarray, int, shape=(n_segments, K) or (n_windows,)
        Where each crop starts, counted as `MelCache.clips` counts.
    index : pd.DataFrame
        Says which row is what: columns clip, segment (a row a segment), or for test clips clip,
        first_window, n_windows (a row a clip).
    """

    first_frames: np.ndarray
    index: pd.DataFrame


def embed_clips(encoder, cache, clips, arrays, indices, seed, crops_per_segment, batch_size):
    """Embed the three splits of a dataset and write an array and a table for each.

    Parameters
    ----------
    encoder : keras.Model
        Crops (n, 98, 64, 1) to (n, D).
    cache : mscol.cache.MelCache
        Spectrograms of the mixtures.
    clips : pd.DataFrame
        The manifest: columns id and split. Clips that the cache lacks (their files failed to decode)
        are left out, and counted in the log.
    arrays, indices : dict
        Written, for each split: the path of the ``.npy``, float32, shape (n_segments, K, D) for train
        and validation and (n_windows, D) for test, and of the csv that tells its rows (see `Crops`).
    seed : int
        Draws the crops, for each split by itself.
    crops_per_segment : int
        K.
    batch_size : int
        Crops that the encoder sees at once; how many are held in memory, too.

    Raises
    ------
    CacheError
        If a clip in the cache is shorter than one crop.
    """
    for split in SPLITS:
        present = select_clips(cache.clips, clips, split)
        if split == "test":
            crops = window_crops(present)
        else:
            crops = draw_crops(present, crops_per_segment, seed, split)
        logging.info("%s: %d clips, %d crops to embed.", split, len(present), crops.first_frames.size)
        write_embeddings(encoder, cache, crops.first_frames, arrays[split], batch_size)
        write_csv(crops.index, indices[split])


def embed_file(path, encoder):
    """Embed one audio file, of any format and rate that `mscol.audio` decodes.

    Parameters
    ----------
    path : str or os.PathLike
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.

    Returns
    -------
    np.ndarray, shape=(n_windows, D), float32
        One row a window of 98 frames, hop 98: row i begins at 0.98 i seconds. What is left at the end is not used.

    Raises
    ------
    AudioError
        If the file cannot be decoded, or is shorter than one window (15,920 samples at 16 kHz).

    Examples
    --------
    >>> encoder = load_encoder("models/bass_vocals/seed0/encoder.keras")  # doctest: +SKIP
    >>> embed_file("song.mp3", encoder).mean(axis=0).shape  # doctest: +SKIP
    (1280,)
    """
    windows = window_log_mels(load_mono(path), path)
    return predict(encoder, windows[..., None], min(_FILE_BATCH, len(windows)))


def window_log_mels(waveform, path):
    """Cut a waveform's log-mels into windows.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        16 kHz.
    path : str or os.PathLike
        Whose it is, for the error.

    Returns
    -------
    np.ndarray, shape=(n_windows, 98, 64), float32

    Raises
    ------
    AudioError
        If it is shorter than one window.
    """
    mel = log_mel(waveform) if len(waveform) >= SHORTEST_SAMPLES else np.empty((0, N_MELS), np.float32)
    n_windows = len(mel) // CROP_FRAMES
    if not n_windows:
        raise AudioError(
            f"{path}: too short ({len(waveform)} samples at 16 kHz); a window takes {SHORTEST_SAMPLES}, about a second"
        )
    return mel[: n_windows * CROP_FRAMES].reshape(n_windows, CROP_FRAMES, N_MELS)


def select_clips(cached, clips, split):
    """Return the clips of one split that are in the cache, sorted by their id.

    Parameters
    ----------
    cached : pd.DataFrame
        `MelCache.clips`: clip, first_frame, n_frames.
    clips : pd.DataFrame
        The manifest: id, split.
    split : str

    Returns
    -------
    pd.DataFrame
        Rows of ``cached``.
    """
    wanted = clips.loc[clips["split"] == split, "id"]
    present = cached[cached["clip"].isin(wanted)].sort_values("clip", ignore_index=True)
    if len(present) < len(wanted):
        n_missing = len(wanted) - len(present)
        logging.warning("%s: %d of %d clips are not in the mel cache.", split, n_missing, len(wanted))
    if (present["n_frames"] < CROP_FRAMES).any():
        short = present.loc[present["n_frames"] < CROP_FRAMES, "clip"].iloc[0]
        raise CacheError(
            f"clip {short}: shorter than one crop of {CROP_FRAMES} frames; make the mel cache again"
        )
    return present


def draw_crops(present, crops_per_segment, seed, split):
    """Draw crops of each segment of the given clips.

    Segments have 392 frames, hop 392; a clip with fewer than two is one segment of its whole length,
    so that the crops of an NSynth note (398 frames) are crops of the note (METHOD, "Downstream").

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames; sorted by clip, so that nothing depends on the order of files.
    crops_per_segment : int
    seed : int
    split : str
        Goes into the generator's seed: what one split draws does not depend on another.

    Returns
    -------
    Crops
        ``first_frames`` of shape (n_segments, crops_per_segment).
    """
    table, first_frame, latest = list_segments(present)
    offsets = split_generator(seed, split).integers(
        0, latest[:, None], size=(len(table), crops_per_segment), endpoint=True
    )
    return Crops(first_frame[:, None] + offsets, table)


def list_segments(present):
    """List the segments of clips, and where crops of each may begin.

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames.

    Returns
    -------
    table : pd.DataFrame
        clip and segment (counted within the clip); a row a segment.
    first_frame : np.ndarray, shape=(n_segments,), int
        Of each segment, counted as in ``present``.
    latest : np.ndarray, shape=(n_segments,), int
        The last frame of the segment, counted within it, at which a crop may begin.
    """
    n_frames = present["n_frames"].to_numpy(np.int64)
    n_segments = count_segments(n_frames)
    clip = np.repeat(np.arange(len(present)), n_segments)
    segment = _count_within(n_segments)
    length = np.where(n_segments[clip] == 1, n_frames[clip], SEGMENT_FRAMES)
    first_frame = present["first_frame"].to_numpy(np.int64)[clip] + segment * SEGMENT_FRAMES
    table = pd.DataFrame({"clip": present["clip"].to_numpy()[clip], "segment": segment})
    return table, first_frame, length - CROP_FRAMES


def split_generator(seed, split):
    """Make the generator of one split: what it draws does not depend on other splits."""
    return np.random.default_rng([seed, zlib.crc32(split.encode())])


def window_crops(present):
    """List the windows of 98 frames, hop 98, of whole clips.

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames.

    Returns
    -------
    Crops
        ``first_frames`` of shape (n_windows,).
    """
    n_windows = present["n_frames"].to_numpy(np.int64) // CROP_FRAMES
    first_frame = np.repeat(present["first_frame"].to_numpy(np.int64), n_windows)
    return Crops(
        first_frame + CROP_FRAMES * _count_within(n_windows), index_windows(present["clip"], n_windows)
    )


def index_windows(clips, n_windows):
    """Make the table of test clips: clip, first_window, n_windows."""
    return pd.DataFrame(
        {"clip": clips, "first_window": np.cumsum(n_windows) - n_windows, "n_windows": n_windows}
    )


def write_embeddings(encoder, cache, first_frames, path, batch_size):
    """Embed crops batch by batch, and write the array as it grows: NSynth's takes 12 GB.

    Parameters
    ----------
    encoder : keras.Model
    cache : mscol.cache.MelCache
    first_frames : np.ndarray, int, shape=(n_segments, K) or (n_windows,)
    path : str or os.PathLike
        Written: float32 ``.npy`` of shape (*first_frames.shape, D).
    batch_size : int
    """
    row_shape = (*first_frames.shape[1:], encoder.output_shape[-1])
    rows_a_batch = max(1, batch_size // int(np.prod(row_shape[:-1])))
    with RowWriter(path, row_shape, "float32") as writer:
        for values in predict_crops(encoder, cache, first_frames, rows_a_batch):
            writer.append(values)


def predict_crops(model, cache, first_frames, rows_a_batch):
    """Run a model in inference mode over crops of a mel cache, and say how far it is.

    Parameters
    ----------
    model : keras.Model
        Crops (n, 98, 64, 1) to (n, values).
    cache : mscol.cache.MelCache
    first_frames : np.ndarray, int, shape=(n, ...)
    rows_a_batch : int
        How many of the n rows pass at once.

    Yields
    ------
    np.ndarray, shape=(rows, ..., values), float32
        Batch after batch, in order.
    """
    progress = Progress("crops", first_frames.size)
    n_crops = rows_a_batch * int(np.prod(first_frames.shape[1:]))
    batches = [
        first_frames[start : start + rows_a_batch] for start in range(0, len(first_frames), rows_a_batch)
    ]

    def gather(rows):
        crops = cache.crops(rows.reshape(-1), CROP_FRAMES)[..., None]
        return send(_fill(crops, n_crops))

    send, run = _compiled(model)
    # One thread reads ahead; the next batch is computed while the last one is fetched and written.
    passed = _fetch_behind(map(run, ordered_map(gather, batches, 1)))
    for rows, values in zip(batches, passed, strict=True):
        yield values[: rows.size].reshape(*rows.shape, -1)
        progress.step(rows.size)


def _compiled(model):
    """Return what sends a batch to the device, and what computes there."""
    if not hasattr(model, "stateless_call"):
        return lambda batch: batch, model.predict_on_batch
    from mscol.model import (
        bring_to_device,
        compile_inference,
    )  # here, since functions of waveforms need no Keras

    return bring_to_device, compile_inference(model)


def _fetch_behind(batches):
    """Yield batches as NumPy arrays, each when the next one has been asked for."""
    earlier = None
    for batch in batches:
        if earlier is not None:
            yield np.asarray(earlier)
        earlier = batch
    if earlier is not None:
        yield np.asarray(earlier)


def predict(model, inputs, batch_size):
    """Run a model in inference mode over many inputs, in batches that all have the same shape.

    The last batch is padded, so that the framework compiles one shape and no more.

    Parameters
    ----------
    model : keras.Model
    inputs : np.ndarray, shape=(n, ...)
        May be memory-mapped: it is read batch by batch.
    batch_size : int

    Returns
    -------
    np.ndarray, shape=(n, *model.output_shape[1:]), float32
    """
    outputs = np.empty((len(inputs), *model.output_shape[1:]), np.float32)
    _, run = _compiled(model)
    starts = range(0, len(inputs), batch_size)
    passed = (run(_fill(np.asarray(inputs[start : start + batch_size]), batch_size)) for start in starts)
    for start, values in zip(starts, _fetch_behind(passed), strict=True):
        outputs[start : start + batch_size] = values[: len(inputs) - start]
    return outputs


def _fill(batch, size):
    """Fill up a batch with zeros."""
    missing = size - len(batch)
    return np.pad(batch, [(0, missing)] + [(0, 0)] * (batch.ndim - 1)) if missing else batch


def _count_within(lengths):
    """0, 1, ... within each of consecutive groups: [2, 3] gives [0, 1, 0, 1, 2]."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
