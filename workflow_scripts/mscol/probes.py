"""Probes: shallow heads that are trained on the embeddings of a frozen encoder.

A head reads the D values of one crop. For tagging it ends in a sigmoid a tag and learns by binary
cross-entropy; for classification it ends in logits and learns by softmax cross-entropy. What hidden
layers it has, its learning rate and when it stops are settings (METHOD, "Downstream").

In every epoch each training segment is seen once, in shuffled order, as ONE of its K crops, drawn
at random. Validation uses all crops. The embeddings stay on disk and are read through a memory map.
"""

import logging
import mmap
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd

from mscol.embeddings import predict
from mscol.errors import CacheError, DatasetError, TrainingError
from mscol.files import atomic_path, open_array, read_csv, read_json, write_csv

_VALIDATION_BATCH = 1024  # crops; the result does not depend on it
_BATCHES_PER_CALL = 16  # how many batches the framework trains on before Python is asked again
_BATCHES_PER_RELEASE = 64


class Task(NamedTuple):
    """What a head's last layer, loss and accuracy are."""

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
}


def train_probe(embeddings, indices, clips, about, settings, seed, head_path, scores_path, history_path):
    """Train a head on one dataset's embeddings, and score the windows of its test clips.

    Parameters
    ----------
    embeddings, indices : dict
        For each split, the paths of the ``.npy`` and the csv that `mscol.embeddings` wrote.
    clips, about : str or os.PathLike
        The manifest, and what it says of itself: task and labels.
    settings : dict
        hidden (list of layer sizes), learning_rate, epochs, patience, batch_size.
    seed : int
        Decides the head's initial weights and the order of crops.
    head_path : str or os.PathLike
        Written: the head, as ``.keras``.
    scores_path : str or os.PathLike
        Written: `save_scores`.
    history_path : str or os.PathLike
        Written: csv of epoch, loss, accuracy, validation_loss, validation_accuracy.

    Raises
    ------
    TrainingError
        If there is no training or validation segment, or no test window.
    CacheError
        If an array of embeddings does not fit its table.
    DatasetError
        If a label of the manifest is not one of the task's.
    """
    manifest = read_csv(clips).set_index("id", drop=False)
    about = read_json(about)
    arrays, tables, targets = {}, {}, {}
    for split in embeddings:
        arrays[split], tables[split] = open_embeddings(embeddings[split], indices[split])
        rows = manifest.loc[tables[split]["clip"]]
        targets[split] = encode_labels(rows["labels"], about["labels"], about["task"])
        logging.info("%s: %d rows of %d clips.", split, len(arrays[split]), tables[split]["clip"].nunique())
    n_inputs = arrays["train"].shape[-1]
    head = build_head(n_inputs, len(about["labels"]), about["task"], settings["hidden"], seed)
    history = fit(
        head,
        about["task"],
        DrawnCrops(arrays["train"], targets["train"], settings["batch_size"], seed),
        AllCrops(arrays["validation"], targets["validation"], _VALIDATION_BATCH),
        learning_rate=settings["learning_rate"],
        epochs=settings["epochs"],
        patience=settings["patience"],
    )
    with atomic_path(head_path) as partial:
        head.save(partial)
    write_csv(history, history_path)
    save_scores(
        scores_path,
        clips=tables["test"]["clip"],
        n_windows=tables["test"]["n_windows"],
        cleaned=manifest.loc[tables["test"]["clip"], "cleaned"],
        labels=targets["test"],
        window_scores=predict(head, arrays["test"], _VALIDATION_BATCH),
    )


def build_head(n_inputs, n_labels, task, hidden, seed):
    """Build a head, with weights drawn by ``seed``.

    Parameters
    ----------
    n_inputs : int
        D, what the encoder gives for a crop.
    n_labels : int
    task : str
        ``tagging`` or ``classification``.
    hidden : list of int
        Sizes of hidden layers (ReLU); empty for a linear probe.
    seed : int

    Returns
    -------
    keras.Model
        (n, n_inputs) to (n, n_labels): probabilities of tags, or logits of classes. Not compiled.
    """
    seeds = np.random.default_rng(seed).integers(2**31, size=len(hidden) + 1)

    def dense(units, activation, layer_seed):
        initializer = keras.initializers.GlorotUniform(seed=int(layer_seed))
        return keras.layers.Dense(units, activation, kernel_initializer=initializer)

    layers = [dense(units, "relu", drawn) for units, drawn in zip(hidden, seeds[:-1], strict=True)]
    last = dense(n_labels, TASKS[task].activation, seeds[-1])
    return keras.Sequential([keras.Input((n_inputs,)), *layers, last], name="head")


def fit(model, task, training, validation, learning_rate, epochs, patience):
    """Train until the validation accuracy has not risen for ``patience`` epochs; keep the best weights.

    Parameters
    ----------
    model : keras.Model
        Trained in place, and left uncompiled. Whatever of it is trainable is trained.
    task : str
    training, validation : keras.utils.PyDataset
        Batches of (inputs, targets).
    learning_rate : float
        Of Adam.
    epochs : int
        At most so many.
    patience : int

    Returns
    -------
    pd.DataFrame
        A row an epoch: epoch (from 1), loss, accuracy, validation_loss, validation_accuracy.
    """
    # A second model of the same layers: the optimizer's state stays out of the saved head.
    trained = keras.Model(model.inputs, model.outputs)
    trained.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=TASKS[task].loss(),
        metrics=[TASKS[task].accuracy(name="accuracy")],
        steps_per_execution=min(_BATCHES_PER_CALL, len(training), len(validation)),
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_accuracy", mode="max", patience=patience, restore_best_weights=True
    )
    callbacks = [stopping, keras.callbacks.LambdaCallback(on_epoch_end=_say_epoch)]
    fitted = trained.fit(
        training, validation_data=validation, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks
    )
    logging.info("Kept the weights of epoch %d of %d.", stopping.best_epoch + 1, len(fitted.epoch))
    history = pd.DataFrame(fitted.history).rename(
        columns={"val_loss": "validation_loss", "val_accuracy": "validation_accuracy"}
    )
    columns = ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    history = history[columns].round(6)
    history.insert(0, "epoch", np.arange(1, len(history) + 1))
    return history


class DrawnCrops(keras.utils.PyDataset):
    """Batches of an epoch: every segment once, in shuffled order, as one of its K crops.

    The last batch holds what is left. Which crops, and their order, are drawn anew for every epoch
    from ``seed`` and the number of the epoch.

    Parameters
    ----------
    embeddings : np.ndarray, shape=(n_segments, K, D)
        Memory-mapped or not.
    targets : np.ndarray, shape=(n_segments, ...)
    batch_size : int
    seed : int
    """

    def __init__(self, embeddings, targets, batch_size, seed):
        super().__init__()
        _check_not_empty(embeddings, "training")
        self.embeddings, self.targets = embeddings, targets
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0
        # A crop is 5 kB; without this the kernel would read 128 kB around each.
        _advise(embeddings, mmap.MADV_RANDOM)
        self._draw()

    def __len__(self):
        return -(-len(self.embeddings) // self.batch_size)

    def __getitem__(self, batch):
        chosen = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
        segments = self.segments[chosen]
        _release_sometimes(self.embeddings, batch)
        return self.embeddings[segments, self.crops[chosen]], self.targets[segments]

    def on_epoch_begin(self):
        """Draw the order of the segments and a crop of each; Keras calls this before each epoch."""
        self.epoch += 1
        self._draw()

    def _draw(self):
        n_segments, n_crops = self.embeddings.shape[:2]
        generator = np.random.default_rng([self.seed, self.epoch])
        self.segments = generator.permutation(n_segments)
        self.crops = generator.integers(n_crops, size=n_segments)


class AllCrops(keras.utils.PyDataset):
    """Batches of all crops of all segments, in order.

    Parameters
    ----------
    embeddings : np.ndarray, shape=(n_segments, K, D)
    targets : np.ndarray, shape=(n_segments, ...)
    batch_size : int
        Crops, roughly: a batch holds all crops of its segments.
    """

    def __init__(self, embeddings, targets, batch_size):
        super().__init__()
        _check_not_empty(embeddings, "validation")
        self.embeddings, self.targets = embeddings, targets
        self.batch_segments = max(1, batch_size // embeddings.shape[1])

    def __len__(self):
        return -(-len(self.embeddings) // self.batch_segments)

    def __getitem__(self, batch):
        chosen = slice(batch * self.batch_segments, (batch + 1) * self.batch_segments)
        crops = np.array(self.embeddings[chosen])
        _release_sometimes(self.embeddings, batch)
        targets = np.repeat(self.targets[chosen], crops.shape[1], axis=0)
        return crops.reshape(-1, crops.shape[-1]), targets


def open_embeddings(array_path, index_path):
    """Open what `mscol.embeddings` wrote for one split.

    Returns
    -------
    np.memmap, float32
        Shape (n_segments, K, D), or (n_windows, D) for test clips.
    pd.DataFrame
        Its table, with clip as str.

    Raises
    ------
    CacheError
        If the array is damaged or does not fit the table.
    """
    array, table = open_array(array_path), read_csv(index_path)
    expected = table["n_windows"].sum() if "n_windows" in table else len(table)
    if len(array) != expected:
        raise CacheError(
            f"{array_path}: has {len(array)} rows, but {index_path} counts {expected}; "
            "delete both, and they are made again"
        )
    return array, table


def encode_labels(labels, names, task):
    """Turn the manifest's labels into targets.

    Parameters
    ----------
    labels : sequence of str
        Tags joined by ";", or one class.
    names : list of str
        All tags or classes, in order.
    task : str

    Returns
    -------
    np.ndarray
        Tagging: uint8, shape (n, len(names)), 1 where the tag is given. Classification: int64, shape (n,).

    Raises
    ------
    DatasetError
        If a label is not among ``names``.

    Examples
    --------
    >>> encode_labels(["rock;loud", ""], ["loud", "slow", "rock"], "tagging").tolist()
    [[1, 0, 1], [0, 0, 0]]
    """
    number = {name: place for place, name in enumerate(names)}
    try:
        if task == "classification":
            return np.array([number[label] for label in labels], np.int64)
        targets = np.zeros((len(labels), len(names)), np.uint8)
        for row, tags in enumerate(labels):
            targets[row, [number[tag] for tag in tags.split(";") if tag]] = 1
        return targets
    except KeyError as error:
        raise DatasetError(
            f"the label {error} of a clip is none of the {len(names)} labels of its dataset; "
            "make the manifest again"
        ) from None


def save_scores(path, clips, n_windows, cleaned, labels, window_scores):
    """Write what a head says of the test clips, as ``.npz`` without pickles.

    Parameters
    ----------
    path : str or os.PathLike
    clips : sequence of str, n_clips
    n_windows : sequence of int, n_clips
    cleaned : sequence of int, n_clips
        1 where the clip belongs to the cleaned test list.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    window_scores : np.ndarray, shape=(sum of n_windows, n_labels), float32
        Probabilities of tags, or logits of classes.

    Raises
    ------
    TrainingError
        If there is no test clip.
    """
    _check_not_empty(window_scores, "test")
    with atomic_path(path) as partial:
        np.savez(
            partial,
            ids=np.asarray(clips, dtype=np.str_),
            n_windows=np.asarray(n_windows, dtype=np.int64),
            cleaned=np.asarray(cleaned, dtype=np.uint8),
            labels=labels,
            window_scores=window_scores,
        )


def _check_not_empty(rows, split):
    if not len(rows):
        raise TrainingError(
            f"there is no {split} clip whose spectrogram could be cached; "
            "see the manifest's rejected.csv for the reasons"
        )


def _advise(array, advice):
    """Tell the kernel how an array is used, if it is memory-mapped."""
    memory_map = getattr(array, "base", None)
    if isinstance(memory_map, mmap.mmap):
        memory_map.madvise(advice)


def _release_sometimes(array, batch):
    # Pages of a memory map that were read count as this process's memory until they are given back.
    if batch % _BATCHES_PER_RELEASE == 0:
        _advise(array, mmap.MADV_DONTNEED)


def _say_epoch(epoch, logs):
    logging.info("Epoch %d: %s.", epoch + 1, ", ".join(f"{name} {value:.4f}" for name, value in logs.items()))
