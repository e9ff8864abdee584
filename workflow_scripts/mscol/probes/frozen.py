"""The protocol frozen: train a head on embeddings that are computed once."""

import hashlib
import itertools
import logging
import mmap

import keras
import numpy as np

from mscol.embeddings.prediction import predict
from mscol.embeddings.stored import open_embeddings
from mscol.io.arrays import advise
from mscol.probes.batches import AllEmbeddings, DrawnCrops
from mscol.probes.heads import build_head, fit, save_trained
from mscol.probes.scoring import EMBEDDINGS_AT_ONCE, EmbeddedWindows
from mscol.scores.files import save_scores
from mscol.scores.labels import Labelled, check_not_empty
from mscol.scores.scaling import variance_or_one
from mscol.scores.validation import best, validation_value

_BLOCK_BYTES = 2**26  # float64 values that `_scaling` reads at a time


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
        The manifest and its about.json (task and labels).
    settings : dict
        hidden (list of layer sizes), learning_rate, epochs, patience, batch_size, and search: lists of values for ``hidden``
        and ``learning_rate``. A head is trained with each combination, and the best on the validation clips is kept.
    seed : int
        Seed of the first head's initial weights, the order of crops, and the clips that keep their labels. The seeds of
        further heads are derived from it (`head_seed`).
    outputs : dict
        Output paths: model (the first head, as ``.keras``), about (JSON: task, labels, how it was trained),
        history (csv: its epoch, loss, accuracy, validation_loss, validation_accuracy), scores (`save_scores`).
    label_fraction : float
        Share of the training clips whose labels are used (`choose_labelled`).
    standardise : bool
        Scale each value to mean 0 and variance 1 over the training crops first. The scaling is part of the head.
    n_heads : int
        Number of heads to train. Several heads show the variation between seeds of the head.

    Raises
    ------
    TrainingError
        If there is no training or validation segment, or no test window.
    CacheError
        If an array of embeddings does not fit its table.
    DatasetError
        If a label of the manifest is not among the labels of the task.
    """
    labelled = Labelled.open(clips, about)
    arrays, tables = {}, {}
    for split in embeddings:
        arrays[split], tables[split] = open_embeddings(embeddings[split], indices[split], labelled.clips)
        logging.info("%s: %d rows of %d clips.", split, len(arrays[split]), tables[split]["clip"].nunique())
        check_not_empty(arrays[split], split)
    scaling = _scaling(arrays["train"]) if standardise else None
    targets = labelled.targets_of_heads(tables["train"]["clip"])
    tested, scores, values, chosen = EmbeddedWindows(arrays["test"], tables["test"]), [], [], []
    for number in range(n_heads):
        own_seed = head_seed(seed, number)
        rows = labelled.training_rows(tables["train"]["clip"], label_fraction, own_seed)
        crops = DrawnCrops(arrays["train"], targets, settings["batch_size"], own_seed, rows)
        tried = [
            _train(
                crops, arrays["validation"], tables["validation"], labelled, tried_settings, own_seed, scaling
            )
            for tried_settings in combinations(settings)
        ]
        kept = tried[best([value for *_, value in tried])]
        head, its_settings, history, value = kept
        if number == 0:
            how = {"protocol": "frozen", "label_fraction": label_fraction, "standardise": standardise}
            save_trained(head, labelled, how | {"seed": seed, "settings": its_settings}, history, outputs)
        scores.append(tested.predict(head))
        values.append(value)
        chosen.append(_describe(its_settings, settings.get("search", {})))
    save_scores(outputs["scores"], labelled, tables["test"], np.stack(scores), values, chosen)


def combinations(settings):
    """List the settings of each head of a search, or only the given ones without a search.

    >>> combinations({"hidden": [], "epochs": 2, "search": {"hidden": [[], [8]]}})
    [{'hidden': [], 'epochs': 2}, {'hidden': [8], 'epochs': 2}]
    """
    search = {key: values for key, values in settings.get("search", {}).items() if values}
    given = {key: value for key, value in settings.items() if key != "search"}
    return [given | dict(zip(search, values, strict=True)) for values in itertools.product(*search.values())]


def _train(crops, validation, table, labelled, settings, seed, scaling):
    """Train one head. Return head, settings, history, and its metric on the validation clips."""
    crops.start_again()
    n_labels, of_targets = len(labelled.names), crops.targets[crops.rows]
    head = build_head(
        validation.shape[-1], n_labels, labelled.task, settings["hidden"], seed, scaling, of_targets
    )
    history = fit(
        # A second model of the same layers, so that the saved head has no optimizer state.
        keras.Model(head.inputs, head.outputs),
        labelled.task,
        crops,
        AllEmbeddings(validation, labelled.targets_of_heads(table["clip"]), EMBEDDINGS_AT_ONCE),
        settings,
    )
    at_once = max(1, EMBEDDINGS_AT_ONCE // validation.shape[1])
    parts = (np.asarray(validation[start : start + at_once]) for start in range(0, len(validation), at_once))
    said = np.concatenate(
        [predict(head, part.reshape(-1, part.shape[-1]), EMBEDDINGS_AT_ONCE) for part in parts]
    )
    value = validation_value(said, table, validation.shape[1], labelled)
    logging.info("Head %s: %.4f on the validation clips.", _describe(settings, settings), value)
    return head, settings, history, value


def _describe(settings, search):
    """Describe the settings that a search has chosen.

    >>> _describe({"hidden": [512], "learning_rate": 0.001, "epochs": 2}, {"hidden": [[], [512]], "learning_rate": [0.001]})
    'hidden 512, learning rate 0.001'
    """
    named = {"hidden": "hidden " + ("-".join(map(str, settings["hidden"])) or "none")}
    named["learning_rate"] = f"learning rate {settings['learning_rate']:g}"
    return ", ".join(text for key, text in named.items() if search.get(key))


def head_seed(seed, number):
    """Return the seed of one of an encoder's heads; the first head has the encoder's seed.

    >>> [head_seed(1, number) for number in range(3)]
    [1, 312396423, 1822214455]
    """
    if number == 0:
        return seed
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4]) >> 1


def _scaling(crops):
    """Return mean and variance of each value over crops of shape (n_segments, K, D), read block by block; 1 for a constant."""
    total, squares = np.zeros((2, crops.shape[-1]))
    origin = np.asarray(crops[0, 0], np.float64)  # near the mean, so that squares keep their digits
    rows_a_block = max(1, _BLOCK_BYTES // (8 * int(np.prod(crops.shape[1:]))))
    for start in range(0, len(crops), rows_a_block):
        block = np.subtract(crops[start : start + rows_a_block], origin, dtype=np.float64)
        block = block.reshape(-1, crops.shape[-1])
        total += block.sum(axis=0)
        squares += np.square(block).sum(axis=0)
        advise(crops, mmap.MADV_DONTNEED)
    count = len(crops) * crops.shape[1]
    mean = origin + total / count
    return mean, variance_or_one(mean, squares / count - np.square(total / count))
