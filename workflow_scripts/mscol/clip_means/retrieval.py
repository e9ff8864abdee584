"""Retrieval: rank the clips of a test list by their similarity to each clip."""

from typing import NamedTuple

import numpy as np

from mscol.clip_means.knn import blocks
from mscol.metrics.chance import chance_precision


class Retrieved(NamedTuple):
    """Results of each query.

    Attributes
    ----------
    precision : np.ndarray, shape=(n_clips,)
        Average precision of the ranking; NaN for a clip that shares no class or tag with any other clip.
    hit : np.ndarray, shape=(n_clips,)
        1 if the most similar clip shares a class or tag with the query, else 0; NaN as for ``precision``.
    precision_chance, hit_chance : np.ndarray, shape=(n_clips,)
        Expected values for a random ranking.
    """

    precision: np.ndarray
    hit: np.ndarray
    precision_chance: np.ndarray
    hit_chance: np.ndarray


def retrieve(embeddings, labels, recordings):
    """Rank the other clips for each clip, except excerpts of its own recording, and score the ranking.

    A clip is relevant if it shares a class or a tag with the query.

    Parameters
    ----------
    embeddings : np.ndarray, shape=(n_clips, D), float32
        Of length 1 (`mscol.clip_means.knn.unit_rows`).
    labels : np.ndarray of bool, shape=(n_clips, n_labels)
    recordings : np.ndarray of int, shape=(n_clips,)

    Returns
    -------
    Retrieved
    """
    found = np.full((4, len(embeddings)), np.nan)
    shared = labels.astype(np.float32)
    for block in blocks(len(embeddings), 4 * len(embeddings)):  # sorting needs four arrays of this size
        similarities = embeddings[block] @ embeddings.T
        own = recordings[block, None] == recordings
        relevant = (shared[block] @ shared.T > 0) & ~own
        similarities[own] = -np.inf
        order = np.argsort(-similarities, axis=1, kind="stable")
        found[:, block] = _of_rankings(np.take_along_axis(relevant, order, axis=1), (~own).sum(axis=1))
    return Retrieved(*found)


def _of_rankings(relevant, n_candidates):
    """Return average precision, hit at 1 and both for chance; ``relevant`` marks the relevant ranks of each query."""
    n_relevant = relevant.sum(axis=1)
    places = np.arange(1, relevant.shape[1] + 1)
    precision = (relevant * np.cumsum(relevant, axis=1) / places).sum(axis=1) / np.maximum(n_relevant, 1)
    chance = np.array([_chance(*counts) for counts in zip(n_relevant, n_candidates, strict=True)])
    hit_chance = n_relevant / np.maximum(n_candidates, 1)
    rows = np.stack([precision, relevant[:, 0].astype(float), chance, hit_chance])
    return np.where(n_relevant > 0, rows, np.nan)


def _chance(n_relevant, n_candidates):
    return 1.0 if n_relevant == n_candidates else float(chance_precision(n_relevant, n_candidates))
