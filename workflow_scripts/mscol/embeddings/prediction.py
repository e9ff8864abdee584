"""Run an encoder, or any model, in inference mode over many inputs.

Anything that maps crops of shape (n, 98, 64, 1) to (n, D) and has ``predict_on_batch`` and
``output_shape`` serves as an encoder; Keras models do. ``predict_on_batch`` means inference mode: no
drop-connect, the moving statistics of batch normalisation.
"""

import numpy as np

from mscol.jobs.logs import Progress
from mscol.mels import CROP_FRAMES


def predict_crops(model, cache, first_frames, rows_a_batch):
    """Run a model in inference mode over crops of a mel cache, and say how far it is.

    Parameters
    ----------
    model : keras.Model
        Crops (n, 98, 64, 1) to (n, values).
    cache : mscol.mels.cache.MelCache
    first_frames : np.ndarray, int, shape=(n, ...)
    rows_a_batch : int
        How many of the n rows pass at once.

    Yields
    ------
    np.ndarray, shape=(rows, ..., values), float32
        Batch after batch, in order.
    """
    progress = Progress("crops", first_frames.size)
    for start in range(0, len(first_frames), rows_a_batch):
        rows = first_frames[start : start + rows_a_batch]
        crops = cache.crops(rows.reshape(-1), CROP_FRAMES)[..., None]
        n_crops = rows_a_batch * int(np.prod(first_frames.shape[1:]))
        yield predict(model, crops, n_crops).reshape(*rows.shape, -1)
        progress.step(len(crops))


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
    for start in range(0, len(inputs), batch_size):
        batch = np.asarray(inputs[start : start + batch_size])
        padding = [(0, batch_size - len(batch))] + [(0, 0)] * (batch.ndim - 1)
        predicted = np.asarray(model.predict_on_batch(np.pad(batch, padding)))
        outputs[start : start + len(batch)] = predicted[: len(batch)]
    return outputs
