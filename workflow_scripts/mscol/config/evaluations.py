"""How a model is evaluated: protocols, shares of the training labels, and what was trained before."""

import re
from pathlib import Path
from typing import NamedTuple

from mscol.datasets.task_names import SUFFIXES
from mscol.errors import ConfigError

_LABELS = "-labels"
# What `Way.labels` may be in a file's name
LABELS_PATTERN = rf"|{_LABELS}[0-9.e-]+"
# Heads and classifiers that a rule makes
_MADE_HERE = re.compile(
    rf"models/[A-Za-z0-9_-]+/seed\d+/(heads|finetuned)/[a-z0-9]+({'|'.join(SUFFIXES)})?({LABELS_PATTERN})\.keras"
)


class Way(NamedTuple):
    """A way of evaluating.

    Attributes
    ----------
    protocol : str
        ``frozen``, ``finetuned`` or ``evaluate`` (`mscol.probes`).
    label_fraction : float
        Share of the training clips whose labels are used.
    """

    protocol: str
    label_fraction: float

    @property
    def labels(self):
        """What names the share in a file's name; the opposite of `label_fraction`.

        >>> Way("frozen", 0.1).labels, Way("frozen", 1.0).labels
        ('-labels0.1', '')
        """
        return "" if self.label_fraction == 1 else f"{_LABELS}{self.label_fraction!r}"


def ways(model, evaluation):
    """List how a model is evaluated, in the config's order.

    Parameters
    ----------
    model : mscol.config.models.Model
        One that is a function has nothing to finetune.
    evaluation : dict
        The config's section: protocols and label_fractions.

    Returns
    -------
    list of Way
    """
    found = []
    for protocol in evaluation["protocols"]:
        if protocol == "finetuned" and model.callable:
            continue
        fractions = [1] if protocol == "evaluate" else evaluation["label_fractions"]
        found += [Way(protocol, float(fraction)) for fraction in fractions]
    return found


def has_label_curves(evaluation):
    """Whether a model is evaluated with several shares of the labels: a classifier trained before has seen all."""
    return len(evaluation["label_fractions"]) > 1 and evaluation["protocols"] != ["evaluate"]


def label_fraction(labels):
    """Read the share of the training labels that a file's name names: "-labels0.1" is 0.1, "" is 1.

    Raises
    ------
    ConfigError
        If it is no share.
    """
    fraction = float(labels.removeprefix(_LABELS) or 1)
    check_fraction(fraction)
    return fraction


def check_fraction(fraction):
    """Check a share of the training labels, of the config or of a target's name.

    Raises
    ------
    ConfigError
        If it is not above 0 and at most 1.
    """
    if not 0 < fraction <= 1:  # so that NaN is none, either
        raise ConfigError(
            f"{fraction:g} is no share of the training labels; it must be more than 0 and at most 1"
        )


def trained_file(dataset, model, seed, config):
    """Name the head or classifier that ``evaluation/trained`` says for a dataset ("nsynth", "nsynth-pitch"), model and seed.

    Raises
    ------
    ConfigError
        If it says none, or names a file that neither is there nor is made by this workflow.
    """
    entry = config["evaluation"]["trained"].get(dataset)
    if not entry:
        raise ConfigError(f"config key 'evaluation/trained' does not say how {dataset} is to be evaluated")
    path = (entry["head"] or entry["classifier"]).format(model=model, seed=seed)
    if not _MADE_HERE.fullmatch(path) and not Path(path).is_file():
        # Snakemake would take a table that is there for one that need not be made.
        raise ConfigError(
            f"config key 'evaluation/trained/{dataset}': there is no file {path!r} (relative paths start at {Path.cwd()}), "
            "and this workflow makes none of that name"
        )
    return path
