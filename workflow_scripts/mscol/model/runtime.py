"""Settle how the framework runs: threads, determinism, seeds."""

import importlib.metadata
import logging
import os

import keras


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
    keras.config.set_image_data_format("channels_last")  # someone's ~/.keras/keras.json may say otherwise
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


def runs_on_gpu_by_jax():
    """Whether JAX computes, and on a GPU."""
    if keras.backend.backend() != "jax":
        return False
    import jax

    return jax.default_backend() == "gpu"


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
