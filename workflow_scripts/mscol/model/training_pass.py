"""An encoder's training pass: the same numbers as its layers, in less time and memory.

TensorFlow differentiates a 1x1 convolution five times slower than it computes it, keeps several copies of
every normalised tensor for its gradient, and spreads the gradients of means by copying. This module
decides explicitly what to keep and what to recompute. On a GPU, JAX has a separate pass (`mscol.model.jax_pass`). The variables are
those of the encoder's layers, which stay Keras' own, so that a trained encoder can be saved directly. Everything uses ``keras.ops``.
"""

import functools

import keras
from keras import ops

from mscol.model.runtime import runs_on_gpu_by_jax
from mscol.papers import paper_of

# For crops of 98 frames, only the images of block 2a are larger: a third of all values between expansion and depthwise
# convolution. Recomputing all of these values takes a seventh longer (docs/benchmarks.md).
LARGEST_KEPT_PIXELS = 1024


def training_pass(encoder, crops, dtype="float32", axis=None):
    """Pass crops through an encoder in training and update its moving statistics.

    Parameters
    ----------
    encoder : keras.Model
        From `build_encoder`.
    crops : tensor, shape=(n_crops, frames, 64, 1)
    dtype : str
        Precision in which images and kernels are multiplied, ``float32`` or ``bfloat16``; statistics are float32.
    axis : str, optional
        Axis of the devices, each of which has a part of the crops (`mscol.model.sharding`).

    Returns
    -------
    tensor, shape=(n_crops, n_values), float32
        The same as ``encoder(crops, training=True)``.
    """
    padded_as_ours = paper_of(encoder) == "mscol"  # the padding of the JAX pass
    if axis and not padded_as_ours:
        raise NotImplementedError(f"{encoder.name}: only mscol encoders can be trained on several devices")
    if padded_as_ours and (axis or runs_on_gpu_by_jax()):
        from mscol.model.jax_pass import jax_pass  # here, as it imports JAX

        return jax_pass(encoder, crops, dtype, axis)
    layer = encoder.get_layer
    kernel = functools.partial(_kernel, encoder, dtype=dtype)
    x = ops.cast(layer("normalization")(layer("rescaling")(crops)), dtype)
    x = ops.conv(_pad(x, layer("stem_conv_pad")), kernel("stem_conv"), strides=2, padding="valid")
    x = _normalise_and_swish(x, *_normalisation(x, layer("stem_bn")))
    names = {each.name for each in encoder.layers}
    for name in [each.name.removesuffix("dwconv") for each in encoder.layers if each.name.endswith("dwconv")]:
        x = _block(x, name, names, layer, kernel)
    x = _multiply(x, kernel("top_conv"))
    x = _normalise_and_swish(x, *_normalisation(x, layer("top_bn")))
    return ops.cast(ops.max(x, axis=(1, 2)), "float32")


def _block(inputs, name, names, layer, kernel):
    """Compute an inverted residual block with squeeze and excitation (MBConv)."""
    pad = layer(f"{name}dwconv_pad") if f"{name}dwconv_pad" in names else None
    if f"{name}expand_conv" in names:
        x = _multiply(inputs, kernel(f"{name}expand_conv"))
        normalisation = _normalisation(x, layer(f"{name}expand_bn"))
    else:
        x, normalisation = inputs, ()
    x = _activate_and_convolve(x, kernel(f"{name}dwconv"), normalisation, pad)
    x = _normalise_and_swish(x, *_normalisation(x, layer(f"{name}bn")))
    x = _excite_and_multiply(x, _excitation(x, name, layer), kernel(f"{name}project_conv"))
    x = _normalise(x, *_normalisation(x, layer(f"{name}project_bn")))
    if f"{name}drop" in names:
        x = ops.cast(layer(f"{name}drop")(x, training=True), x.dtype)
    return x + inputs if f"{name}add" in names else x


def _kernel(encoder, name, dtype):
    """Return the kernel of a layer as a tensor; that of a 1x1 convolution as a matrix."""
    kernel = ops.cast(_value(encoder.get_layer(name).kernel), dtype)
    return kernel[0, 0] if kernel.shape[:2] == (1, 1) and not name.endswith("dwconv") else kernel


def _value(variable):
    # A copy: outside a graph, TensorFlow would pass on the variable itself, and would then bypass a function's
    # custom gradient.
    return ops.copy(variable)


def _pad(x, layer):
    return ops.pad(x, [(0, 0), *layer.padding, (0, 0)])


def _normalisation(x, layer):
    """Return gamma, beta, mean and 1 / standard deviation of a minibatch; update the layer's moving statistics."""
    mean, variance = ops.moments(ops.cast(ops.stop_gradient(x), "float32"), axes=(0, 1, 2))
    for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + batch * (1 - layer.momentum))
    return _value(layer.gamma), _value(layer.beta), mean, ops.rsqrt(variance + layer.epsilon)


def _activate_and_convolve(x, kernel, normalisation, pad):
    """Normalise and apply swish if ``normalisation`` is given, then convolve each channel separately.

    The values in between are six times as large as a block's input. For large images they are recomputed for the
    gradient.
    """
    small = pad is None and x.shape[1] * x.shape[2] < kernel.shape[0] * kernel.shape[1]

    def compute(x, kernel, *normalisation):
        if normalisation:
            x = _normalise_and_swish(x, *normalisation)
        if small:
            return _small_depthwise(x, kernel)
        if pad is None:
            return ops.depthwise_conv(x, kernel, padding="same")
        return ops.depthwise_conv(_pad(x, pad), kernel, strides=2, padding="valid")

    large = x.shape[1] * x.shape[2] > LARGEST_KEPT_PIXELS
    return (keras.remat(compute) if normalisation and large else compute)(x, kernel, *normalisation)


def _excitation(x, name, layer):
    """Compute the channels' weights from their means: shape (n_crops, 1, 1, n_channels)."""
    weights = _channel_means(x)
    for part, activate in (("reduce", ops.silu), ("expand", ops.sigmoid)):
        dense = layer(f"{name}se_{part}")
        kernel, bias = (ops.cast(_value(each), x.dtype) for each in (dense.kernel, dense.bias))
        weights = activate(ops.matmul(weights, kernel[0, 0]) + bias)
    return weights[:, None, None, :]


def _gradient(function):
    """Accept the gradient's argument in the form that each backend passes, as `keras.ops.custom_gradient` requires."""

    @functools.wraps(function)
    def gradient(*args, upstream=None):
        return function(args[-1] if upstream is None else upstream)

    return gradient


@ops.custom_gradient
def _multiply(x, kernel):
    """Multiply each pixel by a matrix."""

    @_gradient
    def gradient(upstream):
        # The kernel's gradient first: x is not needed afterwards.
        d_kernel = _kernel_gradient(x, upstream)
        return _per_pixel(upstream, ops.transpose(_after(d_kernel, kernel))), d_kernel

    return _per_pixel(x, kernel), gradient


@ops.custom_gradient
def _excite_and_multiply(x, weights, kernel):
    """Multiply each channel by its weight, then each pixel by a matrix, without keeping the values in between."""

    @_gradient
    def gradient(upstream):
        excited = x * _after(upstream, weights)
        d_kernel = _kernel_gradient(excited, upstream)
        d_excited = _per_pixel(upstream, ops.transpose(_after(d_kernel, kernel)))
        return d_excited * weights, ops.sum(d_excited * x, axis=(1, 2), keepdims=True), d_kernel

    return _per_pixel(x * weights, kernel), gradient


def _per_pixel(x, matrix):
    pixels = ops.matmul(ops.reshape(x, (-1, x.shape[-1])), matrix)
    return ops.reshape(pixels, (-1, *x.shape[1:-1], matrix.shape[-1]))


def _kernel_gradient(x, upstream):
    flat_x, flat_upstream = (ops.reshape(each, (-1, each.shape[-1])) for each in (x, upstream))
    return ops.matmul(ops.transpose(flat_x), flat_upstream)


@ops.custom_gradient
def _small_depthwise(x, kernel):
    """Convolve images that have fewer pixels than the kernel."""

    @_gradient
    def gradient(upstream):
        d_kernel = _small_kernel_gradient(x, kernel.shape, upstream)
        flipped = ops.flip(_after(d_kernel, kernel), axis=(0, 1))
        return ops.depthwise_conv(upstream, flipped, padding="same"), d_kernel

    return ops.depthwise_conv(x, kernel, padding="same"), gradient


def _small_kernel_gradient(x, shape, upstream):
    """Sum, for each cell of the kernel, the products of the pixels that it connects."""
    rows, columns = (_overlaps(*sizes) for sizes in zip(shape[:2], x.shape[1:3], strict=True))
    cells = [
        ops.sum(ops.cast(x[:, top, left] * upstream[:, top_out, left_out], "float32"), axis=(0, 1, 2))
        if top and left
        else ops.zeros(shape[2], "float32")
        for top, top_out in rows
        for left, left_out in columns
    ]
    return ops.cast(ops.reshape(ops.stack(cells), shape), x.dtype)


def _overlaps(kernel_size, size):
    """List, for each cell along a kernel of stride 1, the inputs that it multiplies and the outputs they go to.

    >>> inputs, outputs = _overlaps(3, 2)[0]  # the first of three meets the pixel before: none at 0
    >>> [0, 1][inputs], [0, 1][outputs]
    ([0], [1])
    """
    shifts = range(-(kernel_size // 2), kernel_size // 2 + 1)
    return [
        (slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0)))
        if abs(shift) < size
        else (None, None)
        for shift in shifts
    ]


@ops.custom_gradient
def _normalise(x, gamma, beta, mean, scale):
    @_gradient
    def gradient(upstream):
        slope = ops.cast(upstream, "float32")
        return _normalisation_gradient(x, gamma, mean, _after(slope, scale), slope)

    return ops.cast(_affine(x, gamma, beta, mean, scale), x.dtype), gradient


@ops.custom_gradient
def _normalise_and_swish(x, gamma, beta, mean, scale):
    """Normalise and apply swish; the gradient recomputes everything but the input."""

    @_gradient
    def gradient(upstream):
        slope = ops.cast(upstream, "float32")
        late_scale = _after(slope, scale)
        z = _affine(x, gamma, beta, mean, late_scale)
        sigmoid = ops.sigmoid(z)
        slope = slope * (sigmoid * (1 + z * (1 - sigmoid)))
        return _normalisation_gradient(x, gamma, mean, late_scale, slope)

    return ops.cast(ops.silu(_affine(x, gamma, beta, mean, scale)), x.dtype), gradient


def _affine(x, gamma, beta, mean, scale):
    slope = gamma * scale
    return ops.cast(x, "float32") * slope + (beta - mean * slope)


def _normalisation_gradient(x, gamma, mean, scale, slope):
    """Compute the gradients of x, gamma, beta, mean and scale, of which the last two are functions of x."""
    x32 = ops.cast(x, "float32")
    n_values = ops.cast(ops.size(x32[..., 0]), "float32")
    d_beta = ops.sum(slope, axis=(0, 1, 2))
    d_gamma = (ops.sum(slope * x32, axis=(0, 1, 2)) - mean * d_beta) * scale
    # d_x = gamma scale (slope - d_beta / n - (x - mean) scale d_gamma / n), gathered by tensors of x's size
    factor = gamma * scale
    pull = factor * scale * d_gamma / n_values
    d_x = slope * factor - (x32 * pull + (factor * d_beta / n_values - mean * pull))
    return ops.cast(d_x, x.dtype), d_gamma, d_beta, ops.zeros_like(mean), ops.zeros_like(scale)


@ops.custom_gradient
def _channel_means(x):
    """Compute the means of images' channels; the gradient is broadcast without a copy for each pixel."""

    @_gradient
    def gradient(upstream):
        height, width = x.shape[1:3]
        return ops.broadcast_to((upstream / (height * width))[:, None, None, :], ops.shape(x))

    return ops.mean(x, axis=(1, 2)), gradient


def _after(earlier, values):
    """Return the values, but only after ``earlier`` has been computed.

    A graph's executor computes operations in any order as soon as they are ready. Without this, values that should be
    recomputed for a gradient would be computed in the forward pass and kept. NaN stays NaN.
    """
    sample = ops.ravel(earlier)[0]
    return ops.where(sample == sample, values, ops.cast(sample, values.dtype))
