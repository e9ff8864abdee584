"""Load saved models: only ``.keras`` files that contain nothing but Keras' own layers.

Keras' safe mode refuses Lambda layers. The layers of a file are also checked before loading, so that
nothing depends on how strict the installed Keras is, and so that the error is readable.
"""

import contextlib
import json
import zipfile

import keras

from mscol.errors import TrainingError

# Keras' own layers that contain code: Python code, or a saved graph or module
CARRY_CODE = frozenset(("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"))


def load_saved(path):
    """Load a model from a ``.keras`` file without running code from the file.

    Returns
    -------
    keras.Model
        A built model: it has an input shape and an output shape.

    Raises
    ------
    TrainingError
        If the file is missing, damaged, not such a model, or contains anything but Keras' own layers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            foreign = sorted(_foreign(json.loads(archive.read("config.json"))))
        if not foreign:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
            _ = model.input_shape, model.output_shape
    except Exception as error:  # zipfile, json, h5py and Keras raise many kinds of errors for damaged files
        raise TrainingError(f"{path}: {_what_is_wrong(path, error)}") from error
    if foreign:
        raise TrainingError(
            f"{path}: not loaded: it contains {', '.join(foreign)}, which could run code. Use a model "
            "with Keras' own layers only."
        )
    return model


def _what_is_wrong(path, error):
    """Return in one sentence why a file could not be loaded: Keras' own errors may be pages of configs."""
    with contextlib.suppress(Exception):  # the file may be damaged in any way
        with zipfile.ZipFile(path) as archive:
            written_by = json.loads(archive.read("metadata.json"))["keras_version"]
        if _release(written_by) > _release(keras.__version__):
            return f"written by Keras {written_by}, which Keras {keras.__version__} cannot read. Update Keras, or save the model with an older version."
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    reason = reason if len(reason) <= 200 else f"{reason[:200]}..."
    return f"missing, damaged, or not a Keras model ({reason}). Create it again, or use another file."


def _release(version):
    return tuple(int(part) for part in version.split(".")[:2])


def _foreign(config):
    """List the classes in a model's config that are not Keras' own or contain code.

    >>> sorted(_foreign({"layers": [{"module": "os", "class_name": "system"}, {"class_name": "Lambda"}]}))
    ['Lambda', 'os.system']
    """
    found = set()
    if isinstance(config, dict):
        module, name = config.get("module"), config.get("class_name")
        is_own = module is None or str(module).partition(".")[0] == "keras"
        if "class_name" in config and (name in CARRY_CODE or not is_own):
            found.add(str(name) if is_own else f"{module}.{name}")
    parts = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    return found.union(*map(_foreign, parts))
