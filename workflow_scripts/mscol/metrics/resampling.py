"""What is drawn again: groups of test clips, and, where there are several, runs of training.

Clips of one group (notes of an instrument, clips of a song, songs of an artist) are not independent, so a resample draws
groups, with all their clips. Where several runs were trained, it draws runs, too: its metric then varies as with other test
clips and another training. The same draws serve all models of a test list: differences between them are paired.
"""

import numpy as np


def resample_counts(n_groups, n_resamples, generator):
    """Draw resamples of the groups, each as many as there are, with replacement.

    Parameters
    ----------
    n_groups, n_resamples : int
    generator : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(n_resamples, n_groups), uint16
        How often each group was drawn; rows sum to ``n_groups``.
    """
    counts = np.empty((n_resamples, n_groups), np.uint16)
    for row in counts:
        row[:] = np.bincount(generator.integers(n_groups, size=n_groups), minlength=n_groups)
    return counts


def leave_one_out(n_groups):
    """The counts of the jackknife: shape (n_groups, n_groups), all groups but one in each row."""
    return (1 - np.eye(n_groups)).astype(np.uint16)


def run_weights(n_runs, n_resamples, generator):
    """Draw runs of training for each resample: one fewer than there are, with replacement.

    Of n runs, the mean of n drawn ones varies by (n - 1) / n of what it should, which of three is much; that of n - 1 drawn
    ones varies as the mean of n runs does.

    Parameters
    ----------
    n_runs, n_resamples : int
    generator : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(n_runs, n_resamples)
        The weight of each run; columns sum to 1. All ones for a single run.

    References
    ----------
    Rao & Wu, Resampling inference with complex survey data, JASA 83, 1988.
    """
    if n_runs == 1:
        return np.ones((1, n_resamples))
    drawn = generator.integers(n_runs, size=(n_resamples, n_runs - 1))
    return (drawn[..., None] == np.arange(n_runs)).mean(axis=1).T


def pool_runs(values, runs):
    """Average what does not count as a run of its own: heads of one encoder, where there are several encoders.

    Parameters
    ----------
    values : np.ndarray, shape=(n_heads, ...)
        A row a head that was trained.
    runs : list of tuple
        For each of them its encoder and its head.

    Returns
    -------
    np.ndarray, shape=(n_runs, ...)
        A row an encoder, or a row a head if there is one encoder.
    """
    encoders = list(dict.fromkeys(encoder for encoder, _ in runs))
    if len(encoders) == 1:
        return values
    return np.stack([values[[run[0] == encoder for run in runs]].mean(axis=0) for encoder in encoders])
