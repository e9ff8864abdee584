"""Shares of clips, and how they vary between groups: accuracy, recall and precision."""

from typing import NamedTuple

import numpy as np


class Shares(NamedTuple):
    """Shares of clips: those that are hits, of those that are members.

    Attributes
    ----------
    value : np.ndarray, shape=(n_shares,)
        NaN where there is no member.
    deviations : np.ndarray, shape=(n_groups, n_shares)
        What each group adds to the deviation of a share from its truth; squares of their sum over groups are its variance
        (Taylor linearisation, as of ratios in surveys).
    n_clips, n_groups : np.ndarray, shape=(n_shares,)
        Members, and groups that hold one.
    """

    value: np.ndarray
    deviations: np.ndarray
    n_clips: np.ndarray
    n_groups: np.ndarray


def shares(hits, members, groups):
    """Measure shares.

    Parameters
    ----------
    hits, members : np.ndarray of bool, shape=(n_clips, n_shares)
        Hits are members.
    groups : np.ndarray, shape=(n_clips,), int
        Which group each clip is of, counted from 0.

    Returns
    -------
    Shares
    """
    n_clips = members.sum(axis=0)
    value = np.where(n_clips, hits.sum(axis=0) / np.maximum(n_clips, 1), np.nan)
    deviations = sum_groups((hits - np.nan_to_num(value) * members) / np.maximum(n_clips, 1), groups)
    return Shares(value, deviations, n_clips, groups_with(members, groups))


def groups_with(members, groups):
    """Count the groups that hold a member: shape (n_shares,)."""
    return (sum_groups(members.astype(float), groups) > 0).sum(axis=0)


def sum_groups(rows, groups, n_groups=None):
    """Sum the rows of each group: shape (n_groups, ...); there are as many as the groups' numbers say, unless more are wanted."""
    sums = np.zeros((groups.max() + 1 if n_groups is None else n_groups, *rows.shape[1:]))
    np.add.at(sums, groups, rows)
    return sums
