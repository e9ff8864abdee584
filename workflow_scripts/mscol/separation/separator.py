"""Load a separator of Open-Unmix (Stöter et al., JOSS 2019).

The package's own loader reads both published weights and local directories. A directory contains
``{target}.json`` and ``{target}.pth`` for each of the four targets, and ``separator.json``.
"""

import contextlib
import logging
import os
import urllib.error
from pathlib import Path
from pickle import UnpicklingError  # torch raises it for files that it refuses; nothing is unpickled here

import openunmix.utils
import torch

from mscol.errors import CacheError, SeparationError
from mscol.io import audio
from mscol.io.files import read_json
from mscol.separation import PUBLISHED_MODELS, STEMS
from mscol.separation.origin import require_better_than_silence


def load_separator(model, n_iterations=1, device="auto"):
    """Load an Open-Unmix separator for the four stems, frozen and in inference mode.

    Parameters
    ----------
    model : str or os.PathLike
        ``umxl``, ``umxhq`` or ``umx`` (fetched by the package and kept in torch's cache), or the
        path of a directory in the package's format.
    n_iterations : int
        Iterations of the Wiener filter.
    device : str
        ``cpu``, ``cuda``, or ``auto`` (a GPU if available).

    Returns
    -------
    openunmix.model.Separator
        Its targets are in the order of `STEMS`.

    Raises
    ------
    SeparationError
        If the name is unknown, a file of the directory is missing or does not match the others, published
        weights cannot be fetched, or a target trained by this workflow is worse than silence.
    """
    device = choose_device(device)
    published = str(model) in PUBLISHED_MODELS
    if published:
        separator = _load_published(str(model), n_iterations, device)
    else:
        separator = _load_directory(Path(model).expanduser(), n_iterations, device)
        require_better_than_silence(Path(model).expanduser())
    # The package leaves local models in training mode, with dropout and batch statistics.
    separator.freeze()
    logging.info(
        "Loaded %s %s on %s: %d weights, %d iterations of the Wiener filter.",
        "the published separator" if published else "the separator",
        model, device, sum(weight.numel() for weight in separator.parameters()), n_iterations,
    )  # fmt: skip
    return separator


def choose_device(device):
    """Return the name of the torch device to use: ``auto`` is a GPU if available, else the CPU."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise SeparationError("separation device `cuda`: torch finds no GPU. Use `auto` or `cpu`.")
    return device


def _load_published(name, n_iterations, device):
    # The package prefers a folder of that name in the working directory, regardless of its content.
    if Path(name).exists():
        raise SeparationError(
            f"{name}: both published weights and a folder here have this name. Write ./{name} for the folder, or rename it."
        )
    try:
        with _weights_only():
            return openunmix.utils.load_separator(
                name, targets=list(STEMS), niter=n_iterations, device=device
            )
    except UnpicklingError as error:
        raise SeparationError(
            f"{torch.hub.get_dir()}/checkpoints: a file of {name} contains more than weights. It is not "
            "loaded, because it could run code. Delete it and fetch it again."
        ) from error
    except (urllib.error.URLError, OSError) as error:
        raise SeparationError(
            f"{name}: cannot fetch the weights ({error}). Fetch them on a machine with internet access "
            f"and copy them to {torch.hub.get_dir()}/checkpoints, or use a local model directory or `demo`."
        ) from error


def _load_directory(folder, n_iterations, device):
    if not folder.is_dir():
        raise SeparationError(
            f"{folder}: neither a published separator ({', '.join(PUBLISHED_MODELS)}) nor a directory. "
            "Use `demo`, one of these names, or the path of a directory in Open-Unmix's format."
        )
    weights = {target: _load_weights(path) for target, path in _check_directory(folder).items()}
    try:
        with _weights_only():
            separator = openunmix.utils.load_separator(
                str(folder), targets=list(STEMS), niter=n_iterations, device=device
            )
        for target, state in weights.items():
            _check_weights(target, state, separator.target_models[target])
    except (RuntimeError, OSError, EOFError, KeyError, ValueError) as error:
        raise SeparationError(f"{folder}: cannot load the separator ({error}). Train it again.") from error
    return separator


def _check_directory(folder):
    """Check that the files of a model directory match; return the paths of the weights by target."""
    descriptions = ("separator.json", *(f"{stem}.json" for stem in STEMS))
    missing = [name for name in descriptions if not (folder / name).is_file()]
    weights = {}
    for stem in STEMS:
        found = sorted(folder.glob(f"{stem}*.pth"))  # the package's own pattern
        if not found:
            missing.append(f"{stem}.pth")
        elif len(found) > 1:
            raise SeparationError(
                f"{folder}: {found[0].name} and {found[1].name} are both weights of {stem}. Keep one of them."
            )
        else:
            weights[stem] = found[0]
    if missing:
        raise SeparationError(
            f"{folder}: the separator lacks {', '.join(missing)}. Train it, or copy the missing files there."
        )
    _check_descriptions(folder)
    return weights


def _check_descriptions(folder):
    try:
        about = read_json(folder / "separator.json")
        if about["sample_rate"] != audio.SEPARATION_RATE:
            raise SeparationError(
                f"{folder}/separator.json: sample_rate is {about['sample_rate']}, "
                f"expected {audio.SEPARATION_RATE}. Use a separator of that rate."
            )
        for stem in STEMS:
            args = read_json(folder / f"{stem}.json")["args"]
            for key in ("nfft", "nb_channels"):
                if args[key] != about[key]:
                    raise SeparationError(
                        f"{folder}: {key} is {args[key]} in {stem}.json and {about[key]} in separator.json. "
                        "Train all targets with the same settings."
                    )
    except (CacheError, KeyError, TypeError, ValueError) as error:
        raise SeparationError(
            f"{folder}: its JSON files are not in Open-Unmix's format ({error!r}). Train the separator again."
        ) from error


def _load_weights(path):
    """Load the weights of one target, and nothing that could run code."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch, zipfile and pickle raise many kinds of errors
        reason = str(error).partition("\n")[0]
        raise SeparationError(
            f"{path}: cannot load the separator: the file is damaged, or contains more than weights, which could run "
            f"code ({reason}). Train it again."
        ) from error
    if not isinstance(state, dict):
        raise SeparationError(f"{path}: contains a {type(state).__name__}, expected weights. Train it again.")
    return state


def _check_weights(target, state, target_model):
    # The package loads with strict=False: weights that the file lacks would stay random.
    needed = {name for name in target_model.state_dict() if not name.endswith("num_batches_tracked")}
    if needed - set(state):
        raise ValueError(f"{target}.pth lacks {', '.join(sorted(needed - set(state))[:3])}")


@contextlib.contextmanager
def _weights_only():
    """Keep torch from running code in a file, whatever the package requests: torch.hub would unpickle anything."""
    names = ("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ[names[0]] = "1"
    try:
        yield
    finally:
        del os.environ[names[0]]
        os.environ.update(before)
