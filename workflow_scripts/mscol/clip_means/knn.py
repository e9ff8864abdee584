"""Find the nearest neighbours of clips, and predict labels from them."""

import numpy as np

from mscol.config.evaluations import N_NEIGHBOURS

_BLOCK_BYTES = 2**28  # similarities in memory at a time


def unit_rows(embeddings, centre=None):
    """Scale embeddings to length 1, after subtracting a centre if one is given.

    The mean of a dataset says nothing about a single clip, and without subtracting it all cosines are near 1.

    Parameters
    ----------
    embeddings : np.ndarray, shape=(n_clips, D)
    centre : np.ndarray, shape=(D,), optional

    Returns
    -------
    np.ndarray, shape=(n_clips, D), float32
        A row of zeros stays zero.
    """
    rows = np.array(embeddings, np.float32)  # one copy, changed in place: NSynth's training clips are 1.5 GB
    if centre is not None:
        rows -= centre.astype(np.float32)
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    rows /= np.maximum(norms, np.finfo(np.float32).tiny)[:, None]
    return rows


def blocks(n_queries, n_candidates):
    """Split the queries into slices whose similarities to all candidates fit into memory."""
    rows = max(1, _BLOCK_BYTES // (4 * max(n_candidates, 1)))
    return [slice(start, start + rows) for start in range(0, n_queries, rows)]


def find_neighbours(queries, training, query_recordings, training_recordings, most=N_NEIGHBOURS[-1]):
    """Find the training clips that are most similar to each query, except excerpts of the query's recording.

    Parameters
    ----------
    queries, training : np.ndarray, shape=(n, D), float32
        Of length 1 (`unit_rows`): their product is the cosine.
    query_recordings, training_recordings : np.ndarray of int, shape=(n,)
        Recording of each clip.
    most : int
        Number of neighbours; all training clips if there are fewer.

    Returns
    -------
    numbers : np.ndarray of int, shape=(n_queries, most)
        Indices of training clips, the most similar first.
    similarities : np.ndarray, shape=(n_queries, most), float32
        -inf for clips of the same recording, which appear only if there are not enough others.
    """
    most = min(most, len(training))
    numbers = np.empty((len(queries), most), np.int64)
    similarities = np.empty((len(queries), most), np.float32)
    may_share = np.isin(query_recordings, training_recordings)
    for block in blocks(len(queries), len(training)):
        cosines = queries[block] @ training.T
        for row in np.flatnonzero(may_share[block]):
            cosines[row, training_recordings == query_recordings[block][row]] = -np.inf
        nearest = np.argpartition(-cosines, most - 1, axis=1)[:, :most]
        found = np.take_along_axis(cosines, nearest, axis=1)
        order = np.lexsort((nearest, -found))  # ties: the first clip first
        numbers[block] = np.take_along_axis(nearest, order, axis=1)
        similarities[block] = np.take_along_axis(found, order, axis=1)
    return numbers, similarities


def vote(numbers, similarities, targets, n_neighbours=N_NEIGHBOURS):
    """Average the labels of neighbours, weighted by similarity.

    Parameters
    ----------
    numbers, similarities : np.ndarray, shape=(n_queries, most)
        As `find_neighbours` returns them. Neighbours with a cosine of 0 or less have no weight, unless all have.
    targets : np.ndarray, shape=(n_training, n_labels)
        Targets of training clips: 1 for a tag or class of the clip, or the number to predict.
    n_neighbours : sequence of int
        In rising order.

    Returns
    -------
    dict of int to np.ndarray, shape=(n_queries, n_labels)
        The weighted mean for each number of neighbours; for classes, shares of votes.
    """
    is_other = np.isfinite(similarities)
    weights = np.where(is_other, np.maximum(similarities, 0), 0).astype(np.float64)
    votes = {}
    for k in dict.fromkeys(min(k, numbers.shape[1]) for k in n_neighbours):
        of_k = weights[:, :k]
        lost = of_k.sum(axis=1) == 0
        of_k = np.where(lost[:, None], is_other[:, :k], of_k)
        of_k = of_k / np.maximum(of_k.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        said = np.zeros((len(numbers), targets.shape[1]))
        for place in range(k):
            said += of_k[:, place, None] * targets[numbers[:, place]]
        votes[k] = said
    return votes
