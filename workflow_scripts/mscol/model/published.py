"""The published checkpoints: encoders that the authors pretrained, as TensorFlow object checkpoints.

Such a checkpoint is named by its prefix, ``checkpoint-10``, of which there are two files: the ``.index``
(keys, shapes, where the numbers are) and the ``.data-00000-of-00001`` (the numbers). Only numbers are read, by
their keys, so that nothing in the files can run. Of the authors' model (METHOD, "Published checkpoints"), the
encoder is ``layer_with_weights-0`` of the ``embedding_model``, and inside it layer K is
``layer_with_weights-K``: K counts the layers that have weights, in the order of the model's layers. That order
is the same for Keras 2 and 3, as a layer with weights never stands beside another one but before or after it.
"""

from pathlib import Path

import numpy as np
from keras import layers

from mscol.errors import TrainingError
from mscol.model.encoder import build_encoder

ENCODER = "embedding_model/layer_with_weights-0"
# What the authors' encoder was pretrained with: looked at, so that a file is known to hold their whole model
PROJECTION = {
    "embedding_model/layer_with_weights-1/kernel": (1280, 512),
    "embedding_model/layer_with_weights-1/bias": (512,),
    "embedding_model/layer_with_weights-2/gamma": (512,),
    "embedding_model/layer_with_weights-2/beta": (512,),
}
# The files say `_similarity_layer`, as the authors' class does; descriptions of them leave out the underscore.
SIMILARITY = ("_similarity_layer/bilinear_product_weight", "similarity_layer/bilinear_product_weight")
SIMILARITY_SHAPE = (512, 512)

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"  # which TensorFlow appends to the key of every variable
_SLOT = "/.OPTIMIZER_SLOT/"  # in the keys of Adam's moments
_DATA = ".data-00000-of-00001"


def load_published(prefix, paper):
    """Load the encoder of a published checkpoint.

    Parameters
    ----------
    prefix : str or os.PathLike
        The checkpoint without the endings of its files, such as ``models/bass/checkpoint-10``.
    paper : str
        Which paper's encoder it is, ``mscol`` or ``cvsm``: the files of both have the same keys and shapes.

    Returns
    -------
    keras.Model
        As `build_encoder` makes it: log-mel crops of shape (crops, 98, 64, 1) -> (crops, 1280).

    Raises
    ------
    TrainingError
        If a file is missing or damaged, or if its variables are not those of the authors' model: every one
        there, of its shape, and no other.

    References
    ----------
    MSCOL_SMC23 mscol/network.py, get_contrastive_network; pretraining.py, which writes the checkpoints.
    """
    encoder = build_encoder(paper=paper)
    fill_encoder(encoder, prefix)
    return encoder


def fill_encoder(encoder, prefix):
    """Give an encoder the weights of a published checkpoint; none of them if there is an error.

    Parameters
    ----------
    encoder : keras.Model
        As `build_encoder` makes it from its defaults.
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
            layer.finalize_state()  # which computes with copies of its mean and variance


def _keys(number, layer):
    """Name the variables of a layer as the checkpoint does, in the order of its weights, with their shapes."""
    names = [weight.name for weight in layer.weights]
    if isinstance(layer, layers.DepthwiseConv2D):
        names = ["depthwise_kernel" if name == "kernel" else name for name in names]  # its name in Keras 2
    return {
        f"{ENCODER}/layer_with_weights-{number}/{name}": tuple(weight.shape)
        for name, weight in zip(names, layer.weights, strict=True)
    }


def _read(prefix, encoder):
    """Read variables, those of the encoder and the others of the authors' model.

    Parameters
    ----------
    prefix : Path
    encoder : dict of tuple
        The shape of each variable of the encoder, by its key.

    Returns
    -------
    dict of np.ndarray
    """
    import tensorflow as tf  # here, so that the library can be imported where another backend runs alone

    for ending in (".index", _DATA):
        if not Path(f"{prefix}{ending}").is_file():
            raise TrainingError(
                f"{prefix}{ending}: there is no such file; a published checkpoint is two files, "
                f"{prefix.name}.index and {prefix.name}{_DATA}: put both into one folder"
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
    # TensorFlow's reader reports a file cut short as an IndexError.
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"{prefix}: a damaged checkpoint, or none ({error}); download {prefix.name}.index and "
            f"{prefix.name}{_DATA} again"
        ) from error
    for key, value in values.items():
        if not np.issubdtype(value.dtype, np.number):
            raise TrainingError(
                f"{prefix}: {key} holds {value.dtype}, expected numbers; is it a published one?"
            )
    return values


def _similarity_key(shapes):
    return next((key for key in SIMILARITY if key in shapes), SIMILARITY[0])


def _check_shapes(prefix, found, expected):
    """Compare the variables of a checkpoint (their shapes by key) with those of the authors' model."""
    advice = "it is no checkpoint of the published model; take one of those"
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
