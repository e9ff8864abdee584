"""Build, train, save and load heads."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd

from mscol.errors import CacheError, TrainingError
from mscol.io.atomic import atomic_path
from mscol.io.files import read_json, write_csv, write_json
from mscol.model import load_saved

_BATCHES_PER_CALL = 16  # batches that the framework trains on per call from Python


class Task(NamedTuple):
    """Activation of the last layer, loss and accuracy of the heads of a task."""

    activation: str
    loss: Callable
    accuracy: Callable


TASKS = {
    "tagging": Task("sigmoid", keras.losses.BinaryCrossentropy, keras.metrics.BinaryAccuracy),
    "classification": Task(
        "linear",
        partial(keras.losses.SparseCategoricalCrossentropy, from_logits=True),
        keras.metrics.SparseCategoricalAccuracy,
    ),
    "regression": Task("linear", keras.losses.MeanSquaredError, keras.metrics.R2Score),
}


def build_head(n_inputs, n_labels, task, hidden, seed, scaling=None, of_targets=None):
    """Build a head, with initial weights drawn with ``seed``.

    Parameters
    ----------
    n_inputs : int
        D, the size of the encoder's embeddings.
    n_labels : int
    task : str
        ``tagging``, ``classification`` or ``regression``.
    hidden : list of int
        Sizes of hidden layers (ReLU); empty for a linear probe.
    seed : int
    scaling : tuple of np.ndarray, optional
        Mean and variance of each input, for standardising it.
    of_targets : np.ndarray, optional
        For regression, the numbers of training clips. The head starts at their mean and scales its output by their standard
        deviation, whatever their unit.

    Returns
    -------
    keras.Model
        (n, n_inputs) to (n, n_labels): probabilities of tags, logits of classes, or numbers. Not compiled.
    """
    seeds = np.random.default_rng(seed).integers(2**31, size=len(hidden) + 1)

    def dense(units, activation, layer_seed):
        initializer = keras.initializers.GlorotUniform(seed=int(layer_seed))
        return keras.layers.Dense(units, activation, kernel_initializer=initializer)

    layers = [dense(units, "relu", drawn) for units, drawn in zip(hidden, seeds[:-1], strict=True)]
    last = dense(n_labels, TASKS[task].activation, seeds[-1])
    if scaling:
        mean, variance = scaling
        layers.insert(0, keras.layers.Normalization(mean=mean.tolist(), variance=variance.tolist()))
    layers.append(last)
    if task == "regression":
        layers.append(keras.layers.Rescaling(float(of_targets.std()) or 1.0, float(of_targets.mean())))
    return keras.Sequential([keras.Input((n_inputs,)), *layers], name="head")


def fit(model, task, training, validation, settings, callbacks=()):
    """Train until the validation accuracy has not risen for ``patience`` epochs; keep the best weights.

    Parameters
    ----------
    model : keras.Model
        Compiled and trained in place. All its trainable weights are trained.
    task : str
    training, validation : keras.utils.PyDataset
        Batches of (inputs, targets).
    settings : dict
        learning_rate (of Adam), epochs (the maximum), patience (epochs without a better accuracy).
    callbacks : sequence of keras.callbacks.Callback
        Additional callbacks.

    Returns
    -------
    pd.DataFrame
        One row per epoch: epoch (from 1), loss, accuracy, validation_loss, validation_accuracy. For regression, accuracy is
        R2.
    """
    model.compile(
        optimizer=keras.optimizers.Adam(settings["learning_rate"]),
        loss=TASKS[task].loss(),
        metrics=[TASKS[task].accuracy(name="accuracy")],
        steps_per_execution=min(_BATCHES_PER_CALL, len(training), len(validation)),
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_accuracy", mode="max", patience=settings["patience"], restore_best_weights=True
    )
    callbacks = [stopping, keras.callbacks.LambdaCallback(on_epoch_end=_say_epoch), *callbacks]
    fitted = model.fit(
        training,
        validation_data=validation,
        epochs=settings["epochs"],
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    logging.info("Kept the weights of epoch %d of %d.", stopping.best_epoch + 1, len(fitted.epoch))
    history = pd.DataFrame(fitted.history).rename(
        columns={"val_loss": "validation_loss", "val_accuracy": "validation_accuracy"}
    )
    columns = ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    history = history[columns].round(6)
    history.insert(0, "epoch", np.arange(1, len(history) + 1))
    return history


def save_trained(model, labelled, how, history, outputs):
    """Save a head or a classifier, its task and labels, and the history of its training."""
    with atomic_path(outputs["model"]) as partial:
        model.save(partial)
    write_json({"task": labelled.task, "labels": labelled.names} | how, outputs["about"])
    write_csv(history, outputs["history"])


def load_trained(path, labelled, input_shape):
    """Load a head or a classifier, and check that its labels are those of a dataset.

    Parameters
    ----------
    path : str or os.PathLike
        A ``.keras`` file. The JSON that `save_trained` wrote next to it gives its labels. Without the JSON, the number of
        labels must match.
    labelled : Labelled
    input_shape : tuple of int
        Expected shape of its input, without the batch axis.

    Returns
    -------
    keras.Model

    Raises
    ------
    TrainingError
        If the file is missing or damaged, or has other inputs or labels.
    """
    model = load_saved(path)
    if model.input_shape[1:] != tuple(input_shape):
        raise TrainingError(
            f"{path}: takes inputs of shape {model.input_shape[1:]}, but these inputs have {tuple(input_shape)}. "
            "Use a head only with the encoder that it was trained on."
        )
    task, its_labels = _read_beside(Path(path).with_suffix(".json"))
    if task not in (None, labelled.task):
        raise TrainingError(f"{path}: trained for {task}, but the dataset's task is {labelled.task}.")
    if model.output_shape[1:] != (len(labelled.names),) or its_labels not in (None, labelled.names):
        told = f"{model.output_shape[-1]} labels" + (f" ({', '.join(its_labels)})" if its_labels else "")
        raise TrainingError(
            f"{path}: has {told} and outputs of shape {model.output_shape[1:]}, but the dataset has "
            f"{len(labelled.names)} ({', '.join(labelled.names)})."
        )
    return model


def _read_beside(path):
    """Read task and labels of a trained head; return None and None if it has no JSON."""
    if not path.is_file():
        return None, None
    try:
        about = read_json(path)
        task, labels = about["task"], [*about["labels"]]
        if not all(isinstance(label, str) for label in labels):
            raise ValueError("labels must be strings")
    except (CacheError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{path}: does not give the task and labels of the model next to it ({error!r}). Write "
            '{"task": ..., "labels": [...]}, or delete the file.'
        ) from error
    return task, labels


def _say_epoch(epoch, logs):
    logging.info("Epoch %d: %s.", epoch + 1, ", ".join(f"{name} {value:.4f}" for name, value in logs.items()))
