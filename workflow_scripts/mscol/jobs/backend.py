"""Choose the Keras backend of a job: TensorFlow, or JAX on GPUs.

The job itself chooses, because the login node that plans a run has no GPU. It chooses before it imports Keras, because Keras
never changes its backend. So this module imports neither Keras nor TensorFlow, and JAX only if there is a GPU.
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
# Values of CUDA_VISIBLE_DEVICES with which a user, or SLURM, hides all GPUs
_NO_GPU = ("", "-1", "none", "void", "nodevfiles")
# CUDA 13 needs a driver of this series or later (NVIDIA, CUDA Toolkit 13 release notes)
OLDEST_DRIVER = 580


def choose_backend(setting="auto", compiled=None):
    """Choose the Keras backend of this process and its children, and log it.

    Call it before anything imports Keras. ``KERAS_BACKEND`` takes precedence if a user sets it. ``auto`` is JAX if it can
    compute on a GPU of this machine, else TensorFlow. JAX is prevented from allocating all of a GPU's memory at once.

    Parameters
    ----------
    setting : str
        ``auto``, ``tensorflow`` or ``jax``.
    compiled : str or os.PathLike, optional
        A folder in which JAX caches programs compiled for GPUs (`mscol.jobs.compiled.keep_compiled`).

    Returns
    -------
    str
        ``tensorflow`` or ``jax``.

    Raises
    ------
    ConfigError
        If KERAS_BACKEND names another backend, or the requested backend is not installed.
    """
    check_backend_variable()
    hush_frameworks()
    if "keras" in sys.modules:  # Keras keeps its backend
        in_use = sys.modules["keras"].config.backend()
        if setting not in ("auto", in_use):
            logging.warning("Keras was imported earlier and computes with %s, not with %s.", in_use, setting)
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
        os.environ.setdefault("JAX_PLATFORMS", "cpu")  # JAX fails if it finds a GPU that is hidden
    return backend


def check_backend_variable(environment=os.environ):
    """Check that KERAS_BACKEND, if set, names a supported backend.

    Raises
    ------
    ConfigError
        If it names another one.
    """
    named = environment.get("KERAS_BACKEND", "")
    if named and named not in TITLES:
        raise ConfigError(
            f"environment variable KERAS_BACKEND: the backend {named!r} is not supported. Set it to "
            f"{' or '.join(TITLES)}, or unset it to use the config's 'backend'"
        )


def decide(setting, named, card, obstacle, installed):
    """Decide on a backend.

    Parameters
    ----------
    setting : str
        ``auto``, ``tensorflow`` or ``jax``.
    named : str
        Value of KERAS_BACKEND; empty if it is not set.
    card : str or None
        A GPU of this machine that the process may use.
    obstacle : str or None
        Why JAX cannot use that GPU.
    installed : list of str
        The installed backends.

    Returns
    -------
    backend, sentence : str
        The sentence is for the log.

    Raises
    ------
    ConfigError
        If the backend is not installed.

    Examples
    --------
    >>> decide("auto", "", None, None, ["tensorflow", "jax"])
    ('tensorflow', 'Computing with TensorFlow: no GPU is available to this job.')
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
            f"neither TensorFlow nor JAX is installed, and Keras encoders need one of them. Install one: {which_backend()}. "
            "An encoder.onnx needs neither"
        )
    if backend not in installed:
        raise ConfigError(
            f"{TITLES[backend]} is not installed here{asked and ', but is required' + asked}. Install it, or set "
            f"'backend' in the config, or KERAS_BACKEND, to an installed backend ({', '.join(installed)})"
        )
    if obstacle:
        return backend, (
            f"Computing with {TITLES[backend]}{asked}; JAX cannot use the GPU of this machine ({card}): {obstacle}."
        )
    if backend == "jax" and on_gpu:
        return backend, f"Computing with JAX on a GPU ({card}){asked}."
    if card:
        return backend, f"Computing with {TITLES[backend]}{asked}."
    return backend, f"Computing with {TITLES[backend]}{asked}: no GPU is available to this job."


def find_card(environment=os.environ, devices="/dev"):
    """Find an NVIDIA GPU that this process may use, without importing a framework.

    Parameters
    ----------
    environment : dict
        CUDA_VISIBLE_DEVICES and JAX_PLATFORMS may exclude GPUs.
    devices : str or os.PathLike
        The folder of devices.

    Returns
    -------
    str or None
        The device, its name in ``nvidia-smi``, or the setting of CUDA_VISIBLE_DEVICES if there is one.
    """
    platforms = environment.get("JAX_PLATFORMS", "")
    kept_off = platforms and not {"cuda", "gpu"} & set(platforms.split(","))
    if kept_off or _sees_none(environment):
        return None
    nodes = sorted(Path(devices).glob("nvidia[0-9]*"))
    # In the Windows Subsystem for Linux, a GPU has no device file.
    cards = [str(node) for node in nodes] or [
        card.title for card in list_cards(environment.get("PATH")) or []
    ]
    card = cards[0] if cards else None
    told = environment.get("CUDA_VISIBLE_DEVICES")  # which of several
    return f"CUDA_VISIBLE_DEVICES={told}" if card and told else card


def _sees_none(environment):
    """Return whether CUDA_VISIBLE_DEVICES hides all GPUs from a process."""
    return environment.get("CUDA_VISIBLE_DEVICES", "0").strip().lower() in _NO_GPU


def jax_obstacle(driver="/proc/driver/nvidia/version"):
    """Try to compute on the GPU with JAX, and say why it fails.

    Parameters
    ----------
    driver : str or os.PathLike
        The file with the version of the driver.

    Returns
    -------
    str or None
        None if it works.
    """
    if not importlib.util.find_spec("jax"):
        return "JAX is not installed"
    if not any(importlib.util.find_spec(f"jax_cuda{release}_plugin") for release in (12, 13)):
        return "its CUDA plugin is not installed (the package is jax[cuda13])"
    try:
        with without_chatter():
            import jax

            # A listed device may still fail to compute: busy, out of memory, or too old for the kernels.
            (jax.device_put(1.0, jax.devices("gpu")[0]) + 1).block_until_ready()
    except Exception as error:  # plugins and drivers raise any exception
        said = str((of_jax.errors or [error])[0]).strip().splitlines() or [type(error).__name__]
        return _old_driver(driver) or f"JAX reports {said[0].rstrip('.')!r}"
    return None


def _old_driver(path):
    try:
        found = re.search(r"Kernel Module.*?\s(\d{3,})(\.[\d.]+)", Path(path).read_text())
    except OSError:
        return None
    if found and int(found[1]) < OLDEST_DRIVER:
        return f"its driver is {found[1]}{found[2]}, but CUDA 13 needs {OLDEST_DRIVER} or later"
    return None
