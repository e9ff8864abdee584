"""What heads say of the test clips, read back from what `mscol.probes` wrote."""

from dataclasses import dataclass

import numpy as np

from mscol.errors import CacheError
from mscol.metrics import MetricError
from mscol.metrics.points import aggregate_rows


@dataclass(frozen=True)
class TestScores:
    """What the heads of one encoder say of the test clips.

    Attributes
    ----------
    ids : np.ndarray of str, shape=(n_clips,)
    groups : np.ndarray of str, shape=(n_clips,)
        What is resampled: clips of one group are not independent.
    scores : np.ndarray, shape=(n_heads, n_clips, n_labels)
        Aggregated over windows.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    cleaned : np.ndarray of bool, shape=(n_clips,)
    """

    __test__ = False  # no test case, whatever pytest thinks of the name

    ids: np.ndarray
    groups: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    cleaned: np.ndarray


def read_scores(path, how):
    """Read the scores of an encoder's heads, and aggregate them over each clip's windows.

    Parameters
    ----------
    path : str or os.PathLike
        ``.npz`` as `mscol.probes.labels.save_scores` writes it.
    how : str
        ``mean`` or ``sum``.

    Returns
    -------
    TestScores

    Raises
    ------
    CacheError
        If the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        n_windows, heads = arrays["n_windows"], arrays["window_scores"]
        scores = np.stack([aggregate_rows(head, n_windows, how) for head in heads])
        cleaned = arrays["cleaned"].astype(bool)
        return TestScores(arrays["ids"], arrays["groups"], scores, arrays["labels"], cleaned)
    except MetricError as error:
        raise MetricError(f"{path}: {error}") from error
    except Exception as error:  # NumPy and zipfile raise whatever a damaged archive leads them to
        raise CacheError(f"{path}: damaged ({error}); delete it, and it is made again") from error


def list_tests(tested, task):
    """Say which clips each test list holds.

    A tagging dataset with test clips outside the cleaned list has two: ``filtered`` (the cleaned ones)
    and ``unfiltered`` (all, those without a tag carrying an all-zero label). Others have ``all``.

    Returns
    -------
    dict of str to np.ndarray of bool, shape=(n_clips,)
    """
    everything = np.ones(len(tested.ids), bool)
    if task != "tagging" or tested.cleaned.all():
        return {"all": everything}
    lists = {"filtered": tested.cleaned, "unfiltered": everything}
    return {name: chosen for name, chosen in lists.items() if chosen.any()}


def check_same_clips(first, paths, tested):
    """Raise where a seed was not scored on the clips of the ``first`` (its path and scores)."""
    for path, other in zip(paths, tested, strict=True):
        if not np.array_equal(other.ids, first[1].ids):
            raise CacheError(
                f"{path}: not the test clips of {first[0]}; delete both, and they are made again"
            )
