"""Compute the metric on validation clips that chooses settings and that tables show next to the test metrics."""

import numpy as np

from mscol.metrics import classification, regression, tagging
from mscol.metrics.points import aggregate_rows
from mscol.scores.files import AGGREGATION


def main_metric(scores, labels, task):
    """Return the first metric of a task: macro ROC-AUC of tags, accuracy of classes, R2 of numbers.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_labels)
        Scores of clips, not of windows.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    task : str

    Returns
    -------
    float
        NaN if no tag can be scored.
    """
    if task == "regression":
        return regression(scores[:, None], labels).r2
    if task == "tagging":
        return tagging(scores[:, None], labels).roc_auc
    return classification(scores[:, None], labels).accuracy


def validation_value(window_scores, table, n_crops, labelled):
    """Evaluate a head on the validation clips, over all crops of their segments.

    Parameters
    ----------
    window_scores : np.ndarray, shape=(n_segments * n_crops, n_labels)
    table : pd.DataFrame
        One row per segment: clip.
    n_crops : int
        Crops per segment.
    labelled : mscol.scores.labels.Labelled

    Returns
    -------
    float
        `main_metric`.
    """
    segments = table.groupby("clip", sort=False).size()
    scores = aggregate_rows(window_scores, segments.to_numpy() * n_crops, AGGREGATION[labelled.task])
    return main_metric(scores, labelled.targets(segments.index), labelled.task)


def best(values):
    """Return the index of the best value, the first of equal ones; NaN is the worst.

    >>> best([0.2, float("nan"), 0.5, 0.5])
    2
    """
    return int(np.argmax(np.nan_to_num(np.asarray(values, np.float64), nan=-np.inf)))
