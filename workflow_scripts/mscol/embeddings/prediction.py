"""Run an encoder, or any model, in inference mode over many inputs.

An encoder is any object that maps crops of shape (n, 98, 64, 1) to (n, D) and has ``predict_on_batch`` and
``output_shape``, such as a Keras model. ``predict_on_batch`` runs in inference mode: without drop-connect, and with the
moving statistics of batch normalisation.
"""

import functools
import importlib
import sys

import numpy as np

from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.mels import CROP_FRAMES


def predict_crops(model, cache, first_frames, rows_a_batch):
    """Run a model in inference mode over crops of a mel cache, and log the progress.

    Parameters
    ----------
    model : keras.Model
        Crops (n, 98, 64, 1) to (n, values).
    cache : mscol.mels.cache.MelCache
    first_frames : np.ndarray, int, shape=(n, ...)
    rows_a_batch : int
        Number of rows of ``first_frames`` in a batch.

    Yields
    ------
    np.ndarray, shape=(rows, ..., values), float32
        The outputs of each batch, in order.
    """
    progress = Progress("crops", first_frames.size)
    n_crops = rows_a_batch * int(np.prod(first_frames.shape[1:]))
    batches = [
        first_frames[start : start + rows_a_batch] for start in range(0, len(first_frames), rows_a_batch)
    ]
    send, run = _compiled(model)

    def gather(rows):
        return send(_fill(cache.crops(rows.reshape(-1), CROP_FRAMES)[..., None], n_crops))

    # One thread reads ahead. The next batch is computed while the previous one is fetched and written.
    passed = _fetch_behind(map(run, ordered_map(gather, batches, 1)))
    for rows, values in zip(batches, passed, strict=True):
        yield values[: rows.size].reshape(*rows.shape, -1)
        progress.step(rows.size)


def predict(model, inputs, batch_size):
    """Run a model in inference mode over many inputs, in batches of equal shape.

    The last batch is padded, so that the framework compiles only one shape.

    Parameters
    ----------
    model : keras.Model
    inputs : np.ndarray, shape=(n, ...)
        May be memory-mapped; it is read batch by batch.
    batch_size : int

    Returns
    -------
    np.ndarray, shape=(n, *model.output_shape[1:]), float32
    """
    outputs = np.empty((len(inputs), *model.output_shape[1:]), np.float32)
    send, run = _compiled(model)
    starts = range(0, len(inputs), batch_size)
    batches = (send(_fill(np.asarray(inputs[start : start + batch_size]), batch_size)) for start in starts)
    for start, values in zip(starts, _fetch_behind(map(run, batches)), strict=True):
        outputs[start : start + batch_size] = values[: len(inputs) - start]
    return outputs


def _compiled(model):
    """Return a function that sends a batch to the device, and one that starts the computation without waiting for it.

    A Keras model on JAX gets functions of its own, because its ``predict_on_batch`` copies each batch while the device
    waits. Other models use their ``predict_on_batch``.
    """
    keras = sys.modules.get("keras")  # not imported here: functions of waveforms need no framework
    if keras is None or keras.backend.backend() != "jax" or not isinstance(model, keras.Model):
        return lambda batch: batch, model.predict_on_batch
    state = [
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    return importlib.import_module("jax").device_put, functools.partial(_jax_inference(model), state)


@functools.lru_cache(maxsize=4)  # compiling takes much longer than embedding a few clips
def _jax_inference(model):
    jax = importlib.import_module("jax")
    return jax.jit(lambda state, inputs: model.stateless_call(*state, inputs, training=False)[0])


def _fetch_behind(batches):
    """Yield batches as NumPy arrays, each after the computation of the next one has started."""
    earlier = None
    for batch in batches:
        if earlier is not None:
            yield np.asarray(earlier)
        earlier = batch
    if earlier is not None:
        yield np.asarray(earlier)


def _fill(batch, size):
    """Pad a batch with zeros."""
    missing = size - len(batch)
    return np.pad(batch, [(0, missing)] + [(0, 0)] * (batch.ndim - 1)) if missing else batch
