"""Configure the framework: threads, determinism, seeds."""

import importlib.metadata
import logging
import os

import keras

from mscol.jobs.backend import find_card
from mscol.jobs.chatter import without_chatter


def configure(framework_threads, seed):
    """Make later computations reproducible: same seed and thread count, same numbers.

    Call it before the framework computes anything, because TensorFlow then fixes its threads. It seeds
    Python's, NumPy's and the framework's global generators.

    Parameters
    ----------
    framework_threads : int
        Number of threads that a computation may use.
    seed : int
        From 0 to 4,294,967,295.
    """
    # A user's ~/.keras/keras.json may set other values.
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
        # One operation at a time: parallel operations would use more threads than requested.
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        if threading.get_intra_op_parallelism_threads() != framework_threads:
            logging.warning(
                "TensorFlow was in use before its threads could be set to %d. The last digits may differ "
                "from those of a separate run.",
                framework_threads,
            )
    card = find_card()
    if not card and tf.test.is_built_with_cuda():
        with without_chatter():  # TensorFlow would log this as an error
            tf.config.list_physical_devices("GPU")
    if card and not tf.config.list_physical_devices("GPU"):
        why = "see the reason above" if tf.test.is_built_with_cuda() else "this is its CPU-only build"
        logging.warning("TensorFlow computes on the CPU, because it cannot use the GPU (%s): %s.", card, why)


def backend_and_device():
    """Return the names of backend and device.

    Returns
    -------
    dict of str
        ``backend``: ``tensorflow`` or ``jax``; ``device``: ``CPU``, or the GPU's product name.
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
    """Return whether the backend is JAX on a GPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() == "gpu"


def free_device_memory():
    """Return how much GPU memory JAX may still allocate, up to its own limit (by default three quarters of the memory).

    With several GPUs, return the smallest value.

    Returns
    -------
    int or None
        Bytes; None if unknown (on CPUs and with TensorFlow).
    """
    if not runs_on_gpu_by_jax():
        return None
    import jax

    known = [device.memory_stats() or {} for device in jax.local_devices()]
    free = [each["bytes_limit"] - each["bytes_in_use"] for each in known if "bytes_limit" in each]
    return min(free, default=None)


def is_out_of_memory(error):
    """Return whether TensorFlow or JAX ran out of a device's memory."""
    return "RESOURCE_EXHAUSTED" in str(error) or type(error).__name__ == "ResourceExhaustedError"


def framework_versions():
    """Return the framework's packages and their versions.

    Returns
    -------
    dict of str
        ``keras`` and the package of its backend; for TensorFlow also whether oneDNN is on, which changes the last
        digits.
    """
    backend = keras.backend.backend()
    module = __import__(backend)
    distribution = importlib.metadata.packages_distributions().get(backend, [backend])[0]
    versions = {"keras": keras.__version__, distribution: module.__version__}
    if backend == "tensorflow":
        versions["onednn"] = os.environ["TF_ENABLE_ONEDNN_OPTS"]
    return versions
