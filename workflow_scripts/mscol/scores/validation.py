"""What validation clips say: the value by which settings are chosen, and which tables show beside that of the test clips."""

import numpy as np

from mscol.metrics import classification, regression, tagging
from mscol.metrics.points import aggregate_rows
from mscol.scores.files import AGGREGATION


def main_metric(scores, labels, task):
    """The first metric of a task: macro ROC-AUC of tags, accuracy of classes, R2 of numbers.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_labels)
        Of clips, not of windows.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    task : str

    Returns
    -------
    float
        NaN where no tag can be scored.
    """
    if task == "regression":
        return regression(scores[:, None], labels).r2
    if task == "tagging":
        return tagging(scores[:, None], labels).roc_auc
    return classification(scores[:, None], labels).accuracy


def validation_value(window_scores, table, n_crops, labelled):
    """Measure a head on the validation clips, over all crops of their segments.

    Parameters
    ----------
    window_scores : np.ndarray, shape=(n_segments * n_crops, n_labels)
    table : pd.DataFrame
        A row a segment: clip.
    n_crops : int
        Of a segment.
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
    """The number of the best of several values, the first of those that are equal; NaN are worst.

    >>> best([0.2, float("nan"), 0.5, 0.5])
    2
    """
    return int(np.argmax(np.nan_to_num(np.asarray(values, np.float64), nan=-np.inf)))
