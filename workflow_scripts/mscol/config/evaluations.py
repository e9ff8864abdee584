"""How a model is evaluated: protocols, shares of the training labels, and trained heads or classifiers."""

import re
from pathlib import Path
from typing import NamedTuple

from mscol.datasets.task_names import SUFFIXES
from mscol.errors import ConfigError

_LABELS = "-labels"
# Pattern of `Way.labels` in file names
LABELS_PATTERN = rf"|{_LABELS}[0-9.e-]+"
# Heads and classifiers that a rule trains
_MADE_HERE = re.compile(
    rf"models/[A-Za-z0-9_-]+/seed\d+/(heads|finetuned)/[a-z0-9]+({'|'.join(SUFFIXES)})?({LABELS_PATTERN})\.keras"
)

# Settings tried on the validation clips; the best is used
N_NEIGHBOURS = (1, 5, 10, 20, 50)  # by knn
STRENGTHS = (
    1e-4,
    1e-3,
    1e-2,
    1e-1,
    1.0,
    10.0,
)  # by logistic: inverse regularisation strength, weakest regularisation last


class Way(NamedTuple):
    """A way of evaluating.

    Attributes
    ----------
    protocol : str
        ``frozen``, ``finetuned`` or ``evaluate`` (`mscol.probes`), or a protocol on clip means (`mscol.clip_means`).
    label_fraction : float
        Share of the training clips whose labels are used.
    """

    protocol: str
    label_fraction: float

    @property
    def labels(self):
        """The share of the labels as part of a file's name; the inverse of `label_fraction`.

        >>> Way("frozen", 0.1).labels, Way("frozen", 1.0).labels
        ('-labels0.1', '')
        """
        return "" if self.label_fraction == 1 else f"{_LABELS}{self.label_fraction!r}"


def ways(model, evaluation):
    """List how a model is evaluated, in the config's order.

    Parameters
    ----------
    model : mscol.config.models.Model
        A function cannot be finetuned.
    evaluation : dict
        Section of the config: protocols and label_fractions.

    Returns
    -------
    list of Way
    """
    return [way for way in _all_ways(evaluation) if way.protocol != "finetuned" or not model.callable]


def ways_on_clip_means(evaluation):
    """List the ways of evaluating that need one embedding per clip, in the config's order."""
    return [way for way in _all_ways(evaluation) if on_clip_means(way.protocol)]


def _all_ways(evaluation):
    return [
        Way(protocol, float(fraction))
        for protocol in evaluation["protocols"]
        for fraction in ([1] if _takes_all_labels(protocol) else evaluation["label_fractions"])
    ]


def on_clip_means(protocol):
    """Return whether a protocol needs one embedding per clip, and no training framework.

    >>> [protocol for protocol in ("frozen", "knn", "shots8") if on_clip_means(protocol)]
    ['knn', 'shots8']
    """
    return protocol in ("knn", "logistic", "retrieval", "artists") or shots_of(protocol) > 0


def shots_of(protocol):
    """Return the clips per class that a few-shot protocol learns from; 0 for other protocols.

    >>> shots_of("shots8"), shots_of("knn")
    (8, 0)
    """
    return int(protocol.removeprefix("shots")) if protocol.startswith("shots") else 0


def trains(protocol):
    """Return whether a protocol learns labels. Retrieval and artists only compare embeddings with each other."""
    return protocol not in ("retrieval", "artists")


def _takes_all_labels(protocol):
    """Return whether a protocol ignores `label_fractions`: a trained head has seen all labels, few-shot draws are small shares
    already, and queries need no labels."""
    return protocol == "evaluate" or shots_of(protocol) > 0 or not trains(protocol)


def has_label_curves(evaluation):
    """Return whether a model is evaluated with several shares of the labels."""
    return len(evaluation["label_fractions"]) > 1 and not all(map(_takes_all_labels, evaluation["protocols"]))


def label_fraction(labels):
    """Read the share of the training labels from a file's name: "-labels0.1" is 0.1, "" is 1.

    Raises
    ------
    ConfigError
        If it is not above 0 and at most 1.
    """
    fraction = float(labels.removeprefix(_LABELS) or 1)
    check_fraction(fraction)
    return fraction


def check_fraction(fraction):
    """Check a share of the training labels, from the config or from a target's name.

    Raises
    ------
    ConfigError
        If it is not above 0 and at most 1.
    """
    if not 0 < fraction <= 1:  # also excludes NaN
        raise ConfigError(
            f"{fraction:g} is not a valid share of the training labels. It must be more than 0 and at most 1"
        )


def trained_file(dataset, model, seed, config):
    """Return the head or classifier of ``evaluation/trained`` for a dataset ("nsynth", "nsynth-pitch"), model and seed.

    Raises
    ------
    ConfigError
        If there is no entry, or its file neither exists nor is made by this workflow.
    """
    entry = config["evaluation"]["trained"].get(dataset)
    if not entry:
        raise ConfigError(f"config key 'evaluation/trained': there is no entry for {dataset}. Add one")
    path = (entry["head"] or entry["classifier"]).format(model=model, seed=seed)
    if not _MADE_HERE.fullmatch(path) and not Path(path).is_file():
        # Checked here: without its input, Snakemake would take an existing table as up to date.
        raise ConfigError(
            f"config key 'evaluation/trained/{dataset}': there is no file {path!r} (relative paths start at {Path.cwd()}), "
            "and this workflow does not make it"
        )
    return path
