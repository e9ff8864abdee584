"""Scores of test clips on disk: ``.npz`` without pickles, one file per encoder and protocol."""

from dataclasses import dataclass

import numpy as np

from mscol.errors import CacheError
from mscol.io.atomic import atomic_path
from mscol.metrics import MetricError
from mscol.metrics.points import aggregate_rows
from mscol.scores.labels import check_not_empty

AGGREGATION = {
    "tagging": "mean",
    "classification": "sum",
    "regression": "mean",
}  # of windows (METHOD, "Downstream")


@dataclass(frozen=True)
class TestScores:
    """Scores of the test clips by the heads of one encoder.

    Attributes
    ----------
    ids : np.ndarray of str, shape=(n_clips,)
    groups : np.ndarray of str, shape=(n_clips,)
        The units of resampling: clips of one group are not independent.
    scores : np.ndarray, shape=(n_heads, n_clips, n_labels)
        Aggregated over windows.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    cleaned : np.ndarray of bool, shape=(n_clips,)
    validation : np.ndarray, shape=(n_heads,)
        The task's first metric on the validation clips; NaN if it was not measured.
    chosen : np.ndarray of str, shape=(n_heads,)
        Settings chosen by that metric; empty if nothing was chosen.
    """

    __test__ = False  # pytest would take the name for a test case

    ids: np.ndarray
    groups: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    cleaned: np.ndarray
    validation: np.ndarray
    chosen: np.ndarray


def save_scores(path, labelled, windows, window_scores, validation=None, chosen=None):
    """Write the scores of the test clips by the heads of an encoder.

    Parameters
    ----------
    path : str or os.PathLike
    labelled : mscol.scores.labels.Labelled
    windows : pd.DataFrame
        One row per test clip: clip and n_windows.
    window_scores : np.ndarray, shape=(n_heads, sum of n_windows, n_labels), float32
        Probabilities of tags, logits of classes, or numbers.
    validation, chosen : sequence, optional
        As in `TestScores`.

    Raises
    ------
    TrainingError
        If there is no test clip.
    """
    check_not_empty(windows, "test")
    clips = labelled.clips.loc[windows["clip"]]
    n_heads = len(window_scores)
    save_arrays(
        path,
        ids=clips["id"].to_numpy(np.str_),
        groups=clips["group"].to_numpy(np.str_),
        n_windows=windows["n_windows"].to_numpy(np.int64),
        cleaned=clips["cleaned"].to_numpy(np.uint8),
        labels=labelled.targets(clips["id"]),
        window_scores=window_scores,
        validation=np.full(n_heads, np.nan) if validation is None else np.asarray(validation, np.float64),
        chosen=np.array([""] * n_heads if chosen is None else chosen, np.str_),
    )


def read_scores(path, task):
    """Read the scores of an encoder's heads, and aggregate them over each clip's windows.

    Parameters
    ----------
    path : str or os.PathLike
        A file that `save_scores` wrote.
    task : str

    Returns
    -------
    TestScores

    Raises
    ------
    CacheError
        If the file is damaged.
    """
    arrays = read_arrays(path)
    try:
        n_windows, heads = arrays["n_windows"], arrays["window_scores"]
        scores = np.stack([aggregate_rows(head, n_windows, AGGREGATION[task]) for head in heads])
        cleaned = arrays["cleaned"].astype(bool)
        about = (arrays["ids"], arrays["groups"], scores, arrays["labels"], cleaned)
        return TestScores(*about, arrays["validation"], arrays["chosen"])
    except MetricError as error:
        raise MetricError(f"{path}: {error}") from error
    except (KeyError, ValueError, IndexError) as error:
        raise damaged(path, error) from error


def save_arrays(path, **arrays):
    """Write arrays as an ``.npz``, atomically."""
    with atomic_path(path) as partial:
        np.savez(partial, **arrays)


def read_arrays(path):
    """Read all arrays of an ``.npz``.

    Raises
    ------
    CacheError
        If the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # NumPy and zipfile raise errors of many kinds for a damaged archive
        raise damaged(path, error) from error


def damaged(path, error):
    """Return the error for a damaged ``.npz``."""
    return CacheError(f"{path}: damaged ({error}). Delete it and run again.")


def list_tests(cleaned, task):
    """Return the clips of each test list.

    A tagging dataset with test clips outside the cleaned list has two test lists: ``filtered`` (the cleaned clips)
    and ``unfiltered`` (all clips; those without a tag have an all-zero label). Other datasets have ``all``.

    Parameters
    ----------
    cleaned : np.ndarray of bool, shape=(n_clips,)
    task : str

    Returns
    -------
    dict of str to np.ndarray of bool, shape=(n_clips,)
    """
    everything = np.ones(len(cleaned), bool)
    if task != "tagging" or cleaned.all():
        return {"all": everything}
    lists = {"filtered": cleaned, "unfiltered": everything}
    return {name: chosen for name, chosen in lists.items() if chosen.any()}


def check_same_clips(first, paths, tested):
    """Raise CacheError if a seed was not scored on the clips of ``first`` (its path and ids)."""
    for path, other in zip(paths, tested, strict=True):
        if not np.array_equal(other.ids, first[1]):
            raise CacheError(f"{path}: not the test clips of {first[0]}. Delete both files and run again.")
