"""Compute metrics over resamples of the test clips, vectorised.

A resample draws groups of clips with replacement (`resampling`). It is stored as the number of draws of each group. A metric
of a resample is then a weighted metric of the clips, and one sort of the scores serves all resamples. Pass the same counts
for several seeds or models to get paired metrics.

All functions take the scores of clips (see `points.aggregate_windows`).
"""

from typing import NamedTuple

import numpy as np

from mscol.metrics.points import MetricError, check_classes, check_tags
from mscol.metrics.shares import sum_groups

_AT_ONCE = 256  # resamples; their intermediate arrays then fit the CPU cache


def bootstrap_tagging(scores, labels, counts, groups=None):
    """Compute ROC-AUC and average precision of each tag in each resample.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_tags)
    labels : np.ndarray, shape=(n_clips, n_tags)
    counts : np.ndarray, shape=(n_resamples, n_groups)
        Number of draws of each group.
    groups : np.ndarray, shape=(n_clips,), int, optional
        Group of each clip, counted from 0. By default each clip is its own group.

    Returns
    -------
    roc_auc, pr_auc : np.ndarray, shape=(n_resamples, n_tags)
        Ties are handled as in scikit-learn. NaN where the resample has no positive or no negative.

    Raises
    ------
    MetricError
        If shapes do not fit.
    """
    scores = np.asarray(scores)
    labels = check_tags(scores, labels)
    groups = _check_groups(groups, counts, len(scores))
    roc_auc, pr_auc = np.empty((2, len(counts), scores.shape[1]))
    parts = [slice(start, start + _AT_ONCE) for start in range(0, len(counts), _AT_ONCE)]
    weights = [np.ascontiguousarray(counts[part].T, dtype=np.float32) for part in parts]
    for tag in range(scores.shape[1]):
        ranking = Ranking(scores[:, tag], labels[:, tag], groups, counts.shape[1])
        for part, drawn in zip(parts, weights, strict=True):
            roc_auc[part, tag], pr_auc[part, tag] = ranking.areas(drawn)
    return roc_auc, pr_auc


def bootstrap_classification(scores, labels, counts, groups=None):
    """Compute the metrics of a classification in each resample.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_classes)
    labels : np.ndarray, shape=(n_clips,), int
    counts, groups
        As for `bootstrap_tagging`.

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
    groups = _check_groups(groups, counts, len(scores))
    predicted = scores.argmax(axis=1)
    one_hot = np.eye(scores.shape[1])
    drawn = counts.astype(np.float64)
    support = drawn @ sum_groups(one_hot[labels], groups)
    chosen = drawn @ sum_groups(one_hot[predicted], groups)
    hits = drawn @ sum_groups(one_hot[labels] * (predicted == labels)[:, None], groups)
    occurs = support > 0
    return ResampledClassification(
        accuracy=hits.sum(axis=1) / support.sum(axis=1),
        recall=np.where(occurs, hits / np.maximum(support, 1), np.nan),
        precision=np.where(occurs, hits / np.maximum(chosen, 1), np.nan),
        # F1 = 2 TP / (2 TP + FP + FN); the denominator is the clips of the class plus the clips predicted as it.
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
        """Return the mean over the classes that occur in the resample."""
        return macro_mean(self.f1)


class Ranking:
    """One tag's clips, sorted by score, for ROC-AUC and average precision under any weights of their groups.

    Only the ranks of the positives matter. Sort the clips by decreasing score, and let ``n`` and ``p`` be the weights of all
    clips and of the positive clips that score at least as high. Then

    - average precision is the mean of ``p / n`` over the positives,
    - ROC-AUC is the mean, over the positives, of the share of negatives that score lower; ties count half.

    The clips of each group above a rank are counted once. Their weights are then a matrix product.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips,)
    labels : np.ndarray, shape=(n_clips,)
        0 or 1.
    groups : np.ndarray, shape=(n_clips,), int
        Group of each clip.
    n_groups : int
    """

    def __init__(self, scores, labels, groups, n_groups):
        order = np.argsort(-scores, kind="stable")
        places = np.flatnonzero(labels[order])
        # Clips with equal scores tie. Find where each tie with a positive begins and ends.
        falling = -scores[order]
        begins = np.searchsorted(falling, falling[places], side="left")
        begin, self._first_place = np.unique(begins, return_index=True)
        end = np.searchsorted(falling, falling[begin], side="right")
        edges = np.unique(np.concatenate([begin, end]))
        self._before = _counts_before(groups[order], edges, n_groups)
        self._begin, self._end = np.searchsorted(edges, begin), np.searchsorted(edges, end)
        self._positive_groups = groups[order[places]]
        self._sizes = np.bincount(groups, minlength=n_groups).astype(np.float64)

    def areas(self, weights):
        """Compute ROC-AUC and average precision.

        Parameters
        ----------
        weights : np.ndarray, shape=(n_groups, n_weightings), float32
            Whole numbers. The total weight of all clips must stay below 2**24, up to which float32 is exact.

        Returns
        -------
        roc_auc, pr_auc : np.ndarray, shape=(n_weightings,), float64
            NaN where there is no positive or no negative.
        """
        if not len(self._positive_groups):
            return np.full((2, weights.shape[1]), np.nan)
        before = self._before @ weights
        above, down_to = before[self._begin], before[self._end]
        positives = np.add.reduceat(weights[self._positive_groups], self._first_place, axis=0)  # per tie
        positives_down_to = np.cumsum(positives, axis=0)
        n_positive = positives_down_to[-1].astype(np.float64)
        n_negative = self._sizes @ weights - n_positive
        precision = positives_down_to / np.maximum(down_to, 1)
        # Half the sum of the negatives above a tie and those down to its end: ties count half.
        higher = (above + down_to - 2 * positives_down_to + positives) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            pr_auc = np.einsum("pw,pw->w", positives, precision, dtype=np.float64) / n_positive
            higher = np.einsum("pw,pw->w", positives, higher, dtype=np.float64) / n_positive
            roc_auc = 1 - higher / n_negative
        undefined = (n_positive == 0) | (n_negative == 0)
        return np.where(undefined, np.nan, roc_auc), np.where(undefined, np.nan, pr_auc)


def macro_mean(per_tag):
    """Return the mean over the tags (last axis) that a resample can score; NaN where it can score none."""
    scored = ~np.isnan(per_tag)
    with np.errstate(invalid="ignore"):
        return np.where(scored, per_tag, 0).sum(axis=-1) / scored.sum(axis=-1)


def _check_groups(groups, counts, n_clips):
    """Return the groups of clips as an array; raise MetricError if they do not fit the counts."""
    groups = np.arange(n_clips) if groups is None else np.asarray(groups)
    if counts.ndim != 2 or len(groups) != n_clips or groups.max(initial=-1) + 1 != counts.shape[1]:
        raise MetricError(
            f"counts have shape {counts.shape}, expected (resamples, {groups.max(initial=-1) + 1} groups of {n_clips} clips)"
        )
    return groups


def _counts_before(groups, edges, n_groups):
    """Count the clips of each group before each edge (in rising order): shape (n_edges, n_groups), float32."""
    steps = np.zeros((len(edges) + 1, n_groups), np.float32)
    np.add.at(steps, (np.searchsorted(edges, np.arange(len(groups)), side="right"), groups), 1)
    return np.cumsum(steps[:-1], axis=0)
