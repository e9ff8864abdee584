"""Fit logistic regression (or, for numbers, ridge regression) on clip means, with all training clips or a few."""

import hashlib
import logging
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from mscol.config.evaluations import STRENGTHS
from mscol.scores.scaling import variance_or_one
from mscol.scores.validation import best, main_metric

_FEW_SHOT_STRENGTH = 1.0  # scikit-learn's default: a few clips per class are not enough to choose it
_ITERATIONS = 200
_ROWS_AT_ONCE = 16_384
_WORSE_IN_A_ROW = 2  # after this many worse strengths, weaker regularisation is not tried
N_DRAWS = 10


def standardise(training, *others):
    """Scale each value to mean 0 and variance 1 over the training clips; one that is constant there is only shifted."""
    mean = training.mean(axis=0, dtype=np.float64)
    # Block by block: in double precision NSynth's training clips take 3 GB
    parts = np.split(training, range(_ROWS_AT_ONCE, len(training), _ROWS_AT_ONCE))
    variance = sum(np.square(part - mean).sum(axis=0) for part in parts) / len(training)
    scale = 1 / np.sqrt(variance_or_one(mean, variance))
    scaled = []
    for rows in (training, *others):
        scaled.append(np.subtract(rows, mean, dtype=np.float32, casting="same_kind"))
        scaled[-1] *= scale.astype(np.float32)
    return scaled


def fit_logistic(training, targets, validation, validation_targets, test, task, n_labels):
    """Fit with several strengths of regularisation, and predict with the best on the validation clips.

    Parameters
    ----------
    training, validation, test : np.ndarray, shape=(n_clips, D)
        Standardised.
    targets, validation_targets : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    task : str
        Each tag has its own model (clips with it against clips without it). Numbers use ridge regression.
    n_labels : int

    Returns
    -------
    scores : np.ndarray, shape=(n_test, n_labels)
        Probabilities, or numbers.
    value : float
        `main_metric` on the validation clips.
    strength : float
        The chosen strength.
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
    """Fit on a few clips of each class or tag, in ten draws.

    Parameters
    ----------
    training, test : np.ndarray, shape=(n_clips, D)
        Standardised over all training clips, which needs no labels.
    targets, task, n_labels
        As for `fit_logistic`.
    ids : sequence of str
        Ids of the training clips. The draws depend on them and not on the order of the clips.
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
    """Draw ``n_shots`` training clips of each class, or with each tag. Return their row numbers, in rising order.

    A clip with several tags counts for each of them. A class with fewer clips gives all its clips. For regression, ``n_shots``
    clips are drawn in total.
    """
    lots = np.array([hashlib.sha256(f"{seed}/{draw}/{clip}".encode()).hexdigest() for clip in ids])
    order = np.argsort(lots)
    if task == "regression":
        return np.sort(order[:n_shots])
    has_label = targets.astype(bool) if task == "tagging" else targets[:, None] == np.arange(n_labels)
    chosen = [order[has_label[order, label]][:n_shots] for label in range(n_labels)]
    return np.unique(np.concatenate(chosen))


def _models(targets, task):
    """Return one model for classes or numbers, or one per tag. Each keeps its weights from one strength to the next."""
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
        # Full convergence is not needed: the validation clips measure how good the fit is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model, column in zip(models, columns, strict=True):
            if len(np.unique(column)) > 1:
                model.set_params(C=strength).fit(rows, column)
            else:
                model.constant = int(column[0])


def _predict(models, rows, task, n_labels):
    """Return probabilities or numbers, (n, n_labels). They are constant if all training clips have the same label."""
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
    """Return the probabilities of one tag."""
    if hasattr(model, "classes_"):
        return model.predict_proba(rows)[:, 1]
    return np.full(len(rows), model.constant, float)
