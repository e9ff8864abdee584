"""Which backend of Keras a job computes with: TensorFlow, or JAX on GPUs.

It is decided where the job runs, because the login node that plans a run has no GPU, and before Keras is imported,
which never changes it. So nothing here imports Keras or TensorFlow; JAX is imported only where there is a card to ask
it about.
"""

import importlib.util
import logging
import os
import re
import sys
from pathlib import Path

from mscol.errors import ConfigError
from mscol.jobs.cards import list_cards
from mscol.jobs.chatter import hush_frameworks, of_jax, without_chatter
from mscol.jobs.compiled import keep_compiled
from mscol.jobs.extras import which_backend

TITLES = {"tensorflow": "TensorFlow", "jax": "JAX"}
# What CUDA_VISIBLE_DEVICES holds where a user, or SLURM, wants no GPU to be seen
_NO_GPU = ("", "-1", "none", "void", "nodevfiles")
# CUDA 13 runs on drivers of this series or later (NVIDIA, CUDA Toolkit 13 release notes)
OLDEST_DRIVER = 580


def choose_backend(setting="auto", compiled=None):
    """Choose the backend of Keras, for this process and its children, and say so in the log.

    Call it before anything imports Keras. ``KERAS_BACKEND``, where a user sets it, wins; ``auto`` is JAX where it can
    compute on a GPU of this machine, else TensorFlow. JAX is kept from taking all of a GPU's memory at once.

    Parameters
    ----------
    setting : str
        ``auto``, ``tensorflow`` or ``jax``.
    compiled : str or os.PathLike, optional
        A folder in which JAX keeps what it compiles for GPUs (`mscol.jobs.compiled.keep_compiled`).

    Returns
    -------
    str
        ``tensorflow`` or ``jax``.

    Raises
    ------
    ConfigError
        If KERAS_BACKEND names another backend, or what was asked for is not installed.
    """
    check_backend_variable()
    hush_frameworks()
    if "keras" in sys.modules:  # it has its backend already, and keeps it
        in_use = sys.modules["keras"].config.backend()
        if setting not in ("auto", in_use):
            logging.warning("Keras was imported before, and computes with %s, not with %s.", in_use, setting)
        return in_use
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    named = os.environ.get("KERAS_BACKEND", "")
    card = find_card()
    obstacle = jax_obstacle() if card and (named or setting) != "tensorflow" else None
    installed = [name for name in TITLES if importlib.util.find_spec(name)]
    backend, sentence = decide(setting, named, card, obstacle, installed)
    logging.log(logging.WARNING if obstacle else logging.INFO, "%s", sentence)
    os.environ["KERAS_BACKEND"] = backend
    if backend == "jax" and card and not obstacle and compiled:
        keep_compiled(compiled)
    if backend == "jax" and _sees_none(os.environ):
        os.environ.setdefault("JAX_PLATFORMS", "cpu")  # it fails where it knows of a GPU but may see none
    return backend


def check_backend_variable(environment=os.environ):
    """Check that KERAS_BACKEND, where it is set, names a backend that this library computes with.

    Raises
    ------
    ConfigError
        If it names another one.
    """
    named = environment.get("KERAS_BACKEND", "")
    if named and named not in TITLES:
        raise ConfigError(
            f"environment variable KERAS_BACKEND: {named!r} is no backend that this can compute with; set it to "
            f"{' or '.join(TITLES)}, or unset it and let the config's 'backend' decide"
        )


def decide(setting, named, card, obstacle, installed):
    """Decide on a backend, from what was found.

    Parameters
    ----------
    setting : str
        ``auto``, ``tensorflow`` or ``jax``.
    named : str
        What KERAS_BACKEND says; empty where it is not set.
    card : str or None
        A GPU of this machine that the process may use.
    obstacle : str or None
        Why JAX cannot use it.
    installed : list of str
        The backends that are.

    Returns
    -------
    backend, sentence : str
        The sentence is for the log.

    Raises
    ------
    ConfigError
        If it is not installed.

    Examples
    --------
    >>> decide("auto", "", None, None, ["tensorflow", "jax"])
    ('tensorflow', 'Computing with TensorFlow: there is no GPU here that this job may use.')
    >>> decide("auto", "", "/dev/nvidia0", None, ["tensorflow", "jax"])
    ('jax', 'Computing with JAX on a GPU (/dev/nvidia0).')
    """
    wanted = named or setting
    on_gpu = card and not obstacle
    best = "jax" if on_gpu or installed == ["jax"] else "tensorflow"
    backend = best if wanted == "auto" else wanted
    asked = "" if wanted == "auto" else f", as {'KERAS_BACKEND' if named else 'the config'} says"
    if not installed:
        raise ConfigError(
            f"neither TensorFlow nor JAX is installed, with one of which encoders of Keras compute: {which_backend()}. "
            "An encoder.onnx needs neither"
        )
    if backend not in installed:
        raise ConfigError(
            f"{TITLES[backend]} is not installed here{asked and ', but is to compute' + asked}; install it, or set "
            f"'backend' in the config, or KERAS_BACKEND, to what is ({', '.join(installed)})"
        )
    if obstacle:
        return backend, (
            f"Computing with {TITLES[backend]}{asked}; JAX cannot use the GPU of this machine ({card}): {obstacle}."
        )
    if backend == "jax" and on_gpu:
        return backend, f"Computing with JAX on a GPU ({card}){asked}."
    if card:
        return backend, f"Computing with {TITLES[backend]}{asked}."
    return backend, f"Computing with {TITLES[backend]}{asked}: there is no GPU here that this job may use."


def find_card(environment=os.environ, devices="/dev"):
    """Find an NVIDIA GPU that this process may use, without asking a framework.

    Parameters
    ----------
    environment : dict
        Its CUDA_VISIBLE_DEVICES and JAX_PLATFORMS may exclude GPUs.
    devices : str or os.PathLike
        The folder of devices.

    Returns
    -------
    str or None
        The device, what ``nvidia-smi`` calls it, or CUDA_VISIBLE_DEVICES where that chooses among several.
    """
    platforms = environment.get("JAX_PLATFORMS", "")
    kept_off = platforms and not {"cuda", "gpu"} & set(platforms.split(","))
    if kept_off or _sees_none(environment):
        return None
    nodes = sorted(Path(devices).glob("nvidia[0-9]*"))
    # Under Windows' Linux a card has no device of its own.
    cards = [str(node) for node in nodes] or [
        card.title for card in list_cards(environment.get("PATH")) or []
    ]
    card = cards[0] if cards else None
    told = environment.get("CUDA_VISIBLE_DEVICES")  # which of several
    return f"CUDA_VISIBLE_DEVICES={told}" if card and told else card


def _sees_none(environment):
    """Whether CUDA_VISIBLE_DEVICES keeps a process off all GPUs."""
    return environment.get("CUDA_VISIBLE_DEVICES", "0").strip().lower() in _NO_GPU


def jax_obstacle(driver="/proc/driver/nvidia/version"):
    """Say why JAX cannot compute on the GPU that is there, having tried.

    Parameters
    ----------
    driver : str or os.PathLike
        The file in which the driver says its version.

    Returns
    -------
    str or None
        None where it can.
    """
    if not importlib.util.find_spec("jax"):
        return "JAX is not installed"
    if not any(importlib.util.find_spec(f"jax_cuda{release}_plugin") for release in (12, 13)):
        return "its CUDA plugin is not installed (the package is jax[cuda13])"
    try:
        with without_chatter():
            import jax

            # Devices may be listed and still refuse to compute: busy, full, or older than the kernels.
            (jax.device_put(1.0, jax.devices("gpu")[0]) + 1).block_until_ready()
    except Exception as error:  # plugins and drivers fail in ways of their own
        said = str((of_jax.errors or [error])[0]).strip().splitlines() or [type(error).__name__]
        return _old_driver(driver) or f"it says {said[0].rstrip('.')!r}"
    return None


def _old_driver(path):
    try:
        found = re.search(r"Kernel Module.*?\s(\d{3,})(\.[\d.]+)", Path(path).read_text())
    except OSError:
        return None
    if found and int(found[1]) < OLDEST_DRIVER:
        return f"its driver is {found[1]}{found[2]}, and CUDA 13 asks for {OLDEST_DRIVER} or later"
    return None
