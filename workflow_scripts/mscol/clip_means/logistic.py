"""Logistic regression on clip means, and ridge regression where numbers are to be told: with all training clips, and with a few."""

import hashlib
import logging
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from mscol.config.evaluations import STRENGTHS
from mscol.scores.validation import best, main_metric

_FEW_SHOT_STRENGTH = 1.0  # scikit-learn's own: with a few clips a class there is nothing to choose it by
_ITERATIONS = 200
_ROWS_AT_ONCE = 16_384
_WORSE_IN_A_ROW = 2  # then weaker regularisation is not tried any more
N_DRAWS = 10


def standardise(training, *others):
    """Scale each value to mean 0 and variance 1 over the training clips; a value that never varies becomes 0."""
    mean = training.mean(axis=0, dtype=np.float64)
    # Block by block: in double precision NSynth's training clips are 3 GB
    parts = np.split(training, range(_ROWS_AT_ONCE, len(training), _ROWS_AT_ONCE))
    variance = sum(np.square(part - mean).sum(axis=0) for part in parts) / len(training)
    scale = np.where(variance > 0, 1 / np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny)), 0)
    scaled = []
    for rows in (training, *others):
        scaled.append(np.subtract(rows, mean, dtype=np.float32, casting="same_kind"))
        scaled[-1] *= scale.astype(np.float32)
    return scaled


def fit_logistic(training, targets, validation, validation_targets, test, task, n_labels):
    """Fit with regularisation of several strengths, and predict with the best on the validation clips.

    Parameters
    ----------
    training, validation, test : np.ndarray, shape=(n_clips, D)
        Standardised.
    targets, validation_targets : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    task : str
        Tags are told one by one, each against all clips without it; numbers by ridge regression.
    n_labels : int

    Returns
    -------
    scores : np.ndarray, shape=(n_test, n_labels)
        Probabilities, or numbers.
    value : float
        Of the validation clips (`main_metric`).
    strength : float
        The one that was chosen.
    """
    values, found = [], []
    models = _models(targets, task)
    for strength in STRENGTHS:
        _fit(models, training, targets, task, strength)
        values.append(main_metric(_predict(models, validation, task, n_labels), validation_targets, task))
        found.append(_predict(models, test, task, n_labels))
        logging.info("Logistic regression, C = %g: %.4f on the validation clips.", strength, values[-1])
        if len(values) - 1 - best(values) >= _WORSE_IN_A_ROW:
            break
    chosen = best(values)
    return found[chosen], values[chosen], STRENGTHS[chosen]


def fit_few_shot(training, targets, ids, test, task, n_labels, n_shots, seed):
    """Fit on a few clips of each class or tag, drawn ten times.

    Parameters
    ----------
    training, test : np.ndarray, shape=(n_clips, D)
        Standardised over all training clips, which asks for no label.
    targets, task, n_labels
        As for `fit_logistic`.
    ids : sequence of str
        Of the training clips; lots are drawn by them, so that their order does not matter.
    n_shots : int
    seed : int

    Returns
    -------
    np.ndarray, shape=(N_DRAWS, n_test, n_labels)
        Probabilities.
    """
    drawn = []
    for draw in range(N_DRAWS):
        rows = draw_shots(targets, ids, task, n_labels, n_shots, seed, draw)
        models = _models(targets[rows], task)
        _fit(models, training[rows], targets[rows], task, _FEW_SHOT_STRENGTH)
        drawn.append(_predict(models, test, task, n_labels))
    return np.stack(drawn)


def draw_shots(targets, ids, task, n_labels, n_shots, seed, draw):
    """Draw a number of training clips of each class, or with each tag: their row numbers, rising.

    A clip with several tags serves all of them. Of a class with fewer clips all are taken. Of numbers so many clips are drawn.
    """
    lots = np.array([hashlib.sha256(f"{seed}/{draw}/{clip}".encode()).hexdigest() for clip in ids])
    order = np.argsort(lots)
    if task == "regression":
        return np.sort(order[:n_shots])
    has_label = targets.astype(bool) if task == "tagging" else targets[:, None] == np.arange(n_labels)
    chosen = [order[has_label[order, label]][:n_shots] for label in range(n_labels)]
    return np.unique(np.concatenate(chosen))


def _models(targets, task):
    """A model for the classes or numbers, or one a tag; each keeps its weights from one strength to the next."""
    if task == "regression":
        return [Ridge()]
    n_models = targets.shape[1] if task == "tagging" else 1
    return [LogisticRegression(max_iter=_ITERATIONS, warm_start=True) for _ in range(n_models)]


def _fit(models, rows, targets, task, strength):
    if task == "regression":
        models[0].set_params(alpha=1 / strength).fit(rows, targets)
        return
    columns = targets.T if task == "tagging" else [targets]
    with warnings.catch_warnings():
        # The iterations that were not needed to the last bit: the validation clips say how good it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model, column in zip(models, columns, strict=True):
            if len(np.unique(column)) > 1:
                model.set_params(C=strength).fit(rows, column)
            else:
                model.constant = int(column[0])


def _predict(models, rows, task, n_labels):
    """Probabilities, or numbers: (n, n_labels). What no training clip tells apart is always the same."""
    if task == "regression":
        return models[0].predict(rows)[:, None].astype(np.float64)
    if task == "tagging":
        return np.stack([_probability(model, rows) for model in models], axis=1)
    [model] = models
    scores = np.zeros((len(rows), n_labels))
    if hasattr(model, "classes_"):
        scores[:, model.classes_] = model.predict_proba(rows)
    else:
        scores[:, model.constant] = 1
    return scores


def _probability(model, rows):
    """Of one tag."""
    if hasattr(model, "classes_"):
        return model.predict_proba(rows)[:, 1]
    return np.full(len(rows), model.constant, float)
