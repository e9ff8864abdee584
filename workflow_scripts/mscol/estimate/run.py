"""Everything that determines the cost of a run: its config, the sizes of its datasets, measured rates."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from mscol.config.datasets import evaluated_names, task_of
from mscol.config.effective import merge, read_yaml
from mscol.config.evaluations import ways
from mscol.config.models import Model, find_model, made_stems
from mscol.datasets.task_names import dataset_of, name_of
from mscol.estimate.sizes import DatasetSize, measure_dataset
from mscol.mels import N_MELS

# Repeats of the blocks of each stage in EfficientNet-B0 (Tan & Le, EfficientNet, ICML 2019, table 1); duplicated here because the
# module of the encoder imports Keras
B0_REPEATS = (1, 2, 2, 3, 3, 4, 1)
B0_PARAMETERS, B0_VALUES = 4_048_991, 1280
# The maximum for pitch; a guess for other datasets, with little effect
LABELS, UNKNOWN_LABELS = {"mtat": 50, "nsynth": 11, "fma": 8}, 50
LABELS |= {"nsynth-pitch": 128, "nsynth-velocity": 5, "nsynth-source": 3, "nsynth-qualities": 10}
HIDDEN_SIZES = {"umx": 512, "umxhq": 512, "umxl": 1024}


@dataclass(frozen=True)
class Run:
    """Everything that determines the cost of a run.

    Attributes
    ----------
    settings : dict
        The complete config (`mscol.config.effective.effective_config`).
    sizes : dict
        Dataset -> `DatasetSize`.
    shards : dict
        Dataset -> number of shards.
    embedded : frozenset
        Datasets that the workflow synthesises.
    rates : dict
        Content of ``benchmarks/rates.yaml``.
    shards_in_flight : int
        Number of shards whose stems are on disk at a time.
    """

    settings: dict
    sizes: dict[str, DatasetSize]
    shards: dict[str, int]
    embedded: frozenset
    rates: dict
    shards_in_flight: int

    @functools.cached_property
    def models(self) -> list[Model]:
        """Models of the config."""
        return [find_model(name, self.settings) for name in self.settings["models"]]

    @property
    def evaluated(self):
        """Names of the evaluations: datasets and their other tasks."""
        return evaluated_names(self.settings)

    @property
    def heard(self):
        """Names of the evaluated datasets, without tasks."""
        return list(dict.fromkeys(map(dataset_of, self.evaluated)))

    def n_labels(self, evaluated):
        """Return the number of labels of an evaluation."""
        layout = self.settings["datasets"][dataset_of(evaluated)]["layout"]
        return LABELS.get(name_of(layout, task_of(evaluated, self.settings)), UNKNOWN_LABELS)

    def size_of(self, evaluated):
        """Return the size of the dataset of an evaluation."""
        return self.sizes[dataset_of(evaluated)]

    @property
    def n_seeds(self):
        """Number of seeds: encoders per model."""
        return len(self.settings["seeds"])

    def heads(self, protocol):
        """Return the number of heads per encoder in a protocol."""
        return self.settings["evaluation"]["heads_per_encoder"] if protocol == "frozen" else 1

    def with_more(self, **settings):
        """Return the run with other settings: top-level keys of the config, merged by key."""
        return replace(self, settings=merge(self.settings, settings))

    @property
    def pretrained_on(self):
        """Name of the dataset for pretraining."""
        return self.settings["pretraining"]["dataset"]

    @property
    def needs_stems(self):
        """Whether a model needs stems."""
        return any(model.sources for model in self.models)

    @property
    def separates(self):
        """Whether this run separates stems."""
        return self.needs_stems and not self.settings["datasets"][self.pretrained_on]["stems"]

    @property
    def trains_separator(self):
        """Whether this run trains the separator."""
        return self.separates and self.settings["separation"]["model"] == "demo"

    @property
    def n_stems(self):
        """Number of stems per clip."""
        return len(made_stems(self.settings))

    @property
    def hidden_size(self):
        """Hidden size of the separator's networks; a folder or function of the user counts as umxl."""
        separation = self.settings["separation"]
        if separation["model"] == "demo":
            return separation["training"]["hidden_size"]
        return HIDDEN_SIZES.get(separation["model"], HIDDEN_SIZES["umxl"])

    @property
    def stem_clips(self):
        """Number of clips with stems; test clips need only mixtures."""
        clips = self.sizes[self.pretrained_on].clips
        return clips["train"] + clips["validation"] if self.needs_stems else 0

    @property
    def stem_seconds(self):
        """Total length of the clips with stems, s."""
        return self.stem_clips * self.sizes[self.pretrained_on].clip_seconds

    @property
    def mel_bytes(self):
        """Bytes per log-mel frame."""
        return N_MELS * np.dtype(self.settings["mels"]["dtype"]).itemsize

    def cpu(self, rate):
        """Look up a rate of the CPU, s."""
        return self.rates["cpu"][rate]

    def gpu(self, rate):
        """Look up a rate of the GPU, s."""
        return self.rates["gpu"][rate]

    def start(self, kind, jobs):
        """Return the seconds that jobs take before their work starts."""
        return jobs * self.rates["cpu"]["start"][kind]

    def shares(self, model, *protocols):
        """List the shares of labels with which some protocols evaluate a model."""
        of_model = ways(model, self.settings["evaluation"])
        return [way.label_fraction for way in of_model if way.protocol in protocols]


def gather_run(settings, datasets, shards, embedded, rates, shards_in_flight):
    """Collect everything that determines the cost of a run.

    Parameters
    ----------
    settings, shards, shards_in_flight
        See `Run`.
    datasets : dict
        Dataset -> arguments of `measure_dataset`.
    embedded : iterable of str
        See `Run`.
    rates : str or os.PathLike
        File of rates, such as ``benchmarks/rates.yaml``.
    """
    sizes = {name: measure_dataset(**dataset) for name, dataset in datasets.items()}
    return Run(settings, sizes, shards, frozenset(embedded), read_yaml(rates), shards_in_flight)


def encoder_scale(run):
    """Return the time of an encoder relative to EfficientNet-B0.

    Half of B0's time is memory access, which grows with the width; half is matrix products, which grow with its square
    (docs/benchmarks.md, "Where the time goes"). Both grow with the number of blocks.
    """
    width = run.settings["encoder"]["width"]
    return _depth(run) * (width + width**2) / 2


def encoder_parameters(run):
    """Return the approximate number of weights of an encoder."""
    return B0_PARAMETERS * _depth(run) * run.settings["encoder"]["width"] ** 2


def encoder_values(run):
    """Return the number of values of an embedding."""
    return max(8, round(B0_VALUES * run.settings["encoder"]["width"] / 8) * 8)


def encoder_bytes(run):
    """Return the approximate size of encoder.keras, bytes."""
    return encoder_parameters(run) * run.rates["bytes"]["encoder_parameter"]


def _depth(run):
    """Return the number of blocks relative to B0."""
    return sum(math.ceil(run.settings["encoder"]["depth"] * n) for n in B0_REPEATS) / sum(B0_REPEATS)


def by_size(rates, size):
    """Interpolate rates measured at some hidden sizes; a single number applies to all sizes."""
    if not isinstance(rates, dict):
        return float(rates)
    sizes = sorted(rates)
    return float(np.interp(size, sizes, [float(rates[known]) for known in sizes]))
