"""The loop of updates."""

import logging
import math

import keras
import numpy as np

from mscol.errors import TrainingError
from mscol.logs import Progress
from mscol.pretraining.history import History


def train(network, data, settings):
    """Train a network in place.

    Parameters
    ----------
    network : SourceAssociation
    data : PretrainingData
    settings : dict
        With updates, learning_rate, halve_learning_rate, validation_every and validation_batches.

    Returns
    -------
    History

    Raises
    ------
    TrainingError
        If a loss is not finite.
    """
    # No XLA on the CPU, where it is slower; the shapes are static, so that the step compiles once.
    network.compile(optimizer=keras.optimizers.Adam(settings["learning_rate"]), jit_compile=False)
    # Before the step is traced: TensorFlow traces a step twice that makes variables.
    network.optimizer.build(network.trainable_variables)
    history, progress = History(), Progress("updates", settings["updates"])
    note = ""
    for update, batch in enumerate(data.training.batches(range(settings["updates"]))):
        rate = learning_rate_at(update, settings)
        if rate != learning_rate_at(update - 1, settings):
            network.optimizer.learning_rate = rate
        loss, accuracy = _losses(network.train_on_batch(batch._asdict(), return_dict=True))
        _check_finite(loss, update + 1, rate)
        history.update(len(batch.absent), loss, accuracy)
        if (update + 1) % settings["validation_every"] == 0 or update + 1 == settings["updates"]:
            row = history.close_row(rate, lambda: validate(network, data.validation, settings))
            note = _describe(row)
        progress.step(note=note or f"Loss {loss:.3f}, accuracy {accuracy:.3f}.")
    logging.info("Training is done. %s", note)
    return history


def learning_rate_at(update, settings):
    """Look up the learning rate of an update, counted from 0.

    >>> settings = {"updates": 10, "learning_rate": 0.001, "halve_learning_rate": True}
    >>> [learning_rate_at(update, settings) for update in (4, 5)]
    [0.001, 0.0005]
    """
    halved = settings["halve_learning_rate"] and 2 * update >= settings["updates"]
    return settings["learning_rate"] / (2 if halved else 1)


def validate(network, sampler, settings):
    """Compute loss and accuracy, means over the same validation minibatches each time, in inference mode.

    Returns
    -------
    loss, accuracy : float
        NaN when there is no sampler.
    """
    if sampler is None:
        return math.nan, math.nan
    results = [
        _losses(network.test_on_batch(batch._asdict(), return_dict=True))
        for batch in sampler.batches(range(settings["validation_batches"]))
    ]
    return tuple(np.mean(results, axis=0))


def _losses(logs):
    return float(logs["loss"]), float(logs["accuracy"])


def _check_finite(loss, step, rate):
    if not math.isfinite(loss):
        raise TrainingError(
            f"update {step}: the loss is {loss}; lower learning_rate ({rate:g}), or look for what is odd in "
            "the audio"
        )


def _describe(row):
    text = f"Loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}"
    if not math.isnan(row["validation_loss"]):
        text += f"; validation {row['validation_loss']:.3f}, {row['validation_accuracy']:.3f}"
    return f"{text}; {row['pairs_per_second']:.0f} pairs/s."
