"""Saved models: a ``.keras`` file is loaded only where it holds nothing but Keras' own layers.

Keras' safe mode refuses a Lambda layer by itself. What a file asks for is looked at before all the same, so that
nothing depends on how strict the installed Keras is, and so that the refusal is a sentence.
"""

import contextlib
import json
import zipfile

import keras

from mscol.errors import TrainingError

# Layers of Keras' own that carry code: Python's, or a saved graph or module
CARRY_CODE = frozenset(("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"))


def load_saved(path):
    """Load a model from a ``.keras`` file, without running code that the file brings along.

    Returns
    -------
    keras.Model
        Built: it has an input shape and an output shape.

    Raises
    ------
    TrainingError
        If the file is missing, damaged, no such model, or holds anything but Keras' own layers.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            foreign = sorted(_foreign(json.loads(archive.read("config.json"))))
        if not foreign:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
            _ = model.input_shape, model.output_shape
    except Exception as error:  # zipfile, json, h5py and Keras raise whatever a damaged file leads them to
        raise TrainingError(f"{path}: {_what_is_wrong(path, error)}") from error
    if foreign:
        raise TrainingError(
            f"{path}: holds {', '.join(foreign)}, which could run code of its own: it is not loaded; name a model "
            "of Keras' own layers"
        )
    return model


def _what_is_wrong(path, error):
    """Why a file could not be loaded, in a sentence: Keras' own errors may be pages of configs."""
    with contextlib.suppress(Exception):  # whatever is wrong with the file
        with zipfile.ZipFile(path) as archive:
            written_by = json.loads(archive.read("metadata.json"))["keras_version"]
        if _release(written_by) > _release(keras.__version__):
            return f"written by Keras {written_by}, which {keras.__version__} here cannot read; update Keras, or save it by an older one"
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    reason = reason if len(reason) <= 200 else f"{reason[:200]}..."
    return f"missing, damaged, or not a Keras model ({reason}); make it again, or name another"


def _release(version):
    return tuple(int(part) for part in version.split(".")[:2])


def _foreign(config):
    """Name what a model's config asks for that is not Keras' own, or carries code.

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
