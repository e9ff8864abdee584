"""Settle how the framework runs: threads, determinism, seeds."""

import importlib.metadata
import logging
import os

import keras

from mscol.jobs.backend import find_card
from mscol.jobs.chatter import without_chatter


def configure(framework_threads, seed):
    """Make what follows reproducible: same seed and thread count, same numbers.

    Call it before the framework computes anything, because TensorFlow fixes its threads then. Seeds
    Python's, NumPy's and the framework's global generators.

    Parameters
    ----------
    framework_threads : int
        How many threads a computation may use.
    seed : int
        From 0 to 4,294,967,295.
    """
    # Someone's ~/.keras/keras.json may say otherwise.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        _configure_tensorflow(framework_threads)


def _configure_tensorflow(framework_threads):
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(framework_threads)
        # Operations one after another: side by side they would use more threads than asked for.
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        if threading.get_intra_op_parallelism_threads() != framework_threads:
            logging.warning(
                "TensorFlow was in use before its threads could be set to %d; the last digits may differ "
                "from those of a run of its own.",
                framework_threads,
            )
    card = find_card()
    if not card and tf.test.is_built_with_cuda():
        with without_chatter():  # it would call this an error
            tf.config.list_physical_devices("GPU")
    if card and not tf.config.list_physical_devices("GPU"):
        why = "it says above why" if tf.test.is_built_with_cuda() else "this is its build for CPUs"
        logging.warning("TensorFlow computes on the CPU, and cannot use the GPU (%s): %s.", card, why)


def backend_and_device():
    """Name what computes.

    Returns
    -------
    dict of str
        ``backend``: ``tensorflow`` or ``jax``; ``device``: ``CPU``, or the GPU by its maker's name.
    """
    backend, device = keras.config.backend(), "CPU"
    if backend == "jax":
        import jax

        first = jax.devices()[0]
        device = "CPU" if first.platform == "cpu" else first.device_kind
    elif backend == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU")[:1]:
            device = tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
    return {"backend": backend, "device": device}


def runs_on_gpu_by_jax():
    """Whether JAX computes, and on a GPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() == "gpu"


def free_device_memory():
    """Say how much of a GPU's memory JAX may still take, by its own limit (three quarters of the memory, if nobody set another).

    Of several GPUs, the one that has least.

    Returns
    -------
    int or None
        Bytes; None where nothing is known: on CPUs, and with TensorFlow.
    """
    if not runs_on_gpu_by_jax():
        return None
    import jax

    known = [device.memory_stats() or {} for device in jax.local_devices()]
    free = [each["bytes_limit"] - each["bytes_in_use"] for each in known if "bytes_limit" in each]
    return min(free, default=None)


def is_out_of_memory(error):
    """Whether TensorFlow or JAX ran out of a device's memory."""
    return "RESOURCE_EXHAUSTED" in str(error) or type(error).__name__ == "ResourceExhaustedError"


def framework_versions():
    """Name the framework's packages and their versions.

    Returns
    -------
    dict of str
        ``keras``, and the package of its backend; for TensorFlow whether oneDNN is on, which changes the last
        digits.
    """
    backend = keras.backend.backend()
    module = __import__(backend)
    distribution = importlib.metadata.packages_distributions().get(backend, [backend])[0]
    versions = {"keras": keras.__version__, distribution: module.__version__}
    if backend == "tensorflow":
        versions["onednn"] = os.environ["TF_ENABLE_ONEDNN_OPTS"]
    return versions
