"""The formats that encoders are exported to, and what each needs."""

import importlib.util
from typing import NamedTuple

from mscol.errors import ConfigError
from mscol.jobs.extras import how_to_install


class Format(NamedTuple):
    """A format.

    Attributes
    ----------
    title : str
    suffix : str
        Of its files; empty for a folder.
    backend : str
        Keras' backend that traces the encoder.
    packages : tuple of str
        What writing and running it takes.
    extra : str
        What installs them.
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
    """Check that what a format needs is installed, without importing it.

    Raises
    ------
    ConfigError
        If it is not; the sentence says what to install.
    """
    missing = [package for package in FORMATS[name].packages if not importlib.util.find_spec(package)]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} not installed, which exports to {FORMATS[name].title} need: {how_to_install(FORMATS[name].extra)}"
        )
