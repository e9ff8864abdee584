"""Load published checkpoints: encoders that the authors pretrained, as TensorFlow object checkpoints.

A checkpoint is named by its prefix, such as ``checkpoint-10``, and has two files: the ``.index``
(keys, shapes, offsets) and the ``.data-00000-of-00001`` (the numbers). Only numbers are read, by
their keys, so no code in the files can run. In the authors' model (METHOD, "Published checkpoints"), the
encoder is ``layer_with_weights-0`` of the ``embedding_model``, and its layer K is
``layer_with_weights-K``, where K counts the layers that have weights, in the order of the model's layers. That order
is the same in Keras 2 and 3, because no two layers with weights are in parallel branches.
"""

from pathlib import Path

import numpy as np
from keras import layers

from mscol.errors import TrainingError
from mscol.model.encoder import build_encoder

ENCODER = "embedding_model/layer_with_weights-0"
# The parts that the authors' encoder was pretrained with: checked to confirm that a file holds their whole model
PROJECTION = {
    "embedding_model/layer_with_weights-1/kernel": (1280, 512),
    "embedding_model/layer_with_weights-1/bias": (512,),
    "embedding_model/layer_with_weights-2/gamma": (512,),
    "embedding_model/layer_with_weights-2/beta": (512,),
}
# The files use `_similarity_layer`, like the authors' class; descriptions of the files omit the underscore.
SIMILARITY = ("_similarity_layer/bilinear_product_weight", "similarity_layer/bilinear_product_weight")
SIMILARITY_SHAPE = (512, 512)

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # TensorFlow appends it to the key of every variable
_SLOT = "/.OPTIMIZER_SLOT/"  # in the keys of Adam's moments
_DATA = ".data-00000-of-00001"


def load_published(prefix, paper):
    """Load the encoder of a published checkpoint.

    Parameters
    ----------
    prefix : str or os.PathLike
        The checkpoint without the endings of its files, such as ``models/bass/checkpoint-10``.
    paper : str
        The paper of the encoder, ``mscol`` or ``cvsm``: the files of both have the same keys and shapes.

    Returns
    -------
    keras.Model
        As `build_encoder` builds it: log-mel crops of shape (crops, 98, 64, 1) -> (crops, 1280).

    Raises
    ------
    TrainingError
        If a file is missing or damaged, or if its variables are not exactly those of the authors' model, with
        the same shapes.

    References
    ----------
    MSCOL_SMC23 mscol/network.py, get_contrastive_network; pretraining.py, which writes the checkpoints.
    """
    encoder = build_encoder(paper=paper)
    fill_encoder(encoder, prefix)
    return encoder


def fill_encoder(encoder, prefix):
    """Set an encoder's weights to those of a published checkpoint; change none of them if there is an error.

    Parameters
    ----------
    encoder : keras.Model
        As `build_encoder` builds it by default.
    prefix : str or os.PathLike

    Raises
    ------
    TrainingError
        As for `load_published`.
    """
    prefix = Path(prefix)
    weighted = [layer for layer in encoder.layers if layer.weights]
    expected = [_keys(number, layer) for number, layer in enumerate(weighted)]
    values = _read(prefix, {key: shape for keys in expected for key, shape in keys.items()})
    for layer, keys in zip(weighted, expected, strict=True):
        layer.set_weights([values[key] for key in keys])
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()  # this layer computes with copies of its mean and variance


def _keys(number, layer):
    """Return the checkpoint's keys of a layer's variables, in the order of its weights, with their shapes."""
    names = [weight.name for weight in layer.weights]
    if isinstance(layer, layers.DepthwiseConv2D):
        names = ["depthwise_kernel" if name == "kernel" else name for name in names]  # its name in Keras 2
    return {
        f"{ENCODER}/layer_with_weights-{number}/{name}": tuple(weight.shape)
        for name, weight in zip(names, layer.weights, strict=True)
    }


def _read(prefix, encoder):
    """Read the variables of the encoder and the other variables of the authors' model.

    Parameters
    ----------
    prefix : Path
    encoder : dict of tuple
        Shape of each variable of the encoder, by its key.

    Returns
    -------
    dict of np.ndarray
    """
    import tensorflow as tf  # here, so that the library can be imported without TensorFlow

    for ending in (".index", _DATA):
        if not Path(f"{prefix}{ending}").is_file():
            raise TrainingError(
                f"{prefix}{ending}: there is no such file. A published checkpoint has two files, "
                f"{prefix.name}.index and {prefix.name}{_DATA}. Put both into one folder."
            )
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        shapes = {
            key.removesuffix(_VALUE): tuple(shape)
            for key, shape in reader.get_variable_to_shape_map().items()
            if key.endswith(_VALUE) and _SLOT not in key
        }
        expected = encoder | PROJECTION | {_similarity_key(shapes): SIMILARITY_SHAPE}
        _check_shapes(prefix, shapes, expected)
        values = {key: reader.get_tensor(key + _VALUE) for key in expected}
    # TensorFlow's reader reports a truncated file as an IndexError.
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"{prefix}: a damaged checkpoint, or not a checkpoint ({error}). Download {prefix.name}.index and "
            f"{prefix.name}{_DATA} again."
        ) from error
    for key, value in values.items():
        if not np.issubdtype(value.dtype, np.number):
            raise TrainingError(
                f"{prefix}: {key} has type {value.dtype}, expected numbers. Use a published checkpoint."
            )
    return values


def _similarity_key(shapes):
    return next((key for key in SIMILARITY if key in shapes), SIMILARITY[0])


def _check_shapes(prefix, found, expected):
    """Compare the variables of a checkpoint (their shapes by key) with those of the authors' model."""
    advice = "this is not a checkpoint of the published model. Use a published checkpoint."
    for key, shape in expected.items():
        if key not in found:
            raise TrainingError(f"{prefix}: the variable {key} is missing; {advice}")
        if found[key] != shape:
            raise TrainingError(
                f"{prefix}: the variable {key} has shape {found[key]}, expected {shape}; {advice}"
            )
    unknown = sorted(key for key in found if key.startswith("embedding_model/") and key not in expected)
    if unknown:
        raise TrainingError(f"{prefix}: the variable {unknown[0]} is not one of the encoder's; {advice}")
