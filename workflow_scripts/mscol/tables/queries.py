"""Compute the metrics of retrieval and artist similarity, and those of their resamples."""

import numpy as np

from mscol.errors import CacheError
from mscol.metrics.resampling import resample_counts
from mscol.metrics.shares import sum_groups
from mscol.scores.files import damaged, read_arrays
from mscol.tables.measured import CLIPS_SEED, Measured, TestList

# Protocols without training that compare embeddings with each other
QUERY_METRICS = {
    "retrieval": ("mean_average_precision", "recall_at_1"),
    "artists": ("mean_normalised_rank", "equal_error_rate"),
}
_ASKED = {"retrieval": ("ids", "groups", "lists"), "artists": ("artists", "drawn")}


def measure_queries(protocol, paths, seeds, n_resamples, n_labels):
    """Compute the metrics of retrieval or artist similarity for some encoders.

    Parameters
    ----------
    protocol : str
        ``retrieval`` or ``artists``.
    paths : list of (str or os.PathLike)
        Files that `mscol.clip_means` wrote, one per seed.
    seeds : list of int
    n_resamples, n_labels : int

    Returns
    -------
    list of TestList
        For retrieval, one per test list in which some clip shares a label with another. For artists one, or none if fewer
        than two artists have clips of several recordings.

    Raises
    ------
    CacheError
        If a file is damaged, or the seeds have different queries.
    """
    arrays = [read_arrays(path) for path in paths]
    measure = {"retrieval": _retrieval, "artists": _artists}[protocol]
    try:
        for path, other in zip(paths, arrays, strict=True):
            for what in _ASKED[protocol]:
                if not np.array_equal(other[what], arrays[0][what]):
                    raise CacheError(
                        f"{path}: other queries than in {paths[0]}. Delete both files and run again."
                    )
        return list(measure(arrays, [(seed, 1) for seed in seeds], n_resamples, n_labels))
    except (KeyError, ValueError, IndexError) as error:
        raise damaged(paths[0], error) from error


def _retrieval(arrays, runs, n_resamples, n_labels):
    about = arrays[0]
    for number, test_list in enumerate(about["lists"].tolist()):
        asked = np.isfinite(about["precision"][number])
        if not asked.any():
            continue
        names, groups = np.unique(about["groups"][asked], return_inverse=True)
        counts = resample_counts(len(names), n_resamples, np.random.default_rng(CLIPS_SEED))
        n_queries = np.bincount(groups)

        def over_queries(of_query, groups=groups, counts=counts, n_queries=n_queries):
            return _ratios(sum_groups(of_query, groups), n_queries, counts)

        found = {"mean_average_precision": "precision", "recall_at_1": "hit"}
        yield TestList(
            name=test_list,
            n_test=int(asked.sum()),
            asked=[*about["ids"][asked].tolist(), *about["groups"][asked].tolist()],
            measured=Measured.of_queries(
                runs,
                {
                    metric: [over_queries(one[key][number, asked]) for one in arrays]
                    for metric, key in found.items()
                },
                len(names),
                n_labels,
            ),
            chance={
                metric: float(about[f"{key}_chance"][number, asked].mean()) for metric, key in found.items()
            },
            n_left_out=int(about["n_alone"][number]),
        )


def _artists(arrays, runs, n_resamples, n_labels):
    artists, drawn = arrays[0]["artists"], arrays[0]["drawn"]
    if not len(drawn):
        return
    n = drawn.shape[1]
    n_drawn = np.bincount(drawn.ravel(), minlength=len(artists))
    counts = resample_counts(len(artists), n_resamples, np.random.default_rng(CLIPS_SEED))

    def rank(one):
        return _ratios(sum_groups(one["ranks"].ravel() / n, drawn.ravel(), len(artists)), n_drawn, counts)

    yield TestList(
        name="all",
        n_test=len(artists),
        asked=artists.tolist(),
        measured=Measured.of_queries(
            runs,
            {
                "mean_normalised_rank": [rank(one) for one in arrays],
                "equal_error_rate": [_error_rates(one, counts) for one in arrays],
            },
            len(artists),
            n_labels,
        ),
        chance={"mean_normalised_rank": (n - 1) / (2 * n), "equal_error_rate": 0.5},
    )


def _ratios(sums, sizes, counts):
    """Return the mean over all groups, then that of each resample of groups: shape (1 + n_resamples,)."""
    counts = np.concatenate([np.ones((1, counts.shape[1])), counts])
    with np.errstate(invalid="ignore"):  # a resample may be empty
        return (counts @ sums) / (counts @ sizes)


def _error_rates(one, counts):
    """Return the equal error rate of the artists, then of each resample of them, mean over episodes: shape (1 + n_resamples,).

    In an episode it is the share at which the similarities of the right candidates, sorted in rising order, first exceed those
    of the wrong ones, sorted in falling order. It is computed as a minimum over the right candidates. For each, take the
    share of right candidates that are less similar and the share of wrong ones that are at least as similar, and keep the
    larger share.
    """
    counts = np.concatenate([np.ones((1, counts.shape[1])), counts]).astype(np.float32)
    rates = []
    for drawn, right, wrong in zip(one["drawn"], one["right"], one["wrong"], strict=True):
        weights = counts[:, drawn]
        total = weights.sum(axis=1, keepdims=True)
        order = np.argsort(right)
        missed = np.cumsum(weights[:, order], axis=1) - weights[:, order]
        passed = weights @ (wrong[:, None] >= right[order]).astype(np.float32)
        with np.errstate(invalid="ignore"):
            rates.append(np.minimum((np.maximum(missed, passed) / total).min(axis=1), 1))
    return np.nanmean(np.array(rates, np.float64), axis=0)
