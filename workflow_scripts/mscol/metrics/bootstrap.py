"""How metrics vary over resamples of the test clips: the percentile bootstrap, vectorised.

A resample draws as many clips as there are, with replacement. It is written as how often each clip
was drawn, so that a metric of a resample is a weighted metric of the clips, and all resamples can be
computed from one sort of the scores. The same counts can be given to several seeds or models: their
metrics are then paired.

Everything works on the scores of clips (see `points.aggregate_windows`).
"""

from typing import NamedTuple

import numpy as np

from mscol.metrics.points import MetricError, check_classes, check_tags

LEVEL = 0.95
_BLOCK_CELLS = 2_000_000  # (clips, resamples) handled at once: 8 MB an array, which caches like


def resample_counts(n_clips, n_resamples, generator):
    """Draw resamples of the clips.

    Parameters
    ----------
    n_clips, n_resamples : int
    generator : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(n_resamples, n_clips), int32
        How often each clip was drawn; rows sum to ``n_clips``.
    """
    counts = np.empty((n_resamples, n_clips), np.int32)
    for row in counts:
        row[:] = np.bincount(generator.integers(n_clips, size=n_clips), minlength=n_clips)
    return counts


def bootstrap_tagging(scores, labels, counts):
    """Compute ROC-AUC and average precision of each tag in each resample.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_tags)
    labels : np.ndarray, shape=(n_clips, n_tags)
    counts : np.ndarray, shape=(n_resamples, n_clips)

    Returns
    -------
    roc_auc, pr_auc : np.ndarray, shape=(n_resamples, n_tags)
        Ties are handled as scikit-learn does. NaN where the resample has no positive or no negative.

    Raises
    ------
    MetricError
        If shapes do not fit.
    """
    scores = np.asarray(scores)
    labels = check_tags(scores, labels)
    weights = _clips_first(counts, len(scores))
    roc_auc, pr_auc = np.empty((2, len(counts), scores.shape[1]))
    step = max(1, _BLOCK_CELLS // len(scores))
    for start in range(0, len(counts), step):
        block = slice(start, start + step)
        part = np.ascontiguousarray(weights[:, block])
        for tag in range(scores.shape[1]):
            areas = weighted_areas(scores[:, tag], labels[:, tag], part)
            roc_auc[block, tag], pr_auc[block, tag] = areas
    return roc_auc, pr_auc


def bootstrap_classification(scores, labels, counts):
    """Compute the metrics of a classification in each resample.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_classes)
    labels : np.ndarray, shape=(n_clips,), int
    counts : np.ndarray, shape=(n_resamples, n_clips)

    Returns
    -------
    ResampledClassification

    Raises
    ------
    MetricError
        If shapes do not fit.
    """
    scores = np.asarray(scores)
    labels = check_classes(scores, labels)
    predicted = scores.argmax(axis=1)
    weights = _clips_first(counts, len(scores))
    one_hot = np.eye(scores.shape[1], dtype=np.float32)
    support = weights.T @ one_hot[labels]
    chosen = weights.T @ one_hot[predicted]
    hits = weights.T @ (one_hot[labels] * (predicted == labels)[:, None])
    occurs = support > 0
    return ResampledClassification(
        accuracy=hits.sum(axis=1) / len(scores),
        recall=np.where(occurs, hits / np.maximum(support, 1), np.nan),
        precision=np.where(occurs, hits / np.maximum(chosen, 1), np.nan),
        # F1 = 2 TP / (2 TP + FP + FN), and the denominator is what has the class plus what is given it.
        f1=np.where(occurs, 2 * hits / np.maximum(support + chosen, 1), np.nan),
    )


class ResampledClassification(NamedTuple):
    """Metrics of a classification in each resample.

    Attributes
    ----------
    accuracy : np.ndarray, shape=(n_resamples,)
    recall, precision, f1 : np.ndarray, shape=(n_resamples, n_classes)
        NaN for a class that does not occur in the resample.
    """

    accuracy: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    f1: np.ndarray

    @property
    def macro_f1(self):
        """Mean over the classes that occur in the resample."""
        return macro_mean(self.f1)


def weighted_areas(scores, labels, weights):
    """Compute ROC-AUC and average precision of one tag under many weightings of the clips.

    Only the positives' places in the order of the scores matter: with the clips sorted by falling
    score, and ``n`` and ``p`` the weights of all and of the positive clips that score at least as high,

    - average precision is the mean of ``p / n`` over the positives,
    - ROC-AUC the mean, over the positives, of the share of negatives that score lower, half of those
      that score the same counted.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips,)
    labels : np.ndarray, shape=(n_clips,)
        0 or 1.
    weights : np.ndarray, shape=(n_clips, n_weightings), float32
        Whole numbers whose sum stays below 2**24, where float32 is exact.

    Returns
    -------
    roc_auc, pr_auc : np.ndarray, shape=(n_weightings,), float64
        NaN where there is no positive or no negative.
    """
    order = np.argsort(-scores, kind="stable")
    places = np.flatnonzero(labels[order])
    if not len(places):
        return np.full((2, weights.shape[1]), np.nan)
    # Clips of one score are a group; of each group that holds a positive: where it begins and ends.
    falling = -scores[order]
    begins = np.searchsorted(falling, falling[places], side="left")
    begin, first_place = np.unique(begins, return_index=True)
    end = np.searchsorted(falling, falling[begin], side="right")
    edges = np.unique(np.concatenate([[0], begin, end]))
    before = _sums_before(weights[order], edges)
    above, down_to = before[np.searchsorted(edges, begin)], before[np.searchsorted(edges, end)]

    positives = np.add.reduceat(weights[order[places]], first_place, axis=0)  # of each group
    positives_down_to = np.cumsum(positives, axis=0)
    negatives_above = above - (positives_down_to - positives)
    negatives_down_to = down_to - positives_down_to

    n_positive = positives.sum(axis=0, dtype=np.float64)
    n_negative = weights.sum(axis=0, dtype=np.float64) - n_positive
    lower = n_negative - (negatives_above + negatives_down_to) / 2
    precision = positives_down_to / np.maximum(down_to, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        roc_auc = (positives * lower).sum(axis=0) / (n_positive * n_negative)
        pr_auc = (positives * precision).sum(axis=0, dtype=np.float64) / n_positive
    undefined = (n_positive == 0) | (n_negative == 0)
    return np.where(undefined, np.nan, roc_auc), np.where(undefined, np.nan, pr_auc)


def macro_mean(per_tag):
    """Mean over the tags (last axis) that a resample can score; NaN where it can score none."""
    scored = ~np.isnan(per_tag)
    with np.errstate(invalid="ignore"):
        return np.where(scored, per_tag, 0).sum(axis=-1) / scored.sum(axis=-1)


def interval(values, level=LEVEL):
    """The percentile interval of a metric over resamples.

    Parameters
    ----------
    values : np.ndarray, shape=(n_resamples,)
        NaN where the metric is not defined; those resamples are left out.
    level : float
        Share of the resamples that the interval covers.

    Returns
    -------
    low, high : float
        NaN if the metric is defined in no resample.
    """
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def paired_p_value(differences):
    """Two-sided p-value of a paired bootstrap: how rarely resamples put two systems the other way round.

    Parameters
    ----------
    differences : np.ndarray, shape=(n_resamples,)
        Of a metric of two systems, each pair in one resample of the clips. NaN are left out.

    Returns
    -------
    float
        Never 0: with n resamples at least 2 / (n + 1). NaN if there is no difference to be had.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 15; the one that is added to counts and
    number: Davison & Hinkley, Bootstrap Methods and their Application, 1997, eq. 4.11.
    """
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return float("nan")
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    return min(1.0, 2 * (tail + 1) / (len(differences) + 1))


def holm(p_values):
    """Adjust p-values of several tests, so that all of them together err as rarely as one (Holm, 1979).

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return adjusted


def _clips_first(counts, n_clips):
    """Counts as float32 of shape (n_clips, n_resamples): sorting clips then moves whole rows."""
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[1] != n_clips:
        raise MetricError(f"counts have shape {counts.shape}, expected (resamples, {n_clips} clips)")
    return np.ascontiguousarray(counts.T, dtype=np.float32)


def _sums_before(rows, edges):
    """Sum the rows before each edge; edges rise from 0, the last may be len(rows)."""
    inner = edges[edges < len(rows)]
    sums = np.zeros((len(inner) + 1, rows.shape[1]), rows.dtype)
    np.cumsum(np.add.reduceat(rows, inner, axis=0), axis=0, out=sums[1:])
    return sums[: len(edges)]
