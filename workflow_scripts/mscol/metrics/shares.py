"""Compute shares of clips (accuracy, recall, precision) and their variation between groups."""

from typing import NamedTuple

import numpy as np


class Shares(NamedTuple):
    """Shares of clips: hits divided by members.

    Attributes
    ----------
    value : np.ndarray, shape=(n_shares,)
        NaN where there is no member.
    deviations : np.ndarray, shape=(n_groups, n_shares)
        Contribution of each group to the deviation of a share from its true value. The sum of their squares is the
        variance of the share (Taylor linearisation, as for ratios in surveys).
    n_clips, n_groups : np.ndarray, shape=(n_shares,)
        Number of members, and of groups with a member.
    """

    value: np.ndarray
    deviations: np.ndarray
    n_clips: np.ndarray
    n_groups: np.ndarray


def shares(hits, members, groups):
    """Compute shares of clips.

    Parameters
    ----------
    hits, members : np.ndarray of bool, shape=(n_clips, n_shares)
        Every hit must be a member.
    groups : np.ndarray, shape=(n_clips,), int
        Group of each clip, counted from 0.

    Returns
    -------
    Shares
    """
    n_clips = members.sum(axis=0)
    value = np.where(n_clips, hits.sum(axis=0) / np.maximum(n_clips, 1), np.nan)
    deviations = sum_groups((hits - np.nan_to_num(value) * members) / np.maximum(n_clips, 1), groups)
    return Shares(value, deviations, n_clips, groups_with(members, groups))


def groups_with(members, groups):
    """Count the groups with a member: shape (n_shares,)."""
    return (sum_groups(members.astype(float), groups) > 0).sum(axis=0)


def sum_groups(rows, groups, n_groups=None):
    """Sum the rows of each group: shape (n_groups, ...). By default ``n_groups`` is the largest number in ``groups`` plus one."""
    sums = np.zeros((groups.max() + 1 if n_groups is None else n_groups, *rows.shape[1:]))
    np.add.at(sums, groups, rows)
    return sums
