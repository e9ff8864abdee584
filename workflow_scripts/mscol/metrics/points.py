"""Compute the metrics of tagging and classification with scikit-learn."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from mscol.errors import MscolError


class MetricError(MscolError, ValueError):
    """Scores or labels whose shape or values do not allow a metric."""


@dataclass(frozen=True)
class TaggingResult:
    """Metrics of tagging.

    Attributes
    ----------
    roc_auc, pr_auc : float
        Macro means over the tags that can be scored; PR-AUC is the average precision. NaN if there is
        no such tag.
    roc_auc_per_tag, pr_auc_per_tag : np.ndarray, shape=(n_tags,)
        NaN for a tag without a positive or without a negative.
    n_positive_per_tag : np.ndarray, shape=(n_tags,), int
    n_clips : int
    """

    roc_auc: float
    pr_auc: float
    roc_auc_per_tag: np.ndarray
    pr_auc_per_tag: np.ndarray
    n_positive_per_tag: np.ndarray
    n_clips: int

    @property
    def left_out(self):
        """Return the indices of the tags that could not be scored."""
        return np.flatnonzero(np.isnan(self.roc_auc_per_tag))


@dataclass(frozen=True)
class ClassificationResult:
    """Metrics of classification.

    Attributes
    ----------
    accuracy : float
    macro_f1 : float
        Mean over the classes that occur among the clips.
    confusion : np.ndarray, shape=(n_classes, n_classes), int
        Clips by true class (rows) and predicted class (columns).
    recall_per_class, precision_per_class, f1_per_class : np.ndarray, shape=(n_classes,)
        NaN for a class without clips; a precision or F1 of 0 / 0 counts as 0.
    """

    accuracy: float
    macro_f1: float
    confusion: np.ndarray
    recall_per_class: np.ndarray
    precision_per_class: np.ndarray
    f1_per_class: np.ndarray

    @property
    def n_clips(self):
        """Return the number of clips that were classified."""
        return int(self.confusion.sum())


def tagging(scores, labels):
    """Compute the metrics of tagging.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_windows, n_tags), or list of (n_windows, n_tags)
        Scores of each window; a clip's score is their mean.
    labels : np.ndarray, shape=(n_clips, n_tags)
        1 where the clip has the tag, else 0.

    Returns
    -------
    TaggingResult

    Raises
    ------
    MetricError
        If shapes do not match, a score is not finite, or a label is neither 0 nor 1.

    Examples
    --------
    >>> tagging([[[0.9], [0.7]], [[0.2]], [[0.4]]], [[1], [0], [1]]).roc_auc
    1.0
    """
    scores = aggregate_windows(scores, "mean")
    labels = check_tags(scores, labels)
    n_positive = labels.sum(axis=0)
    scored = np.flatnonzero((n_positive > 0) & (n_positive < len(labels)))
    roc_auc, pr_auc = np.full((2, labels.shape[1]), np.nan)
    if len(scored):
        roc_auc[scored] = roc_auc_score(labels[:, scored], scores[:, scored], average=None)
        pr_auc[scored] = average_precision_score(labels[:, scored], scores[:, scored], average=None)
    return TaggingResult(
        roc_auc=mean_of_finite(roc_auc),
        pr_auc=mean_of_finite(pr_auc),
        roc_auc_per_tag=roc_auc,
        pr_auc_per_tag=pr_auc,
        n_positive_per_tag=n_positive,
        n_clips=len(labels),
    )


def classification(scores, labels):
    """Compute the metrics of classification.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_windows, n_classes), or list of (n_windows, n_classes)
        Logits of each window. A clip's logits are their sum, and its predicted class is the first with the largest sum.
    labels : np.ndarray, shape=(n_clips,), int
        Index of each clip's class.

    Returns
    -------
    ClassificationResult

    Raises
    ------
    MetricError
        If shapes do not match, a score is not finite, or a label is not the index of a class.

    Examples
    --------
    >>> classification([[[2.0, 1.0]], [[0.0, 3.0], [1.0, 0.0]]], [0, 1]).accuracy
    1.0
    """
    scores = aggregate_windows(scores, "sum")
    labels = check_classes(scores, labels)
    predicted = scores.argmax(axis=1)
    classes = np.arange(scores.shape[1])
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=0.0
    )
    for values in (precision, recall, f1):
        values[support == 0] = np.nan
    return ClassificationResult(
        accuracy=float((predicted == labels).mean()),
        macro_f1=mean_of_finite(f1),
        confusion=confusion_matrix(labels, predicted, labels=classes),
        recall_per_class=recall,
        precision_per_class=precision,
        f1_per_class=f1,
    )


def aggregate_windows(scores, how):
    """Aggregate the scores of each clip's windows.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_windows, n_labels), or list of (n_windows, n_labels)
        Each clip has at least one window. In a list the number of windows may vary.
    how : str
        ``mean`` or ``sum``.

    Returns
    -------
    np.ndarray, shape=(n_clips, n_labels), float64

    Raises
    ------
    MetricError
        If there is no clip, a clip has no window, shapes do not match, or a score is not finite.
    """
    clips = [np.asarray(clip, dtype=np.float64) for clip in scores]
    if not clips:
        raise MetricError("there are no clips to measure")
    for number, clip in enumerate(clips):
        if clip.ndim != 2 or not len(clip) or clip.shape[1] != clips[0].shape[1]:
            raise MetricError(
                f"the scores of clip {number} have shape {clip.shape}, expected (windows, labels) with at "
                f"least one window and as many labels as the first clip, which has shape {clips[0].shape}"
            )
    n_windows = np.array([len(clip) for clip in clips])
    return aggregate_rows(np.concatenate(clips), n_windows, how)


def aggregate_rows(window_scores, n_windows, how):
    """Aggregate as `aggregate_windows` does, but from one array with the windows of consecutive clips.

    Parameters
    ----------
    window_scores : np.ndarray, shape=(n_windows.sum(), n_labels)
    n_windows : np.ndarray, shape=(n_clips,), int
        Windows of each clip, at least 1. The sum must equal the number of rows.
    how : str
    """
    if len(n_windows) == 0 or n_windows.min() < 1 or n_windows.sum() != len(window_scores):
        raise MetricError(
            f"the window counts of {len(n_windows)} clips do not match {len(window_scores)} rows of scores"
        )
    if not np.isfinite(window_scores).all():
        raise MetricError("a score is not finite. Check the training of the head.")
    sums = np.add.reduceat(window_scores, np.cumsum(n_windows) - n_windows, axis=0, dtype=np.float64)
    return {"mean": sums / n_windows[:, None], "sum": sums}[how]


def check_tags(scores, labels):
    """Return labels of shape (n_clips, n_tags) as int64; raise MetricError if they do not match the clips' scores."""
    labels = np.asarray(labels)
    if labels.shape != scores.shape:
        raise MetricError(
            f"labels have shape {labels.shape}, but the clips' scores have {scores.shape}. They must be equal."
        )
    if not np.isin(labels, (0, 1)).all():
        raise MetricError("a tag's label is neither 0 nor 1")
    return labels.astype(np.int64)


def check_classes(scores, labels):
    """Return labels of shape (n_clips,) as int64; raise MetricError if they do not match the clips' scores."""
    labels = np.asarray(labels)
    n_clips, n_classes = scores.shape
    if labels.shape != (n_clips,):
        raise MetricError(f"labels have shape {labels.shape}, expected ({n_clips},): one class per clip")
    if not np.isin(labels, np.arange(n_classes)).all():
        raise MetricError(f"a label is not the index of a class, 0 to {n_classes - 1}")
    return labels.astype(np.int64)


def mean_of_finite(values):
    """Return the mean of the values that are not NaN; NaN if there are none."""
    finite = values[~np.isnan(values)]
    return float(finite.mean()) if len(finite) else float("nan")
