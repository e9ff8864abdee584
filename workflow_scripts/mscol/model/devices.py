"""Choose how many devices compute a model together."""

import logging

import keras

from mscol.errors import TrainingError
from mscol.jobs.backend import TITLES

KEY = "config key 'pretraining/running/devices'"


def choose_devices(setting, n_pairs):
    """Choose how many of this job's devices compute each minibatch, and log the number.

    Each device computes the same number of pairs. If the pairs cannot be divided evenly among all devices, fewer are used.

    Parameters
    ----------
    setting : int or str
        Number of devices, or ``all``.
    n_pairs : int
        Pairs of a minibatch.

    Returns
    -------
    int

    Raises
    ------
    TrainingError
        If there are fewer devices than requested.
    """
    kind, there = _devices()
    backend = keras.backend.backend()
    wanted = there if setting == "all" else setting
    if wanted > 1 and backend != "jax":
        raise TrainingError(
            f"{KEY}: {wanted} devices, but {TITLES[backend]} trains on one only. Set backend: jax, or devices: 1."
        )
    if wanted > there:
        seen = f"{there} GPU{'s' * (there > 1)}" if kind == "GPU" else "no GPU"
        raise TrainingError(
            f"{KEY}: {wanted} devices, but this job sees {seen}. Give the job more (docs/gpu.md), or set devices: all."
        )
    n_devices = largest_divisor(n_pairs, wanted)
    if n_devices < wanted:
        logging.warning(
            "Minibatches of %d pairs cannot be divided evenly among %d %ss. Using %d of them.",
            n_pairs, wanted, kind, n_devices,
        )  # fmt: skip
    if n_devices > 1:
        logging.info("Computing on %d %ss, %d pairs each.", n_devices, kind, n_pairs // n_devices)
    return n_devices


def largest_divisor(number, most):
    """Return the largest divisor of ``number`` that is at most ``most``.

    >>> [largest_divisor(128, most) for most in (1, 3, 8, 200)]
    [1, 2, 8, 128]
    """
    return next(each for each in range(min(number, most), 0, -1) if number % each == 0)


def mesh_of(n_devices):
    """Return the first devices of this process as a mesh, for `compile_steps` and others.

    Returns
    -------
    jax.sharding.Mesh or None
        None for a single device.
    """
    if n_devices == 1:
        return None
    from mscol.model.sharding import first_devices  # here, as it imports JAX

    return first_devices(n_devices)


def _devices():
    """Return the kind of the devices and how many of them can compute together."""
    if keras.backend.backend() != "jax":
        return "device", 1
    import jax

    return ("GPU" if jax.default_backend() == "gpu" else "device"), jax.device_count()
