"""A run of pretraining, from the mel cache to encoder.keras, history.csv and run.json."""

import logging
import platform
import time

import numpy as np

import mscol
from mscol.files import write_csv, write_json
from mscol.model import SourceAssociation, build_encoder, configure, framework_versions, save_encoder
from mscol.pretraining.data import load_data
from mscol.pretraining.history import History
from mscol.pretraining.loop import train

FORGETTING = 20  # how many times over a run forgets the statistics that it starts from
CALIBRATION_BATCHES = 32


def pretrain(files, clips, sources, settings, seed, framework_threads, outputs, about=None):
    """Pretrain an encoder by source association.

    Settings, seed, thread count and data decide the encoder, whatever the order of files.

    Parameters
    ----------
    files : CacheFiles
    clips : str or os.PathLike
        Manifest of the dataset: csv with columns id and split.
    sources : list of str
        The source set; empty for pairs of the mixture with itself (COLA).
    settings : dict
        encoder (width, depth, projection), batch_size (pairs), updates, learning_rate,
        halve_learning_rate (once, half-way), validation_every (updates), validation_batches,
        activity_threshold, activity_windows (aligned or reference).
    seed : int
    framework_threads : int
        Threads of the framework.
    outputs : dict
        Paths to write to: encoder (``.keras``), history (csv), run (JSON).
    about : dict, optional
        What else run.json is to say: model name, git commit.

    Raises
    ------
    TrainingError
        If a source has fewer than two active training segments, or the loss becomes not finite.
    """
    started = time.monotonic()
    configure(framework_threads, seed)
    data = load_data(files, clips, sources, settings, seed)
    network = _build(settings)
    logging.info(
        "Training on pairs of the mixture and %s: %d updates of %d pairs from %s segments.",
        " or ".join(data.training.sources),
        settings["updates"],
        data.training.n_pairs,
        data.n_segments["train"]["all"],
    )
    history = train(network, data, settings)
    about = _describe(data, sources, settings, seed, framework_threads, started, about)
    _write(outputs, network.encoder, history, about)


def initialise(files, clips, settings, seed, framework_threads, outputs, about=None):
    """Save the encoder from which `pretrain` would start: random weights, an empty history.

    Without data its batch normalisation would let nothing through: kernels of random weights fade the
    log-mels to some 1e-7, the same for all crops. So their statistics, and nothing else, are taken
    from some minibatches of mixtures.

    Parameters
    ----------
    files : CacheFiles
        Of the mixtures.
    clips, settings, seed, framework_threads, outputs, about
        As for `pretrain`.

    Raises
    ------
    TrainingError
        If there are fewer than two training segments.
    """
    started = time.monotonic()
    configure(framework_threads, seed)
    data = load_data(files, clips, [], settings, seed)
    network = _build(settings | {"updates": CALIBRATION_BATCHES})
    for batch in data.training.batches(range(CALIBRATION_BATCHES)):
        network(batch._asdict(), training=True)
    _write(
        outputs,
        network.encoder,
        History(),
        _describe(data, [], settings, seed, framework_threads, started, about),
    )


def _build(settings):
    size = settings["encoder"]
    encoder = build_encoder(size["width"], size["depth"], momentum=_momentum(settings["updates"]))
    return SourceAssociation(encoder, size["projection"])


def _momentum(updates):
    """Choose the momentum of batch normalisation: Keras' own, or less for a short run to forget its start.

    >>> [_momentum(updates) for updates in (6, 400, 640_000)]
    [0.5, 0.95, 0.99]
    """
    return min(max(1 - FORGETTING / updates, 0.5), 0.99)


def _describe(data, sources, settings, seed, framework_threads, started, about):
    return {
        **(about or {}),
        "sources": list(sources),
        "seed": seed,
        "settings": settings,
        "framework_threads": framework_threads,
        "n_pairs": data.training.n_pairs,
        "n_segments": data.n_segments,
        "dataset_fingerprint": data.fingerprint,
        "versions": {
            "mscol": mscol.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            **framework_versions(),
        },
        "wall_seconds": round(time.monotonic() - started, 1),
    }


def _write(outputs, encoder, history, about):
    size = {"parameters": encoder.count_params(), "values": encoder.output_shape[-1]}
    save_encoder(encoder, outputs["encoder"])
    write_csv(history.table(), outputs["history"])
    write_json(about | size, outputs["run"])
    logging.info("Saved an encoder of %(parameters)d parameters, %(values)d values a crop.", size)
