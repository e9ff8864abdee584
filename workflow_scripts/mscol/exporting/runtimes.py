"""Run exported files without Keras, each with the runtime of its format."""

import warnings

from mscol.exporting.about import VALUES


def open_exported(name, path):
    """Open an exported file.

    Parameters
    ----------
    name : str
        A key of `mscol.exporting.formats.FORMATS`.
    path : pathlib.Path

    Returns
    -------
    callable
        From inputs to values, both float32 arrays.
    """
    return {"onnx": _open_onnx, "torch": _open_torch, "savedmodel": _open_savedmodel}[name](path)


def _open_onnx(path):
    from mscol.exporting.onnx_encoder import open_session

    session = open_session(path)
    (taken,) = session.get_inputs()
    return lambda inputs: session.run([VALUES], {taken.name: inputs})[0]


def _open_torch(path):
    import torch

    with warnings.catch_warnings(action="ignore"):  # torch warns about buffers that it only reads
        module = torch.export.load(path).module()
    return lambda inputs: module(torch.from_numpy(inputs)).detach().numpy()


def _open_savedmodel(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    return lambda inputs: loaded.serve(inputs)[VALUES].numpy()
