"""Layers for training: the numbers and variables of Keras' own, in less time and memory.

TensorFlow differentiates a 1x1 convolution five times slower than it computes it, keeps several copies
of every normalised tensor for its gradient, and spreads the gradients of means by copying. These layers
say by hand what to keep and what to compute again. They are written on ``keras.ops`` alone; a saved encoder
holds Keras' layers in their place (`mscol.model.encoder.plain_encoder`).
"""

from keras import layers, ops


class PointwiseConv2D(layers.Conv2D):
    """A 1x1 convolution without stride, as the product of two matrices."""

    def convolution_op(self, inputs, kernel):
        *_, filters_in, filters = kernel.shape
        pixels = ops.reshape(inputs, (-1, filters_in))
        outputs = _product(pixels, ops.reshape(kernel, (filters_in, filters)))
        return ops.reshape(outputs, (-1, *inputs.shape[1:-1], filters))


class SmallDepthwiseConv2D(layers.DepthwiseConv2D):
    """A depthwise convolution of stride 1 over images of fewer pixels than its kernel."""

    def call(self, inputs):
        return _small_depthwise(inputs, ops.copy(self.kernel))


class SwishBatchNormalization(layers.BatchNormalization):
    """Batch normalisation over the last axis of images, then swish where asked for.

    For its gradient it keeps its input and computes everything else again.

    Parameters
    ----------
    swish : bool
    **settings
        Of Keras' layer.
    """

    def __init__(self, swish=False, **settings):
        super().__init__(**settings)
        self.swish = swish

    def call(self, inputs, training=False, mask=None):
        if not (training and self.trainable):
            outputs = super().call(inputs, training=False)
            return ops.silu(outputs) if self.swish else outputs
        mean, variance = ops.moments(ops.cast(ops.stop_gradient(inputs), "float32"), axes=(0, 1, 2))
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        normalise = _normalise_and_swish if self.swish else _normalise
        return normalise(
            inputs,
            ops.copy(self.gamma),
            ops.copy(self.beta),
            mean,
            ops.rsqrt(variance + self.epsilon),
        )


class ChannelMeans(layers.GlobalAveragePooling2D):
    """Take the means of images' channels; its gradient is spread without a copy for each pixel."""

    def call(self, inputs):
        return _channel_means(inputs)


class Excite(layers.Multiply):
    """Multiply images, the first input, by weights of shape (n, 1, 1, channels)."""

    def call(self, inputs):
        return _excite(*inputs)


@ops.custom_gradient
def _product(x, kernel):
    def gradient(*args, upstream=None):
        upstream = args[-1] if upstream is None else upstream
        d_kernel = ops.matmul(ops.transpose(x), upstream)
        # The kernel's gradient first: then x is needed no longer.
        return ops.matmul(upstream, ops.transpose(_after(d_kernel, kernel))), d_kernel

    return ops.matmul(x, kernel), gradient


@ops.custom_gradient
def _small_depthwise(x, kernel):
    def gradient(*args, upstream=None):
        upstream = args[-1] if upstream is None else upstream
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


@ops.custom_gradient
def _normalise(x, gamma, beta, mean, scale):
    def gradient(*args, upstream=None):
        upstream = args[-1] if upstream is None else upstream
        slope = ops.cast(upstream, "float32")
        return _normalisation_gradient(x, gamma, mean, _after(slope, scale), slope)

    return _affine(x, gamma, beta, mean, scale, x.dtype), gradient


@ops.custom_gradient
def _normalise_and_swish(x, gamma, beta, mean, scale):
    def gradient(*args, upstream=None):
        upstream = args[-1] if upstream is None else upstream
        slope = ops.cast(upstream, "float32")
        late_scale = _after(slope, scale)
        z = _affine(x, gamma, beta, mean, late_scale)
        sigmoid = ops.sigmoid(z)
        slope = slope * (sigmoid * (1 + z * (1 - sigmoid)))
        return _normalisation_gradient(x, gamma, mean, late_scale, slope)

    return ops.cast(ops.silu(_affine(x, gamma, beta, mean, scale)), x.dtype), gradient


def _affine(x, gamma, beta, mean, scale, dtype="float32"):
    slope = gamma * scale
    return ops.cast(ops.cast(x, "float32") * slope + (beta - mean * slope), dtype)


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


def _after(earlier, values):
    """Return the values, but no sooner than something else is there.

    A graph's executor computes what is ready in an order of its own. So what is to be computed again for a
    gradient would be computed during the forward pass, and kept. What is not a number stays so.
    """
    sample = ops.ravel(earlier)[0]
    return ops.where(sample == sample, values, ops.cast(sample, values.dtype))


def _overlaps(kernel_size, size):
    """List, for each place along a kernel of stride 1, the inputs that it meets and the outputs they go to.

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
def _channel_means(x):
    def gradient(*args, upstream=None):
        upstream = args[-1] if upstream is None else upstream
        height, width = x.shape[1:3]
        return ops.broadcast_to((upstream / (height * width))[:, None, None, :], ops.shape(x))

    return ops.mean(x, axis=(1, 2)), gradient


@ops.custom_gradient
def _excite(x, weights):
    def gradient(*args, upstream=None):
        upstream = args[-1] if upstream is None else upstream
        return upstream * weights, ops.sum(upstream * x, axis=(1, 2), keepdims=True)

    return x * weights, gradient
