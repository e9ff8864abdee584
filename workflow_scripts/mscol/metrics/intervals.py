"""Compute confidence intervals and p-values of a metric from its resamples.

docs/benchmarks.md, "Intervals", reports how often each interval contains the true value (benchmarks/intervals.py).
"""

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri, stdtr, stdtrit

LEVEL = 0.95
SIGNIFICANT = 0.05
FEWEST_GROUPS = 5  # with a tag or class, and also without it; with fewer, only the value is reported
_NONE = (float("nan"), float("nan"))


def percentile_interval(values, n_groups, level=LEVEL):
    """Return the percentile interval of a metric over resamples, widened as Student's t is wider than the normal distribution.

    Parameters
    ----------
    values : np.ndarray, shape=(n_resamples,)
        NaN where the metric is not defined; those resamples are left out.
    n_groups : int
        Number of independent observations: the groups that were resampled, or those with the tag or class.
    level : float
        Share of test sets whose interval should contain the true value.

    Returns
    -------
    low, high : float
        NaN if no resample defines the metric, or if there is only one group.

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
    """Return the Clopper-Pearson interval of a share of clips, such as an accuracy; for groups after Korn and Graubard.

    For independent clips it is the exact interval. Grouped clips, and means over training runs, count as the number of
    independent clips that has the same variance.

    Parameters
    ----------
    share : float
    variance : float
        Variance of the share between groups and runs (`mscol.metrics.shares`).
    n_clips, n_groups : float
        Clips and groups over which the share is computed.
    level : float

    Returns
    -------
    low, high : float
        NaN if there is no clip.

    References
    ----------
    Clopper & Pearson, Biometrika 26, 1934; Korn & Graubard, Survey Methodology 24, 1998.
    """
    if np.isnan(share) or n_groups < 1:
        return _NONE
    tail = (1 - level) / 2
    # If all groups agree, or there is only one, a clip adds no information to its group. Rounding may leave a trace of variance.
    varies = variance > 1e-12 * share * (1 - share)
    effective = min(n_clips, share * (1 - share) / variance) if varies else n_groups
    if n_groups <= 1:
        effective = min(effective, n_groups)
    elif n_groups < n_clips and varies:
        effective *= (stdtrit(n_clips - 1, tail) / stdtrit(n_groups - 1, tail)) ** 2
    hits = share * effective
    low = betaincinv(hits, effective - hits + 1, tail) if share > 0 else 0.0
    high = betaincinv(hits + 1, effective - hits, 1 - tail) if share < 1 else 1.0
    return float(low), float(high)


def logit_interval(value, left_out, variance=0.0, level=LEVEL):
    """Return the jackknife interval of a metric between 0 and 1: bias-corrected, and symmetric on the log-odds scale.

    Use it for PR-AUC, which is biased upwards on few clips, and even more so on their resamples.

    Parameters
    ----------
    value : float
    left_out : np.ndarray, shape=(n_groups,)
        The metric without each of the groups.
    variance : float
        Variance of the value between training runs. It is added to that of the jackknife.
    level : float

    Returns
    -------
    low, high : float
        NaN for a single group, an undefined value, or one that no group and no run changes.

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
    if variance == 0:
        return _NONE
    edge = max(1e-6, min(1e-3, value, 1 - value))
    value, centre = np.clip([value, value - bias], edge, 1 - edge)
    reach = -stdtrit(n_groups - 1, (1 - level) / 2) * np.sqrt(variance) / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(np.log(centre / (1 - centre)) + np.array([-reach, reach]))))
    return float(low), float(high)


def paired_p_value(differences, n_groups):
    """Return the two-sided p-value of a paired bootstrap, from the share of resamples that reverse the order of two systems.

    Parameters
    ----------
    differences : np.ndarray, shape=(n_resamples,)
        Difference of a metric between two systems in each resample of the clips. NaN are left out.
    n_groups : int
        As for `percentile_interval`; the p-value is widened in the same way.

    Returns
    -------
    p_value : float
        Never 0. NaN if all differences are NaN, or if there is only one group.
    highest : float
        Upper end of the 95 % interval of the p-value over other resamples of the same clips.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 15. Adding one to the count and to the number of
    resamples: Davison & Hinkley, Bootstrap Methods and their Application, 1997, eq. 4.11.
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
    """Adjust the p-values of several tests for multiple comparisons (Holm, 1979).

    NaN remain NaN and do not count as tests.

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
