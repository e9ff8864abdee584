"""Embed a dataset once and keep the embeddings on disk: a frozen encoder's output is the same in every epoch.

In each epoch a probe needs the embedding of one random crop per segment. Therefore

- K random crops of each segment of training and validation clips are embedded. A probe draws one of them in each epoch.
- All consecutive windows of 98 frames of test clips are embedded.
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
    """Embed the three splits of a dataset. Write an array and a table for each.

    Parameters
    ----------
    encoder : keras.Model
        Crops (n, 98, 64, 1) to (n, D).
    cache : mscol.mels.cache.MelCache
        Log-mel spectrograms of the mixtures, framed as in the encoder's paper (`mscol.mels.framing`).
    clips : pd.DataFrame
        The manifest: columns id and split. Clips missing from the cache (their files failed to decode) are
        left out and counted in the log.
    arrays, indices : dict
        Output paths for each split. The ``.npy`` is float32, of shape (n_segments, K, D) for train and
        validation and (n_windows, D) for test. The csv lists its rows (see `Crops`).
    seed : int
        Seed of the crops. Each split is drawn independently.
    crops_per_segment : int
        K.
    batch_size : int
        Number of crops that the encoder processes, and that memory holds, at once.

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
    """Embed all windows of a dataset's test clips. Write an array and its table; parameters as for `embed_clips`."""
    present = select_clips(cache.clips, clips, "test")
    _write(
        encoder, cache, "test", present, window_crops(present, framing_of(encoder)), array, index, batch_size
    )


def _write(encoder, cache, split, present, crops, array, index, batch_size):
    logging.info("Embedding %s: %d clips, %d crops.", split, len(present), crops.first_frames.size)
    write_embeddings(encoder, cache, crops.first_frames, array, batch_size)
    write_csv(crops.index, index)


def write_embeddings(encoder, cache, first_frames, path, batch_size):
    """Embed crops batch by batch and write each batch to disk at once: NSynth's array takes 12 GB.

    Parameters
    ----------
    encoder : keras.Model
    cache : mscol.mels.cache.MelCache
    first_frames : np.ndarray, int, shape=(n_segments, K) or (n_windows,)
    path : str or os.PathLike
        Output path: float32 ``.npy`` of shape (*first_frames.shape, D).
    batch_size : int
    """
    row_shape = (*first_frames.shape[1:], encoder.output_shape[-1])
    rows_a_batch = max(1, batch_size // int(np.prod(row_shape[:-1])))
    with RowWriter(path, row_shape, "float32") as writer:
        for values in predict_crops(encoder, cache, first_frames, rows_a_batch):
            writer.append(values)
