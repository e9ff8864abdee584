"""Which clips are labelled how, and what is written of those that are tested."""

import hashlib
import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from mscol.datasets.listed import read_listed
from mscol.errors import DatasetError, TrainingError
from mscol.io.atomic import atomic_path
from mscol.io.files import read_json


class Labelled(NamedTuple):
    """The labels of a dataset's clips.

    Attributes
    ----------
    clips : pd.DataFrame
        The manifest, by id.
    names : list of str
        All tags or classes, in order.
    task : str
        ``tagging`` or ``classification``.
    """

    clips: pd.DataFrame
    names: list
    task: str

    @classmethod
    def open(cls, clips, about):
        """Read a manifest, and what it says of itself."""
        about = read_json(about)
        return cls(read_listed(clips).set_index("id", drop=False), about["labels"], about["task"])

    def targets(self, clips):
        """Encode the labels of clips (`encode_labels`), in their order."""
        return encode_labels(self.clips.loc[clips, "labels"], self.names, self.task)

    def training_rows(self, clips, fraction, seed):
        """Number the rows whose clips keep their labels; ``clips`` says which clip each row is of."""
        everything = pd.Index(clips).unique()
        chosen = choose_labelled(everything, self.clips.loc[everything, "labels"], self.task, fraction, seed)
        if fraction < 1:
            n_labels = (self.targets(chosen) > 0).any(axis=0).sum() if self.task == "tagging" else (
                self.clips.loc[chosen, "labels"].nunique()
            )  # fmt: skip
            logging.info(
                "Training on the labels of %d of %d clips, which have %d of %d labels.",
                len(chosen), len(everything), n_labels, len(self.names),
            )  # fmt: skip
        return np.flatnonzero(pd.Series(clips).isin(chosen))

    def save_scores(self, path, windows, window_scores):
        """Write the scores of test clips (`save_scores`); ``windows`` is their table (clip, n_windows)."""
        cleaned = self.clips.loc[windows["clip"], "cleaned"]
        targets = self.targets(windows["clip"])
        save_scores(path, windows["clip"], windows["n_windows"], cleaned, targets, window_scores)


def choose_labelled(clips, labels, task, fraction, seed):
    """Choose the training clips whose labels are used.

    A smaller fraction is part of a larger one, and neither depends on the order of the clips. Of each class
    the same share is chosen, and one clip at least.

    Parameters
    ----------
    clips : sequence of str
        Ids.
    labels : sequence of str
        As in the manifest.
    task : str
    fraction : float
        From above 0 to 1.
    seed : int

    Returns
    -------
    list of str
        Ids, sorted.
    """
    lots = {clip: hashlib.sha256(f"{seed}/{clip}".encode()).digest() for clip in clips}
    groups = {}
    for clip, label in zip(clips, labels, strict=True):
        groups.setdefault(label if task == "classification" else "", []).append(clip)
    return sorted(
        clip
        for group in groups.values()
        for clip in sorted(group, key=lots.get)[: max(1, round(fraction * len(group)))]
    )


def encode_labels(labels, names, task):
    """Turn the manifest's labels into targets.

    Parameters
    ----------
    labels : sequence of str
        Tags joined by ";", or one class.
    names : list of str
        All tags or classes, in order.
    task : str

    Returns
    -------
    np.ndarray
        Tagging: uint8, shape (n, len(names)), 1 where the tag is given. Classification: int64, shape (n,).

    Raises
    ------
    DatasetError
        If a label is not among ``names``.

    Examples
    --------
    >>> encode_labels(["rock;loud", ""], ["loud", "slow", "rock"], "tagging").tolist()
    [[1, 0, 1], [0, 0, 0]]
    """
    number = {name: place for place, name in enumerate(names)}
    try:
        if task == "classification":
            return np.array([number[label] for label in labels], np.int64)
        targets = np.zeros((len(labels), len(names)), np.uint8)
        for row, tags in enumerate(labels):
            targets[row, [number[tag] for tag in tags.split(";") if tag]] = 1
        return targets
    except KeyError as error:
        raise DatasetError(
            f"the label {error} of a clip is none of the {len(names)} labels of its dataset; "
            "make the manifest again"
        ) from None


def save_scores(path, clips, n_windows, cleaned, labels, window_scores):
    """Write what a head says of the test clips, as ``.npz`` without pickles.

    Parameters
    ----------
    path : str or os.PathLike
    clips : sequence of str, n_clips
    n_windows : sequence of int, n_clips
    cleaned : sequence of int, n_clips
        1 where the clip belongs to the cleaned test list.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    window_scores : np.ndarray, shape=(sum of n_windows, n_labels), float32
        Probabilities of tags, or logits of classes.

    Raises
    ------
    TrainingError
        If there is no test clip.
    """
    check_not_empty(window_scores, "test")
    with atomic_path(path) as partial:
        np.savez(
            partial,
            ids=np.asarray(clips, dtype=np.str_),
            n_windows=np.asarray(n_windows, dtype=np.int64),
            cleaned=np.asarray(cleaned, dtype=np.uint8),
            labels=labels,
            window_scores=window_scores,
        )


def check_not_empty(rows, split):
    if not len(rows):
        raise TrainingError(
            f"there is no {split} clip whose spectrogram could be cached; "
            "see the manifest's rejected.csv for the reasons"
        )
