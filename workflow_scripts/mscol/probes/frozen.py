"""The frozen protocol: a head is trained on embeddings that were computed once."""

import logging
import mmap

import keras
import numpy as np

from mscol.embeddings.prediction import predict
from mscol.errors import CacheError
from mscol.io.arrays import advise
from mscol.io.files import open_array, read_csv
from mscol.probes.batches import AllEmbeddings, DrawnCrops
from mscol.probes.heads import build_head, fit, load_trained, save_trained
from mscol.probes.labels import Labelled, check_not_empty

_VALIDATION_BATCH = 1024  # crops; the result does not depend on it
_BLOCK_BYTES = 2**26  # of float64 values, of which mean and variance are taken at a time


def train_probe(
    embeddings, indices, clips, about, settings, seed, outputs, label_fraction=1.0, standardise=False
):
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
        Decides the head's initial weights, the order of crops, and which clips keep their labels.
    outputs : dict
        Paths to write to: model (the head, as ``.keras``), about (JSON: task, labels, how it was trained),
        history (csv: epoch, loss, accuracy, validation_loss, validation_accuracy), scores (`save_scores`).
    label_fraction : float
        Share of the training clips whose labels are used (`choose_labelled`).
    standardise : bool
        Scale each value to mean 0 and variance 1 over the training crops first; part of the head.

    Raises
    ------
    TrainingError
        If there is no training or validation segment, or no test window.
    CacheError
        If an array of embeddings does not fit its table.
    DatasetError
        If a label of the manifest is not one of the task's.
    """
    labelled = Labelled.open(clips, about)
    arrays, tables = {}, {}
    for split in embeddings:
        arrays[split], tables[split] = open_embeddings(embeddings[split], indices[split])
        logging.info("%s: %d rows of %d clips.", split, len(arrays[split]), tables[split]["clip"].nunique())
        check_not_empty(arrays[split], split)
    rows = labelled.training_rows(tables["train"]["clip"], label_fraction, seed)
    scaling = _scaling(arrays["train"]) if standardise else None
    head = build_head(
        arrays["train"].shape[-1], len(labelled.names), labelled.task, settings["hidden"], seed, scaling
    )
    history = fit(
        # A second model of the same layers: the optimizer's state stays out of the saved head.
        keras.Model(head.inputs, head.outputs),
        labelled.task,
        DrawnCrops(
            arrays["train"], labelled.targets(tables["train"]["clip"]), settings["batch_size"], seed, rows
        ),
        AllEmbeddings(
            arrays["validation"], labelled.targets(tables["validation"]["clip"]), _VALIDATION_BATCH
        ),
        settings,
    )
    how = {"protocol": "frozen", "label_fraction": label_fraction, "seed": seed, "settings": settings}
    save_trained(head, labelled, how, history, outputs)
    labelled.save_scores(outputs["scores"], tables["test"], predict(head, arrays["test"], _VALIDATION_BATCH))


def score_head(path, embeddings, index, clips, about, scores):
    """Score the test clips of a dataset with a head that was trained before.

    Parameters
    ----------
    path : str or os.PathLike
        The head, a ``.keras`` file: embeddings (n, D) to (n, labels).
    embeddings, index : str or os.PathLike
        What `mscol.embeddings` wrote of the test clips.
    clips, about : str or os.PathLike
        The manifest, and what it says of itself.
    scores : str or os.PathLike
        Written: `save_scores`.

    Raises
    ------
    TrainingError
        If it is no such head, or one of other labels.
    """
    labelled = Labelled.open(clips, about)
    array, table = open_embeddings(embeddings, index)
    head = load_trained(path, labelled, array.shape[1:])
    labelled.save_scores(scores, table, predict(head, array, _VALIDATION_BATCH))


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


def _scaling(crops):
    """Mean and variance of each value over crops of shape (n_segments, K, D), read block by block."""
    total, squares = np.zeros((2, crops.shape[-1]))
    rows_a_block = max(1, _BLOCK_BYTES // (8 * int(np.prod(crops.shape[1:]))))
    for start in range(0, len(crops), rows_a_block):
        block = np.asarray(crops[start : start + rows_a_block], np.float64).reshape(-1, crops.shape[-1])
        total += block.sum(axis=0)
        squares += np.square(block).sum(axis=0)
        advise(crops, mmap.MADV_DONTNEED)
    count = len(crops) * crops.shape[1]
    mean = total / count
    return mean, np.maximum(squares / count - np.square(mean), 0)
