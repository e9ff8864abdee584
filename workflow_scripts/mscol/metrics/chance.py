"""Chance levels of metrics."""

import numpy as np
from scipy.special import digamma


def chance_precision(n_positive, n_clips):
    """Return the expected average precision of random scores.

    On few clips it is well above the share of positives: 0.29 for one positive among ten clips.

    Parameters
    ----------
    n_positive : np.ndarray of int
        Positive clips of each tag.
    n_clips : int

    Returns
    -------
    np.ndarray
        ``((R - 1) / (N - 1) (N - H) + H) / N`` for R positives among N clips, where H is the Nth harmonic number. NaN for a
        tag without a positive or without a negative.

    References
    ----------
    Bestgen, Exact expected average precision of the random baseline for system evaluation, Prague Bulletin of
    Mathematical Linguistics 103, 2015.
    """
    n_positive = np.asarray(n_positive, np.float64)
    harmonic = digamma(n_clips + 1) + np.euler_gamma
    rest = (n_positive - 1) / max(n_clips - 1, 1) * (n_clips - harmonic)
    return np.where((n_positive > 0) & (n_positive < n_clips), (rest + harmonic) / n_clips, np.nan)


def chance_of_numbers(labels):
    """Return the metrics of a regression that predicts the mean of the test clips for every clip."""
    return {"r2": 0.0, "pearson_r": 0.0, "mean_absolute_error": float(np.abs(labels - labels.mean()).mean())}


def chance_levels(task, n_positive, n_clips):
    """Return the chance level of each metric of a test list.

    Parameters
    ----------
    task : str
    n_positive : np.ndarray of int, shape=(n_labels,)
    n_clips : int

    Returns
    -------
    dict of str to float
        Tagging: the expected value for random scores, mean over the tags that can be scored. Classification: the value for
        always predicting the most frequent class.
    """
    if task == "tagging":
        chance = chance_precision(n_positive, n_clips)
        return {
            "roc_auc": 0.5,
            "pr_auc": float(np.nanmean(chance)) if np.isfinite(chance).any() else np.nan,
        }
    largest = n_positive.max() / n_clips
    return {"accuracy": largest, "macro_f1": 2 * largest / (1 + largest) / (n_positive > 0).sum()}
