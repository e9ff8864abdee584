"""What the library leaves to be installed besides, and the sentence that says so where it is missing."""

import importlib.metadata

# What is imported, and the extra in pyproject.toml that installs it
EXTRA_OF = {
    "keras": "training",
    "tensorflow": "training",
    "jax": "gpu",
    "openunmix": "separation",
    "torch": "separation",
    "torchaudio": "separation",
    "onnx": "export",
    "onnxruntime": "onnx",
    "huggingface_hub": "hub",
    "librosa": "workflow",
    "matplotlib": "workflow",
    "rocrate": "workflow",
    "jinja2": "workflow",
    "mteb": "mteb",
}
BACKENDS = {"training": "TensorFlow, for CPUs", "gpu": "JAX, for NVIDIA GPUs"}


def how_to_install(extra):
    """Say what to type to get an extra.

    Where the library is not installed itself, as in the workflow, it is the folder that pip is given.
    """
    try:
        importlib.metadata.version("mscol")
    except importlib.metadata.PackageNotFoundError:
        return f"pip install '.[{extra}]' in the folder of the workflow"
    return f"pip install 'mscol[{extra}]'"


def which_backend():
    """Say which backends there are, and what to type to get one."""
    return " or ".join(f"{how_to_install(extra)} ({what})" for extra, what in BACKENDS.items())


def what_is_missing(error):
    """Say in a sentence what to install, where an import failed for want of an extra.

    Parameters
    ----------
    error : ModuleNotFoundError

    Returns
    -------
    str or None
        None where it is no package of an extra.

    Examples
    --------
    >>> what_is_missing(ModuleNotFoundError("No module named 'numbers2'", name="numbers2"))
    """
    package = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(package)
    return extra and f"{package} is not installed, which this needs: {how_to_install(extra)}"
