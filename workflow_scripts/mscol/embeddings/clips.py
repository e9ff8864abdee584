"""Embed a dataset once and keep it on disk, because a frozen encoder says the same in every epoch.

A probe needs the encoder's output for one random crop of each segment in every epoch. So

- of each segment of a training or validation clip, K crops are drawn and embedded; they stand in for
  a fresh random crop in each epoch;
- of a test clip, all windows of 98 frames are embedded, one after the other.
"""

import logging

import numpy as np

from mscol.datasets import SPLITS
from mscol.embeddings.crops import draw_crops, select_clips, window_crops
from mscol.embeddings.prediction import predict_crops
from mscol.io.arrays import RowWriter
from mscol.io.files import write_csv
from mscol.mels.framing import framing_of


def embed_clips(encoder, cache, clips, arrays, indices, seed, crops_per_segment, batch_size):
    """Embed the three splits of a dataset and write an array and a table for each.

    Parameters
    ----------
    encoder : keras.Model
        Crops (n, 98, 64, 1) to (n, D).
    cache : mscol.mels.cache.MelCache
        Spectrograms of the mixtures, as the encoder's paper has them (`mscol.mels.framing`).
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
        if split == "test":
            embed_test_clips(encoder, cache, clips, arrays[split], indices[split], batch_size)
            continue
        present = select_clips(cache.clips, clips, split)
        crops = draw_crops(present, crops_per_segment, seed, split, framing_of(encoder))
        _write(encoder, cache, split, present, crops, arrays[split], indices[split], batch_size)


def embed_test_clips(encoder, cache, clips, array, index, batch_size):
    """Embed all windows of a dataset's test clips, and write an array and its table; parameters as for `embed_clips`."""
    present = select_clips(cache.clips, clips, "test")
    _write(
        encoder, cache, "test", present, window_crops(present, framing_of(encoder)), array, index, batch_size
    )


def _write(encoder, cache, split, present, crops, array, index, batch_size):
    logging.info("%s: %d clips, %d crops to embed.", split, len(present), crops.first_frames.size)
    write_embeddings(encoder, cache, crops.first_frames, array, batch_size)
    write_csv(crops.index, index)


def write_embeddings(encoder, cache, first_frames, path, batch_size):
    """Embed crops batch by batch, and write the array as it grows: NSynth's takes 12 GB.

    Parameters
    ----------
    encoder : keras.Model
    cache : mscol.mels.cache.MelCache
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
