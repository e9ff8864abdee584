"""Retrieval: each clip of a test list asks which others are like it."""

from typing import NamedTuple

import numpy as np

from mscol.clip_means.knn import blocks
from mscol.metrics.chance import chance_precision


class Retrieved(NamedTuple):
    """What each query found.

    Attributes
    ----------
    precision : np.ndarray, shape=(n_clips,)
        Average precision of the ranking; NaN for a query that shares nothing with any other clip.
    hit : np.ndarray, shape=(n_clips,)
        1 where the most similar clip is one of those, else 0; NaN likewise.
    precision_chance, hit_chance : np.ndarray, shape=(n_clips,)
        The same of a ranking by chance, as is to be expected.
    """

    precision: np.ndarray
    hit: np.ndarray
    precision_chance: np.ndarray
    hit_chance: np.ndarray


def retrieve(embeddings, labels, recordings):
    """Let clips find those with which they share a class or a tag, among all but excerpts of their own recording.

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
    for block in blocks(len(embeddings), 4 * len(embeddings)):  # what is sorted is held four times
        similarities = embeddings[block] @ embeddings.T
        own = recordings[block, None] == recordings
        relevant = (shared[block] @ shared.T > 0) & ~own
        similarities[own] = -np.inf
        order = np.argsort(-similarities, axis=1, kind="stable")
        found[:, block] = _of_rankings(np.take_along_axis(relevant, order, axis=1), (~own).sum(axis=1))
    return Retrieved(*found)


def _of_rankings(relevant, n_candidates):
    """Average precision, hit at 1 and both by chance; ``relevant`` says of each place whether it is wanted."""
    n_relevant = relevant.sum(axis=1)
    places = np.arange(1, relevant.shape[1] + 1)
    precision = (relevant * np.cumsum(relevant, axis=1) / places).sum(axis=1) / np.maximum(n_relevant, 1)
    chance = np.array([_chance(*counts) for counts in zip(n_relevant, n_candidates, strict=True)])
    hit_chance = n_relevant / np.maximum(n_candidates, 1)
    rows = np.stack([precision, relevant[:, 0].astype(float), chance, hit_chance])
    return np.where(n_relevant > 0, rows, np.nan)


def _chance(n_relevant, n_candidates):
    return 1.0 if n_relevant == n_candidates else float(chance_precision(n_relevant, n_candidates))
