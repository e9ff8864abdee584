"""Intervals and p-values: what may be said of a metric from its resamples.

docs/benchmarks.md, "Intervals", shows how often each of them holds the truth (benchmarks/intervals.py).
"""

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri, stdtr, stdtrit

LEVEL = 0.95
SIGNIFICANT = 0.05
FEWEST_GROUPS = 5  # that have a tag or class, and that have not: below it nothing is said of it but its value
_NONE = (float("nan"), float("nan"))


def percentile_interval(values, n_groups, level=LEVEL):
    """The percentile interval of a metric over resamples, widened as Student's t is wider than the normal distribution.

    Parameters
    ----------
    values : np.ndarray, shape=(n_resamples,)
        NaN where the metric is not defined; those resamples are left out.
    n_groups : int
        Independent observations: the groups that were resampled, or those with the tag or class.
    level : float
        Share of the test sets whose interval shall hold the truth.

    Returns
    -------
    low, high : float
        NaN if the metric is defined in no resample, or of a single group.

    References
    ----------
    Hesterberg, What teachers should know about the bootstrap, The American Statistician 69, 2015, section 5.3: the
    expanded percentile interval.
    """
    values = values[~np.isnan(values)]
    if not len(values) or n_groups < 2:
        return _NONE
    tail = ndtr(np.sqrt(n_groups / (n_groups - 1)) * stdtrit(n_groups - 1, (1 - level) / 2))
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def share_interval(share, variance, n_clips, n_groups, level=LEVEL):
    """The interval of Clopper and Pearson for a share of clips, such as an accuracy; of groups by Korn and Graubard.

    Of independent clips it is the exact one. Clips of groups, and means over runs of training, count for as many
    independent clips as have the same variance.

    Parameters
    ----------
    share : float
    variance : float
        Of the share, between groups and runs (`mscol.metrics.shares`).
    n_clips, n_groups : float
        That the share is of.
    level : float

    Returns
    -------
    low, high : float
        NaN if the share is of no clip.

    References
    ----------
    Clopper & Pearson, Biometrika 26, 1934; Korn & Graubard, Survey Methodology 24, 1998.
    """
    if np.isnan(share) or n_groups < 1:
        return _NONE
    tail = (1 - level) / 2
    # Where all groups say the same, no clip tells more than its group.
    effective = min(n_clips, share * (1 - share) / variance) if variance > 0 else n_groups
    if 1 < n_groups < n_clips and variance > 0:
        effective *= (stdtrit(n_clips - 1, tail) / stdtrit(n_groups - 1, tail)) ** 2
    hits = share * effective
    low = betaincinv(hits, effective - hits + 1, tail) if share > 0 else 0.0
    high = betaincinv(hits + 1, effective - hits, 1 - tail) if share < 1 else 1.0
    return float(low), float(high)


def logit_interval(value, left_out, variance=0.0, level=LEVEL):
    """The interval of a metric between 0 and 1 by the jackknife: less its bias, symmetric on the scale of log odds.

    It is for PR-AUC, which is too high on few clips, and higher still in their resamples.

    Parameters
    ----------
    value : float
    left_out : np.ndarray, shape=(n_groups,)
        The metric without each of the groups.
    variance : float
        Of the value between runs of training, which is added.
    level : float

    Returns
    -------
    low, high : float
        NaN if there is nothing to be had: a single group, or a value that is not defined.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 10 and 11.
    """
    left_out = left_out[~np.isnan(left_out)]
    n_groups = len(left_out)
    if np.isnan(value) or n_groups < 2:
        return _NONE
    bias = (n_groups - 1) * (left_out.mean() - value)
    variance = variance + (n_groups - 1) * left_out.var()
    value, centre = np.clip([value, value - bias], 1e-3, 1 - 1e-3)
    reach = -stdtrit(n_groups - 1, (1 - level) / 2) * np.sqrt(variance) / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(np.log(centre / (1 - centre)) + np.array([-reach, reach]))))
    return float(low), float(high)


def paired_p_value(differences, n_groups):
    """Two-sided p-value of a paired bootstrap: how rarely resamples put two systems the other way round.

    Parameters
    ----------
    differences : np.ndarray, shape=(n_resamples,)
        Of a metric of two systems, each pair in one resample of the clips. NaN are left out.
    n_groups : int
        As for `percentile_interval`, to which it is widened alike.

    Returns
    -------
    p_value : float
        Never 0. NaN if there is no difference to be had, or of a single group.
    highest : float
        What it may be with other resamples of the same clips: the upper end of its 95 % interval.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 15; the one that is added to counts and
    number: Davison & Hinkley, Bootstrap Methods and their Application, 1997, eq. 4.11.
    """
    differences = differences[~np.isnan(differences)]
    n_resamples = len(differences)
    if not n_resamples or n_groups < 2:
        return _NONE
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    ahead = betaincinv(tail + 1, max(n_resamples - tail, 1), 1 - (1 - LEVEL) / 2)
    normal = np.minimum(1.0, [2 * (tail + 1) / (n_resamples + 1), 2 * ahead])
    return tuple(2 * stdtr(n_groups - 1, ndtri(normal / 2) * np.sqrt((n_groups - 1) / n_groups)))


def holm(p_values):
    """Adjust p-values of several tests, so that all of them together err as rarely as one (Holm, 1979).

    NaN stay, and do not count.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, np.float64)
    n_tests = (~np.isnan(p_values)).sum()
    order = np.argsort(p_values)[:n_tests]  # NaN come last
    adjusted = np.full(len(p_values), np.nan)
    factors = n_tests - np.arange(n_tests)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return adjusted
