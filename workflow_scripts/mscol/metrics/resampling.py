"""Draw resamples: groups of test clips, and training runs if there are several.

Clips of one group (notes of an instrument, clips of a song, songs of an artist) are not independent, so a resample draws
groups with all their clips. If there are several training runs, a resample draws runs, too: its metric then varies as it
would with other test clips and another training run. All models of a test list use the same draws, so that their
differences are paired.
"""

import numpy as np


def resample_counts(n_groups, n_resamples, generator):
    """Draw resamples of the groups with replacement, each with as many draws as there are groups.

    Parameters
    ----------
    n_groups, n_resamples : int
    generator : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(n_resamples, n_groups), uint16
        Number of draws of each group; rows sum to ``n_groups``.
    """
    counts = np.empty((n_resamples, n_groups), np.uint16)
    for row in counts:
        row[:] = np.bincount(generator.integers(n_groups, size=n_groups), minlength=n_groups)
    return counts


def leave_one_out(n_groups):
    """Return the counts of the jackknife: shape (n_groups, n_groups), all groups but one in each row."""
    return 1 - np.eye(n_groups, dtype=np.uint16)


def run_weights(n_runs, n_resamples, generator):
    """Draw n - 1 of n training runs for each resample, with replacement.

    The variance of the mean of n drawn runs is too small by a factor of (n - 1) / n, a large error for three runs. The
    mean of n - 1 drawn runs has the variance of the mean of n runs.

    Parameters
    ----------
    n_runs, n_resamples : int
    generator : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(n_runs, n_resamples)
        Weight of each run; columns sum to 1. All ones for a single run.

    References
    ----------
    Rao & Wu, Resampling inference with complex survey data, JASA 83, 1988.
    """
    if n_runs == 1:
        return np.ones((1, n_resamples))
    drawn = generator.integers(n_runs, size=(n_resamples, n_runs - 1))
    return (drawn[..., None] == np.arange(n_runs)).mean(axis=1).T


def pool_runs(values, runs):
    """Average the heads of each encoder if there are several encoders. With one encoder, each head is a run.

    Parameters
    ----------
    values : np.ndarray, shape=(n_heads, ...)
        One row per trained head.
    runs : list of tuple
        Encoder and head of each row.

    Returns
    -------
    np.ndarray, shape=(n_runs, ...)
        One row per encoder, or one row per head if there is only one encoder.
    """
    encoders = list(dict.fromkeys(encoder for encoder, _ in runs))
    if len(encoders) == 1:
        return values
    return np.stack([values[[run[0] == encoder for run in runs]].mean(axis=0) for encoder in encoders])
