"""Optional dependencies of the library, and the message if one is missing."""

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
    """Return the command that installs an extra.

    If the library itself is not installed, as in the workflow, pip installs from its folder.
    """
    try:
        importlib.metadata.version("mscol")
    except importlib.metadata.PackageNotFoundError:
        return f"pip install '.[{extra}]' in the folder of the workflow"
    return f"pip install 'mscol[{extra}]'"


def which_backend():
    """Return the commands that install a backend."""
    return " or ".join(f"{how_to_install(extra)} ({what})" for extra, what in BACKENDS.items())


def what_is_missing(error):
    """Say what to install if an import failed because an extra is missing.

    Parameters
    ----------
    error : ModuleNotFoundError

    Returns
    -------
    str or None
        None if the package belongs to no extra.

    Examples
    --------
    >>> what_is_missing(ModuleNotFoundError("No module named 'numbers2'", name="numbers2"))
    """
    package = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(package)
    return extra and f"{package} is required but not installed. Install it: {how_to_install(extra)}"
