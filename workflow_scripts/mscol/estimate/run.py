"""What decides the cost of a run: its config, the sizes of its datasets, measured rates."""

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

# How often the blocks of each stage are repeated in EfficientNet-B0 (Tan & Le, EfficientNet, ICML 2019, table 1); written
# again here, because the encoder's module imports Keras
B0_REPEATS = (1, 2, 2, 3, 3, 4, 1)
B0_PARAMETERS, B0_VALUES = 4_048_991, 1280
# At most, of pitch; of other datasets a guess, which weighs little
LABELS, UNKNOWN_LABELS = {"mtat": 50, "nsynth": 11, "fma": 8}, 50
LABELS |= {"nsynth-pitch": 128, "nsynth-velocity": 5, "nsynth-source": 3, "nsynth-qualities": 10}
HIDDEN_SIZES = {"umx": 512, "umxhq": 512, "umxl": 1024}


@dataclass(frozen=True)
class Run:
    """What decides the cost of a run.

    Attributes
    ----------
    settings : dict
        The complete config (`mscol.config.effective.effective_config`).
    sizes : dict
        Dataset -> `DatasetSize`.
    shards : dict
        Dataset -> number of its shards.
    embedded : frozenset
        The datasets that are made here.
    rates : dict
        As in ``benchmarks/rates.yaml``.
    shards_in_flight : int
        Shards whose stems are on disk at a time.
    """

    settings: dict
    sizes: dict[str, DatasetSize]
    shards: dict[str, int]
    embedded: frozenset
    rates: dict
    shards_in_flight: int

    @functools.cached_property
    def models(self) -> list[Model]:
        """The models of the config."""
        return [find_model(name, self.settings) for name in self.settings["models"]]

    @property
    def evaluated(self):
        """Names of what is evaluated: datasets, and their other tasks."""
        return evaluated_names(self.settings)

    @property
    def heard(self):
        """Names of the datasets behind it."""
        return list(dict.fromkeys(map(dataset_of, self.evaluated)))

    def n_labels(self, evaluated):
        """Labels of what is evaluated."""
        layout = self.settings["datasets"][dataset_of(evaluated)]["layout"]
        return LABELS.get(name_of(layout, task_of(evaluated, self.settings)), UNKNOWN_LABELS)

    def size_of(self, evaluated):
        """The size of the dataset that is evaluated."""
        return self.sizes[dataset_of(evaluated)]

    @property
    def n_seeds(self):
        """Encoders of a model."""
        return len(self.settings["seeds"])

    def heads(self, protocol):
        """Heads of an encoder, by a protocol."""
        return self.settings["evaluation"]["heads_per_encoder"] if protocol == "frozen" else 1

    def with_more(self, **settings):
        """The same run with other settings: those of the config's top, merged by key."""
        return replace(self, settings=merge(self.settings, settings))

    @property
    def pretrained_on(self):
        """The name of the dataset that encoders are pretrained on."""
        return self.settings["pretraining"]["dataset"]

    @property
    def needs_stems(self):
        """Whether any model is made from stems."""
        return any(model.sources for model in self.models)

    @property
    def separates(self):
        """Whether stems are separated here."""
        return self.needs_stems and not self.settings["datasets"][self.pretrained_on]["stems"]

    @property
    def trains_separator(self):
        """Whether the separator is trained here."""
        return self.separates and self.settings["separation"]["model"] == "demo"

    @property
    def n_stems(self):
        """Stems that are made of a clip."""
        return len(made_stems(self.settings))

    @property
    def hidden_size(self):
        """Of the separator's networks; a folder or a function of one's own is taken for as large as umxl."""
        separation = self.settings["separation"]
        if separation["model"] == "demo":
            return separation["training"]["hidden_size"]
        return HIDDEN_SIZES.get(separation["model"], HIDDEN_SIZES["umxl"])

    @property
    def stem_clips(self):
        """Clips of which stems are made: tests hear mixtures only."""
        clips = self.sizes[self.pretrained_on].clips
        return clips["train"] + clips["validation"] if self.needs_stems else 0

    @property
    def stem_seconds(self):
        """Length of these clips, s."""
        return self.stem_clips * self.sizes[self.pretrained_on].clip_seconds

    @property
    def mel_bytes(self):
        """Bytes of a log-mel frame."""
        return N_MELS * np.dtype(self.settings["mels"]["dtype"]).itemsize

    def cpu(self, rate):
        """Look up a rate of the CPU, s."""
        return self.rates["cpu"][rate]

    def gpu(self, rate):
        """Look up a rate of the GPU, s."""
        return self.rates["gpu"][rate]

    def start(self, kind, jobs):
        """Seconds that jobs take before their work."""
        return jobs * self.rates["cpu"]["start"][kind]

    def shares(self, model, *protocols):
        """The shares of labels by which protocols evaluate a model, one after another."""
        of_model = ways(model, self.settings["evaluation"])
        return [way.label_fraction for way in of_model if way.protocol in protocols]


def gather_run(settings, datasets, shards, embedded, rates, shards_in_flight):
    """Gather what decides the cost of a run.

    Parameters
    ----------
    settings, shards, shards_in_flight
        As of `Run`.
    datasets : dict
        Dataset -> what `measure_dataset` wants to know.
    embedded : iterable of str
    rates : str or os.PathLike
        A file of rates.
    """
    sizes = {name: measure_dataset(**dataset) for name, dataset in datasets.items()}
    return Run(settings, sizes, shards, frozenset(embedded), read_yaml(rates), shards_in_flight)


def encoder_scale(run):
    """An encoder's time as a share of EfficientNet-B0's.

    Half of B0's time is passes over memory, which grow with the width, half products, which grow with its square
    (docs/benchmarks.md, "Where the time goes"); both grow with the number of blocks.
    """
    width = run.settings["encoder"]["width"]
    return _depth(run) * (width + width**2) / 2


def encoder_parameters(run):
    """Weights of an encoder, about."""
    return B0_PARAMETERS * _depth(run) * run.settings["encoder"]["width"] ** 2


def encoder_values(run):
    """Values of an embedding."""
    return max(8, round(B0_VALUES * run.settings["encoder"]["width"] / 8) * 8)


def encoder_bytes(run):
    """Size of encoder.keras, about."""
    return encoder_parameters(run) * run.rates["bytes"]["encoder_parameter"]


def _depth(run):
    """The number of blocks as a share of B0's."""
    return sum(math.ceil(run.settings["encoder"]["depth"] * n) for n in B0_REPEATS) / sum(B0_REPEATS)


def by_size(rates, size):
    """Interpolate rates that were measured at some hidden sizes; a single number holds for all."""
    if not isinstance(rates, dict):
        return float(rates)
    sizes = sorted(rates)
    return float(np.interp(size, sizes, [float(rates[known]) for known in sizes]))
