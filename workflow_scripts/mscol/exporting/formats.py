"""The export formats of encoders, and the packages that each needs."""

import importlib.util
from typing import NamedTuple

from mscol.errors import ConfigError
from mscol.jobs.extras import how_to_install


class Format(NamedTuple):
    """An export format.

    Attributes
    ----------
    title : str
    suffix : str
        Suffix of its files; empty for a folder.
    backend : str
        Backend of Keras that traces the encoder.
    packages : tuple of str
        Packages that writing and running it need.
    extra : str
        Extra that installs them.
    """

    title: str
    suffix: str
    backend: str
    packages: tuple
    extra: str


FORMATS = {
    "onnx": Format("ONNX", ".onnx", "torch", ("torch", "onnx", "onnxruntime"), "export"),
    "torch": Format("PyTorch", ".pt2", "torch", ("torch",), "export"),
    "savedmodel": Format("TensorFlow's SavedModel", "", "tensorflow", ("tensorflow",), "training"),
}


def require_packages(name):
    """Check that a format's packages are installed, without importing them.

    Raises
    ------
    ConfigError
        If one is not; the message says what to install.
    """
    missing = [package for package in FORMATS[name].packages if not importlib.util.find_spec(package)]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} not installed, but needed to export to {FORMATS[name].title}: {how_to_install(FORMATS[name].extra)}"
        )
