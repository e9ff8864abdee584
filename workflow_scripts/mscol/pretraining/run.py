"""A pretraining run, from the mel cache to encoder.keras, history.csv and run.json."""

import logging
import platform
import time
from contextlib import nullcontext

import numpy as np

import mscol
from mscol.io.files import write_csv, write_json
from mscol.model import (
    SourceAssociation,
    backend_and_device,
    build_encoder,
    compile_calibration,
    configure,
    framework_versions,
    load_encoder,
    save_encoder,
)
from mscol.model.calibration import CALIBRATION_BATCHES
from mscol.pretraining.checkpoints import Checkpoints
from mscol.pretraining.data import load_data
from mscol.pretraining.history import History
from mscol.pretraining.loop import Training
from mscol.pretraining.scratch import on_scratch
from mscol.pretraining.spending import Spending

# Defaults of the settings that do not change a run's numbers
RUNNING = {
    "checkpoint_every": 64_000, "checkpoint_minutes": 10, "keep_checkpoints": 3, "loader_threads": 2, "cache_on": "auto",
    "devices": 1,
}  # fmt: skip


def pretrain(
    files,
    clips,
    sources,
    settings,
    seed,
    framework_threads,
    outputs,
    options=None,
    about=None,
    checkpoints=None,
    running=None,
    code="",
):
    """Pretrain an encoder by source association.

    Settings, options, seed, thread count and data determine the encoder, regardless of the order of files and of how
    often the run was stopped and resumed.

    Parameters
    ----------
    files : CacheFiles
    clips : str or os.PathLike
        Manifest of the dataset: CSV with columns id and split.
    sources : list of str
        The source set; empty for pairs of the mixture with itself (COLA).
    settings : dict
        encoder (width, depth, projection), batch_size (pairs), updates, learning_rate, schedule (constant,
        halved, cosine), warmup_updates, validation_every (updates), validation_batches, patience
        (validations; 0 for no early stopping), activity_threshold, activity_windows (aligned or
        reference), absent (zeros or residue), masks (independent or shared), mask_value, precision (float32 or
        bfloat16), xla. Settings that a model does not use may be missing: activity without sources, masks without
        ``masked``, absent without ``silent``.
    seed : int
    framework_threads : int
        Number of the framework's threads.
    outputs : dict
        Output paths: encoder (``.keras``), history (CSV), run (JSON).
    options : dict, optional
        How pairs are drawn: masked, silent, random.
    about : dict, optional
        Further entries of run.json: model name, git commit.
    checkpoints : str or os.PathLike, optional
        Folder for the checkpoints of this model and seed; without it, a run cannot be resumed.
    running : dict, optional
        Settings that change no numbers: checkpoint_every (updates), checkpoint_minutes, keep_checkpoints, loader_threads,
        cache_on (``auto``, ``disk``, ``scratch`` or ``device``), devices (number of GPUs that compute each minibatch
        together, or ``all``).
    code : str
        Digest of the code; a checkpoint of other code is not resumed.

    Raises
    ------
    TrainingError
        If a source has fewer than two active training segments, there are fewer devices than requested, the loss
        is not finite, or SIGTERM or Ctrl-C stops the run (after saving a checkpoint).
    """
    started = time.monotonic()
    configure(framework_threads, seed)
    running = RUNNING | (running or {})
    with on_scratch(files) if running["cache_on"] == "scratch" else nullcontext(files) as where:
        data = load_data(where, clips, sources, settings, seed, options)
    what = _decisive(data, sources, options, settings, seed, framework_threads)
    store = (
        Checkpoints(checkpoints, what | {"code": code}, running["keep_checkpoints"]) if checkpoints else None
    )
    logging.info(
        "Training on pairs of the mixture and %s: %d updates of %d pairs from %s segments.",
        " or ".join(data.training.sources),
        settings["updates"],
        data.training.n_pairs,
        data.n_segments["train"]["all"],
    )
    training = Training(_build(settings), data, settings, running, store)
    computing = backend_and_device()
    with Spending(store and store.folder, started, on_gpu=computing["device"] != "CPU") as spending:
        history = training.run()
    attempt = {"n_devices": training.n_devices, "resumed_from": training.resumed_from}
    about = (about or {}) | what | _about(data) | computing | attempt | spending.total()
    _write(outputs, training.network.encoder, history, about)


def initialise(files, clips, settings, seed, framework_threads, outputs, about=None):
    """Save the encoder from which `pretrain` would start: random weights, an empty history.

    Without data, batch normalisation would make the output constant: random kernels shrink the
    log-mels to about 1e-7, the same for all crops. So the statistics of batch normalisation, and nothing else, are
    set to their means over some minibatches of mixtures.

    Parameters
    ----------
    files : CacheFiles
        Files of the mixtures.
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
    network = _build(settings)
    compile_calibration(network)(data.training.batches(range(CALIBRATION_BATCHES)))
    what = _decisive(data, [], None, settings, seed, framework_threads)
    about = (about or {}) | what | _about(data) | backend_and_device()
    seconds = {"wall_seconds": round(time.monotonic() - started, 1)}
    _write(outputs, network.encoder, History(), about | seconds)


def import_encoder(checkpoint, outputs, about=None, paper="mscol"):
    """Save an encoder from elsewhere in the format of a run: with an empty history and its origin.

    Parameters
    ----------
    checkpoint : str or os.PathLike
        A file that `load_encoder` reads.
    outputs, about
        As for `pretrain`.
    paper : str
        Which paper's encoder it is (`mscol.papers`).

    Raises
    ------
    TrainingError
        If it is not an encoder, belongs to the other paper, or a variable is missing or has another shape.
    """
    encoder = load_encoder(checkpoint, paper)
    what = {"checkpoint": str(checkpoint), "paper": paper, "versions": _versions(), **backend_and_device()}
    what["clip_seconds"] = encoder.clip_seconds
    _write(outputs, encoder, History(), (about or {}) | what)


def _build(settings):
    size = settings["encoder"]
    encoder = build_encoder(size["width"], size["depth"])
    # Settings of masks and absent positives may be missing if the model uses neither.
    what = {key: settings[key] for key in ("mask_value", "absent", "precision") if key in settings}
    return SourceAssociation(encoder, size["projection"], **what)


def _decisive(data, sources, options, settings, seed, framework_threads):
    """Collect everything that affects what a run computes, except its code."""
    return {
        "sources": list(sources),
        "options": options or {},
        "seed": seed,
        "settings": settings,
        "framework_threads": framework_threads,
        "n_pairs": data.training.n_pairs,
        "dataset_fingerprint": data.fingerprint,
        "backend": backend_and_device()["backend"],  # not the device: a run may resume on another GPU
        "versions": _versions(),
    }


def _about(data):
    return {"n_segments": data.n_segments, "clip_seconds": data.clip_seconds}


def _versions():
    return {
        "mscol": mscol.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        **framework_versions(),
    }


def _write(outputs, encoder, history, about):
    size = {"parameters": encoder.count_params(), "values": encoder.output_shape[-1]}
    save_encoder(encoder, outputs["encoder"])
    write_csv(history.table(), outputs["history"])
    write_json(about | size, outputs["run"])
    logging.info("Saved an encoder with %(parameters)d parameters and %(values)d values per crop.", size)
