"""Encode the labels of clips, and choose the labelled training clips."""

import hashlib
import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from mscol.datasets.listed import read_listed
from mscol.errors import DatasetError, TrainingError
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
        ``tagging``, ``classification`` or ``regression``.
    """

    clips: pd.DataFrame
    names: list
    task: str

    @classmethod
    def open(cls, clips, about):
        """Read a manifest and its about.json."""
        about = read_json(about)
        return cls(read_listed(clips).set_index("id", drop=False), about["labels"], about["task"])

    def targets(self, clips):
        """Encode the labels of clips (`encode_labels`), in the order of ``clips``."""
        return encode_labels(self.clips.loc[clips, "labels"], self.names, self.task)

    def targets_of_heads(self, clips):
        """Encode the labels of clips for training. Numbers get shape (n, 1), which the R2 metric of Keras needs."""
        targets = self.targets(clips)
        return targets[:, None].astype(np.float32) if self.task == "regression" else targets

    def training_rows(self, clips, fraction, seed):
        """Return the indices of the rows whose clips keep their labels; ``clips`` gives the clip of each row."""
        everything = pd.Index(clips).unique()
        about = self.clips.loc[everything]
        chosen = choose_labelled(everything, about["labels"], about["group"], self.task, fraction, seed)
        if fraction < 1:
            kept = self.clips.loc[chosen, "labels"]
            n_labels = kept.str.split(";").explode().replace("", pd.NA).nunique()
            of_labels = "" if self.task == "regression" else f", with {n_labels} of {len(self.names)} labels"
            logging.info(
                "Training on the labels of %d of %d clips%s.", len(chosen), len(everything), of_labels
            )
        return np.flatnonzero(pd.Series(clips).isin(chosen))


def choose_labelled(clips, labels, groups, task, fraction, seed):
    """Choose the training clips whose labels are used.

    Whole groups of each class are chosen: a tenth of the labels comes from a tenth of the instruments or songs, not from some
    notes or clips of each. The share of chosen clips is the same for each class, as nearly as its groups allow, with at least
    one group per class. A smaller fraction is a subset of a larger one, and the choice does not depend on the order of the
    clips.

    Parameters
    ----------
    clips : sequence of str
        Ids.
    labels, groups : sequence of str
        As in the manifest.
    task : str
    fraction : float
        Above 0, up to 1.
    seed : int

    Returns
    -------
    list of str
        Ids, sorted.
    """
    table = pd.DataFrame({"clip": list(clips), "group": list(groups)})
    table["label"] = list(labels) if task == "classification" else ""
    lots = {
        group: hashlib.sha256(f"{seed}/{group}".encode()).hexdigest() for group in table["group"].unique()
    }
    chosen = []
    for _, part in table.assign(lot=table["group"].map(lots)).groupby("label", sort=False):
        sizes = part.groupby("lot").size()  # in the order of the lots
        n_taken = np.abs(sizes.cumsum().to_numpy() - fraction * len(part)).argmin() + 1
        chosen += list(part.loc[part["lot"].isin(sizes.index[:n_taken]), "clip"])
    return sorted(chosen)


def encode_labels(labels, names, task):
    """Encode the manifest's labels as targets.

    Parameters
    ----------
    labels : sequence of str
        Tags joined by ";", one class, or one number.
    names : list of str
        All tags or classes, in order.
    task : str

    Returns
    -------
    np.ndarray
        Tagging: uint8, shape (n, len(names)), 1 if the clip has the tag. Classification: int64, shape (n,).
        Regression: float64, shape (n,).

    Raises
    ------
    DatasetError
        If a label is not among ``names``.

    Examples
    --------
    >>> encode_labels(["rock;loud", ""], ["loud", "slow", "rock"], "tagging").tolist()
    [[1, 0, 1], [0, 0, 0]]
    """
    if task == "regression":
        return np.array([float(label) for label in labels], np.float64)
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
            f"the label {error} of a clip is not among the {len(names)} labels of its dataset. "
            "Recompute the manifest."
        ) from None


def check_not_empty(rows, split):
    if not len(rows):
        raise TrainingError(
            f"no {split} clip has a spectrogram in the mel cache. "
            "The manifest's rejected.csv lists the reasons."
        )
