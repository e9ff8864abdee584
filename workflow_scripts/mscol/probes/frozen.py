"""The frozen protocol: a head is trained on embeddings that were computed once."""

import hashlib
import logging
import mmap

import keras
import numpy as np

from mscol.io.arrays import advise
from mscol.probes.batches import AllEmbeddings, DrawnCrops
from mscol.probes.heads import build_head, fit, save_trained
from mscol.probes.labels import Labelled, check_not_empty
from mscol.probes.scoring import EMBEDDINGS_AT_ONCE, EmbeddedWindows, open_embeddings

_BLOCK_BYTES = 2**26  # of float64 values, of which mean and variance are taken at a time


def train_probe(
    embeddings,
    indices,
    clips,
    about,
    settings,
    seed,
    outputs,
    label_fraction=1.0,
    standardise=False,
    n_heads=1,
):
    """Train heads on one dataset's embeddings, and score the windows of its test clips.

    Parameters
    ----------
    embeddings, indices : dict
        For each split, the paths of the ``.npy`` and the csv that `mscol.embeddings` wrote.
    clips, about : str or os.PathLike
        The manifest, and what it says of itself: task and labels.
    settings : dict
        hidden (list of layer sizes), learning_rate, epochs, patience, batch_size.
    seed : int
        Decides the first head's initial weights, the order of crops, and which clips keep their labels; each further head has a
        seed that follows from it (`head_seed`).
    outputs : dict
        Paths to write to: model (the first head, as ``.keras``), about (JSON: task, labels, how it was trained),
        history (csv: its epoch, loss, accuracy, validation_loss, validation_accuracy), scores (`save_scores`).
    label_fraction : float
        Share of the training clips whose labels are used (`choose_labelled`).
    standardise : bool
        Scale each value to mean 0 and variance 1 over the training crops first; part of the head.
    n_heads : int
        How many are trained: what another seed of the head would change is then known.

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
        arrays[split], tables[split] = open_embeddings(embeddings[split], indices[split], labelled.clips)
        logging.info("%s: %d rows of %d clips.", split, len(arrays[split]), tables[split]["clip"].nunique())
        check_not_empty(arrays[split], split)
    scaling = _scaling(arrays["train"]) if standardise else None
    targets = {split: labelled.targets(tables[split]["clip"]) for split in ("train", "validation")}
    tested, scores = EmbeddedWindows(arrays["test"], tables["test"]), []
    for number in range(n_heads):
        own_seed = head_seed(seed, number)
        rows = labelled.training_rows(tables["train"]["clip"], label_fraction, own_seed)
        head = build_head(
            arrays["train"].shape[-1],
            len(labelled.names),
            labelled.task,
            settings["hidden"],
            own_seed,
            scaling,
        )
        history = fit(
            # A second model of the same layers: the optimizer's state stays out of the saved head.
            keras.Model(head.inputs, head.outputs),
            labelled.task,
            DrawnCrops(arrays["train"], targets["train"], settings["batch_size"], own_seed, rows),
            AllEmbeddings(arrays["validation"], targets["validation"], EMBEDDINGS_AT_ONCE),
            settings,
        )
        if number == 0:
            how = {"protocol": "frozen", "label_fraction": label_fraction, "standardise": standardise}
            save_trained(head, labelled, how | {"seed": seed, "settings": settings}, history, outputs)
        scores.append(tested.predict(head))
    labelled.save_scores(outputs["scores"], tables["test"], np.stack(scores))


def head_seed(seed, number):
    """The seed of one of an encoder's heads: the first has the encoder's own.

    >>> [head_seed(1, number) for number in range(3)]
    [1, 312396423, 1822214455]
    """
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4]) >> 1


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
