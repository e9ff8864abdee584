"""Compute R2, Pearson's correlation and mean absolute error of predicted numbers, also over resamples."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score

from mscol.metrics.points import MetricError, aggregate_windows
from mscol.metrics.shares import sum_groups


@dataclass(frozen=True)
class RegressionResult:
    """Metrics of regression.

    Attributes
    ----------
    r2 : float
        Share of the variance that is explained; negative if predicting the mean would be better. NaN if all clips have the
        same number.
    pearson_r : float
        NaN if all clips have the same number or the same prediction.
    mean_absolute_error : float
        In the unit of the numbers.
    """

    r2: float
    pearson_r: float
    mean_absolute_error: float


def regression(scores, labels):
    """Compute the metrics of regression.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, n_windows, 1), or list of (n_windows, 1)
        Prediction for each window; a clip's prediction is their mean.
    labels : np.ndarray, shape=(n_clips,)

    Returns
    -------
    RegressionResult

    Raises
    ------
    MetricError
        If shapes do not match, or a number is not finite.

    Examples
    --------
    >>> regression([[[1.0]], [[2.0]], [[3.0]]], [2, 3, 4])
    RegressionResult(r2=-0.5, pearson_r=0.99..., mean_absolute_error=1.0)
    """
    told = aggregate_windows(scores, "mean")
    labels = check_numbers(told, labels)
    varies = np.ptp(labels) > 0
    return RegressionResult(
        r2=float(r2_score(labels, told[:, 0])) if varies else float("nan"),
        pearson_r=float(pearsonr(labels, told[:, 0])[0]) if varies and np.ptp(told) > 0 else float("nan"),
        mean_absolute_error=float(mean_absolute_error(labels, told[:, 0])),
    )


def bootstrap_regression(scores, labels, counts, groups):
    """Compute the metrics of regression in each resample.

    Parameters
    ----------
    scores : np.ndarray, shape=(n_clips, 1)
    labels : np.ndarray, shape=(n_clips,)
    counts : np.ndarray, shape=(n_resamples, n_groups)
        Number of draws of each group.
    groups : np.ndarray, shape=(n_clips,), int
        Group of each clip, counted from 0.

    Returns
    -------
    dict of str to np.ndarray, shape=(n_resamples,)
        Keys are the attributes of `RegressionResult`.
    """
    labels = check_numbers(scores, labels)
    # Centred, because the variances below are differences of sums
    truth, told = labels - labels.mean(), scores[:, 0] - labels.mean()
    error = told - truth
    moments = np.stack(
        [np.ones(len(truth)), truth, told, truth**2, told**2, truth * told, error**2, abs(error)], axis=1
    )
    n, y, p, yy, pp, py, ee, absolute = (counts.astype(np.float64) @ sum_groups(moments, groups)).T
    of_truth, of_told, together = yy - y**2 / n, pp - p**2 / n, py - p * y / n
    scale = yy.max() * 1e-12  # below it, all clips of a resample have the same number
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "r2": np.where(of_truth > scale, 1 - ee / of_truth, np.nan),
            "pearson_r": np.where(of_truth > scale, together / np.sqrt(of_truth * of_told), np.nan),
            "mean_absolute_error": absolute / n,
        }


def check_numbers(scores, labels):
    """Return labels of shape (n_clips,) as float64; raise MetricError if they do not match the clips' scores."""
    labels = np.asarray(labels, np.float64)
    if scores.shape != (len(labels), 1) or labels.ndim != 1:
        raise MetricError(
            f"labels have shape {labels.shape} and the clips' scores {scores.shape}, expected (n,) and (n, 1)"
        )
    if not np.isfinite(labels).all():
        raise MetricError("the number of a clip is not finite")
    return labels
