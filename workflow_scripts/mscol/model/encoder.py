"""The encoder: EfficientNet-B0, with coefficients of width and depth as settings.

``keras.applications`` exposes the sizes B0 to B7 only. The function underneath that takes coefficients is
private to Keras, and optimising speed needs access to the layers. So the network is written here with
public layers, with Keras' layer names and order. A test compares it with EfficientNetB0.
"""

import math
from typing import NamedTuple

import keras
from keras import layers

from mscol.io.atomic import atomic_path
from mscol.mels import CROP_FRAMES, N_MELS
from mscol.papers import name_of_model

FILTER_UNIT = 8  # numbers of filters are multiples of this (Tan & Le, EfficientNet, ICML 2019)
DROP_CONNECT = (
    0.2  # probability that the last block is skipped in training; proportionally less for earlier blocks
)
SQUEEZE_RATIO = 0.25
STEM_FILTERS, TOP_FILTERS = 32, 1280


class Stage(NamedTuple):
    """Blocks of one kind; only the first one has the stride and changes the number of filters."""

    kernel: int
    repeats: int
    filters: int
    expansion: int
    stride: int


# EfficientNet-B0 (Tan & Le, EfficientNet, ICML 2019, table 1)
STAGES = (
    Stage(kernel=3, repeats=1, filters=16, expansion=1, stride=1),
    Stage(kernel=3, repeats=2, filters=24, expansion=6, stride=2),
    Stage(kernel=5, repeats=2, filters=40, expansion=6, stride=2),
    Stage(kernel=3, repeats=3, filters=80, expansion=6, stride=2),
    Stage(kernel=5, repeats=3, filters=112, expansion=6, stride=1),
    Stage(kernel=5, repeats=4, filters=192, expansion=6, stride=2),
    Stage(kernel=3, repeats=1, filters=320, expansion=6, stride=1),
)


def build_encoder(width=1.0, depth=1.0, frames=CROP_FRAMES, momentum=0.99, paper="mscol"):
    """Build an encoder with random weights.

    Parameters
    ----------
    width, depth : float
        Coefficients of the numbers of filters and of blocks; 1 and 1 give EfficientNet-B0.
    frames : int
        Frames of a crop.
    momentum : float
        Momentum of the moving statistics of batch normalisation. They start at mean 0 and variance 1. Until they
        approach the true values, an encoder in inference mode gives nearly the same values for all crops.
    paper : str
        Paper whose padding is used, ``mscol`` or ``cvsm`` (`mscol.papers`); the encoder's name contains it.

    Returns
    -------
    keras.Model
        Log-mel crops of shape (crops, frames, 64, 1) -> (crops, values); 1,280 values at width 1. Contains
        Keras' own layers only.
    """
    crops = layers.Input((frames, N_MELS, 1))
    x = layers.Rescaling(1 / 255, name="rescaling")(crops)
    x = layers.Normalization(axis=-1, name="normalization")(x)  # never adapted: mean 0, variance 1
    x = _downsample(x, 3, "stem_conv_pad", paper)
    x = _convolve(x, _scale_filters(STEM_FILTERS, width), "stem_conv", kernel=3, strides=2, padding="valid")
    x = _normalise(x, "stem_bn", "stem_activation")
    for name, stage, stride, drop in _blocks(depth):
        x = _block(x, name, stage, _scale_filters(stage.filters, width), stride, drop, paper)
    x = _convolve(x, _scale_filters(TOP_FILTERS, width), "top_conv")
    x = _normalise(x, "top_bn", "top_activation")
    pooled = layers.GlobalMaxPooling2D(name="max_pool")(x)
    encoder = keras.Model(crops, pooled, name=name_of_model("encoder", paper))
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = momentum
    return encoder


def save_encoder(encoder, path):
    """Save an encoder as a ``.keras`` file, atomically."""
    with atomic_path(path) as partial:
        encoder.save(partial)


def _scale_filters(filters, width):
    """Scale a number of filters to the nearest multiple of 8 that is at least 90 % of the exact value.

    >>> [_scale_filters(32, width) for width in (0.25, 0.35, 1, 1.1)]
    [8, 16, 32, 32]
    """
    wanted = filters * width
    scaled = max(FILTER_UNIT, int(wanted + FILTER_UNIT / 2) // FILTER_UNIT * FILTER_UNIT)
    return scaled + FILTER_UNIT if scaled < 0.9 * wanted else scaled


def _blocks(depth):
    """List the blocks: Keras' name, stage, stride and drop probability of each."""
    blocks = [
        (f"block{number}{chr(ord('a') + repeat)}_", stage, stage.stride if repeat == 0 else 1)
        for number, stage in enumerate(STAGES, start=1)
        for repeat in range(math.ceil(depth * stage.repeats))
    ]
    return [(*block, DROP_CONNECT * index / len(blocks)) for index, block in enumerate(blocks)]


def _block(inputs, name, stage, filters, stride, drop, paper):
    """Add an inverted residual block with squeeze and excitation (MBConv)."""
    filters_in = inputs.shape[-1]
    x = inputs
    if stage.expansion != 1:
        x = _convolve(x, filters_in * stage.expansion, f"{name}expand_conv")
        x = _normalise(x, f"{name}expand_bn", f"{name}expand_activation")
    if stride == 2:
        x = _downsample(x, stage.kernel, f"{name}dwconv_pad", paper)
    x = layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=False,
        depthwise_initializer=_kernels(),
        name=f"{name}dwconv",
    )(x)
    x = _normalise(x, f"{name}bn", f"{name}activation")
    x = _excite(x, max(1, int(filters_in * SQUEEZE_RATIO)), name)
    x = _normalise(_convolve(x, filters, f"{name}project_conv"), f"{name}project_bn")
    if stride == 1 and filters_in == filters:
        if drop > 0:
            x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
        x = layers.Add(name=f"{name}add")([x, inputs])
    return x


def _excite(x, filters, name):
    """Weight the channels by a function of their means."""
    channels = x.shape[-1]
    weights = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    weights = layers.Reshape((1, 1, channels), name=f"{name}se_reshape")(weights)
    weights = _convolve(weights, filters, f"{name}se_reduce", use_bias=True, activation="swish")
    weights = _convolve(weights, channels, f"{name}se_expand", use_bias=True, activation="sigmoid")
    return layers.Multiply(name=f"{name}se_excite")([x, weights])


def _convolve(x, filters, name, kernel=1, padding="same", use_bias=False, **settings):
    return layers.Conv2D(
        filters,
        kernel,
        padding=padding,
        use_bias=use_bias,
        kernel_initializer=_kernels(),
        name=name,
        **settings,
    )(x)


def _normalise(x, name, activation_name=None):
    x = layers.BatchNormalization(name=name)(x)
    return layers.Activation("swish", name=activation_name)(x) if activation_name else x


def _downsample(x, kernel, name, paper):
    """Pad so that a strided convolution without its own padding is centred as in EfficientNet.

    The authors build their encoder for any number of frames (MSCOL_SMC23 mscol/network.py, input (None, 64, 1)),
    and Keras pads an unknown size like an even one. So an odd number of frames loses
    its last frame when downsampled. This is also done here, so that the published weights give the same values. CVSM's
    encoder is built for a fixed size and pads odd numbers on both sides.
    """
    known = paper == "cvsm"
    padding = [(kernel // 2 - (0 if known and size % 2 else 1), kernel // 2) for size in x.shape[1:3]]
    return layers.ZeroPadding2D(padding, name=name)(x)


def _kernels():
    """Return a new initialiser of kernels for each call: using one twice would draw the same numbers twice."""
    return keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")
