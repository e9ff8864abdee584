"""An encoder's training pass for JAX on a GPU: the same numbers as its layers, with fewer passes over memory.

An update mostly reads and writes images: products take a seventh of its time (docs/benchmarks.md, "On a GPU").
So a normalisation computes its sums in one pass, and those of its gradient in another one. The gradient recomputes swish,
because that costs less than reading it. Images have the dtype of the multiplications; sums and all other arithmetic
are float32.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mscol.model.jax_sums import sum_channels, sum_pixels
from mscol.model.sharding import add_up, drop_crops, n_parts

SMALL_PIXELS = 32  # images of at most this many pixels are convolved channel by channel without the library
_IMAGES = ("NHWC", "HWIO", "NHWC")


def jax_pass(encoder, crops, dtype="float32", axis=None):
    """Compute `mscol.model.training_pass.training_pass` for JAX arrays on a GPU.

    Parameters and result are the same: crops (n_crops, frames, 64, 1) -> values (n_crops, n_values), float32; the encoder's moving
    statistics are updated. On several devices (`mscol.model.sharding`), statistics cover the crops of all devices.
    """
    layer = encoder.get_layer
    names = {each.name for each in encoder.layers}

    def kernel(name):
        return jnp.asarray(layer(name).kernel.value, dtype)

    def normalise(x, name, swish=True, dense=None):
        found = layer(name)
        given = (x, found.gamma.value, found.beta.value)
        if dense:
            x, mean, variance = _normalise_and_excite(*given, dense, found.epsilon, axis)
        else:
            x, mean, variance = _normalise(*given, found.epsilon, swish, axis)
        for moving, batch in ((found.moving_mean, mean), (found.moving_variance, variance)):
            moving.assign(moving * found.momentum + batch * (1 - found.momentum))
        return x

    x = layer("normalization")(layer("rescaling")(crops)).astype(dtype)
    x = normalise(_stem(x, kernel("stem_conv")), "stem_bn")
    for name in [each.name.removesuffix("dwconv") for each in encoder.layers if each.name.endswith("dwconv")]:
        inputs = x
        if f"{name}expand_conv" in names:
            x = normalise(_multiply(x, kernel(f"{name}expand_conv")), f"{name}expand_bn")
        x = _depthwise(x, kernel(f"{name}dwconv"), 2 if f"{name}dwconv_pad" in names else 1)
        dense = [layer(f"{name}se_{part}") for part in ("reduce", "expand")]
        x = normalise(x, f"{name}bn", dense=[(each.kernel.value[0, 0], each.bias.value) for each in dense])
        x = normalise(_multiply(x, kernel(f"{name}project_conv")), f"{name}project_bn", swish=False)
        if f"{name}drop" in names:
            x = drop_crops(layer(f"{name}drop"), x, axis).astype(dtype)
        if f"{name}add" in names:
            x = x + inputs
    x = normalise(_multiply(x, kernel("top_conv")), "top_bn")
    return jnp.max(x, axis=(1, 2)).astype("float32")


def _multiply(x, kernel):
    """Convolve with a kernel of shape (1, 1, n_inputs, n_outputs) as a product of matrices."""
    return jnp.dot(x.reshape(-1, x.shape[-1]), kernel[0, 0]).reshape(*x.shape[:-1], kernel.shape[-1])


def _padding(sizes, kernel_size, strides):
    """Return the number of padding pixels before and after, for each size.

    With stride 2, this is the padding of the encoder's layers without the pixels that the kernel does not reach.
    """
    before, after = (kernel_size - strides) // 2, kernel_size // 2
    return [(before, after - (before + size + after - kernel_size) % strides) for size in sizes]


def _pad(x, kernel_size, strides):
    padding = _padding(x.shape[1:3], kernel_size, strides)
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((*each, 0) for each in padding), (0, 0, 0)])


def _stem(x, kernel):
    """Convolve images of one channel with stride 2, as a product of each pixel's surroundings and the kernel.

    GPU libraries have no convolution for one channel; they rearrange the images to use one for several channels.
    """
    size, _, _, n_filters = kernel.shape
    x = lax.optimization_barrier(_pad(x, size, 2))  # otherwise each cell cuts crops from the cache again
    rows, columns = ((n - size) // 2 + 1 for n in x.shape[1:3])
    cells = [
        x[:, top : top + 2 * rows - 1 : 2, left : left + 2 * columns - 1 : 2, 0]
        for top in range(size)
        for left in range(size)
    ]
    spare = -len(cells) % 16  # products of matrices are fast for multiples of 16
    cells = jnp.stack(cells + [jnp.zeros_like(cells[0])] * spare, axis=-1)
    matrix = jnp.pad(kernel.reshape(-1, n_filters), [(0, spare), (0, 0)])
    return jnp.dot(cells.reshape(-1, len(matrix)), matrix).reshape(-1, rows, columns, n_filters)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise(x, kernel, strides):
    """Convolve each channel separately; kernel of shape (height, width, n_channels, 1)."""
    return _depthwise_forward(x, kernel, strides)[0]


def _depthwise_forward(x, kernel, strides):
    if strides == 1:
        convolve = _convolve_small if _is_small(x) else _convolve
        return convolve(x, kernel), (x, x, kernel)
    # Without the barrier, XLA makes a second image with other padding for the kernel's gradient.
    padded = lax.optimization_barrier(_pad(x, len(kernel), strides))
    return _convolve(padded, kernel, strides, "VALID"), (x, padded, kernel)


def _depthwise_backward(strides, kept, upstream):
    x, padded, kernel = kept
    if strides == 1:
        convolve = _convolve_small if _is_small(x) else _convolve
        d_x = convolve(upstream, jnp.flip(kernel, (0, 1)))
    else:
        d_x = _spread(upstream, kernel, x.shape[1:3])
    if _is_small(x):
        return d_x, _small_kernel_gradient(x, upstream, kernel, strides)
    convolve = functools.partial(
        _convolve, padded, strides=strides, padding="SAME" if strides == 1 else "VALID"
    )
    return d_x, jax.vjp(convolve, kernel)[1](upstream)[0]


_depthwise.defvjp(_depthwise_forward, _depthwise_backward)


def _is_small(x):
    return x.shape[1] * x.shape[2] <= SMALL_PIXELS


def _convolve_small(x, kernel):
    """Convolve each channel of small images separately, as a sum of shifted images.

    For some image sizes, some compilations of XLA choose a convolution that takes ten times as long.
    """
    cells = kernel[..., 0].astype("float32")
    reach = len(kernel) // 2
    rows, columns = x.shape[1:3]
    padded = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (reach, reach, 0), (reach, reach, 0), (0, 0, 0)])
    padded = lax.optimization_barrier(padded)  # otherwise each shift checks the bounds of each pixel
    return sum(
        padded[:, top : top + rows, left : left + columns].astype("float32") * cells[top, left]
        for top in range(len(kernel))
        for left in range(len(kernel))
        if abs(top - reach) < rows and abs(left - reach) < columns
    ).astype(x.dtype)


def _convolve(x, kernel, strides=1, padding="SAME"):
    return lax.conv_general_dilated(
        x,
        kernel.reshape(*kernel.shape[:2], 1, -1),
        (strides, strides),
        padding,
        dimension_numbers=_IMAGES,
        feature_group_count=x.shape[-1],
    )


def _spread(upstream, kernel, shape):
    """Compute the images' gradient of a depthwise convolution with stride 2.

    XLA would turn it into a convolution of images that are three quarters zeros. Pixel 2 m + r of the padded images contributes to
    pixel m - s of the outputs through cell r + 2 s of the kernel. So the outputs' gradient is shifted by each s, and each of its
    pixels is multiplied by the cells of both r, in both directions.
    """
    size = len(kernel)
    n_shifts = (size + 1) // 2
    before = (size - 2) // 2
    rows, columns = (-(-(before + each) // 2) for each in shape)
    cells = jnp.pad(kernel[..., 0].astype("float32"), [(0, 2 * n_shifts - size)] * 2 + [(0, 0)])
    cells = cells.reshape(n_shifts, 2, n_shifts, 2, -1)
    ends = [
        (n_shifts - 1, max(0, wanted - have), 0)
        for wanted, have in zip((rows, columns), upstream.shape[1:3], strict=True)
    ]
    padded = lax.pad(upstream, jnp.zeros((), upstream.dtype), [(0, 0, 0), *ends, (0, 0, 0)])
    padded = lax.optimization_barrier(padded)  # otherwise each shift checks the bounds of each pixel
    total = 0
    for down in range(n_shifts):
        for right in range(n_shifts):
            top, left = n_shifts - 1 - down, n_shifts - 1 - right
            shifted = padded[:, top : top + rows, left : left + columns].astype("float32")
            total += shifted[:, :, None, :, None] * cells[down, :, right][:, None]
    images = total.astype(upstream.dtype).reshape(len(upstream), 2 * rows, 2 * columns, -1)
    return images[:, before : before + shape[0], before : before + shape[1]]


def _small_kernel_gradient(x, upstream, kernel, strides):
    """Compute the kernel's gradient of a depthwise convolution of small images, from products of all pairs of pixels.

    For images smaller than the kernel, XLA would use a convolution that takes ten times as long.
    """
    pixels, outputs = (each.reshape(len(x), -1, x.shape[-1]) for each in (x, upstream))
    products = jnp.einsum("npc,nqc->cpq", pixels, outputs, preferred_element_type="float32")
    cells = _meetings(x.shape[1:3], upstream.shape[1:3], len(kernel), strides)
    return (
        jnp.einsum("cpq,pqk->kc", products, cells, precision="highest").reshape(kernel.shape).astype(x.dtype)
    )


def _meetings(shape, out_shape, size, strides):
    """Return which cell of a kernel connects an input pixel with an output pixel: (n_pixels, n_outputs, n_cells)."""
    axes = []
    for n_inputs, n_outputs, (before, _) in zip(
        shape, out_shape, _padding(shape, size, strides), strict=True
    ):
        cell = np.arange(n_inputs)[:, None] - strides * np.arange(n_outputs) + before
        axes.append((cell[..., None] == np.arange(size)).astype("float32"))
    rows, columns = axes
    return np.einsum("aik,bjl->abijkl", rows, columns).reshape(np.prod(shape), np.prod(out_shape), size**2)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4, 5))
def _normalise(x, gamma, beta, epsilon, swish, axis):
    """Normalise by the statistics of a minibatch, then apply swish; also return these statistics."""
    return _normalise_forward(x, gamma, beta, epsilon, swish, axis)[0]


def _normalise_forward(x, gamma, beta, epsilon, swish, axis):
    mean, variance, scale = _statistics(x, epsilon, axis)
    y = _standardise(x.astype("float32"), mean, scale) * gamma + beta
    y = y * _sigmoid(y) if swish else y
    return (y.astype(x.dtype), mean, variance), (x, gamma, beta, mean, scale)


def _normalise_backward(epsilon, swish, axis, kept, upstreams):
    x, *channels = kept
    upstream = upstreams[0]  # the statistics only update the moving ones, which have no gradient

    def sums(images, channels):
        standard, d_z = _parts(*images, *channels, swish)
        return [d_z, d_z * standard]

    d_beta, d_gamma = sum_channels(sums, [x, upstream], channels)
    d_x = _image_gradient(x, upstream.astype("float32"), channels, d_gamma, d_beta, axis, swish)
    return d_x, d_gamma, d_beta


_normalise.defvjp(_normalise_forward, _normalise_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(4, 5))
def _normalise_and_excite(x, gamma, beta, dense, epsilon, axis):
    """Normalise, apply swish, and weight the channels of each crop by a function of their means.

    Swish is computed for the means and again for the product, so it is never written to memory.
    """
    return _normalise_and_excite_forward(x, gamma, beta, dense, epsilon, axis)[0]


def _normalise_and_excite_forward(x, gamma, beta, dense, epsilon, axis):
    mean, variance, scale = _statistics(x, epsilon, axis)

    def swished(images, channels):
        gamma, beta, mean, scale = channels
        z = _standardise(images[0], mean, scale) * gamma + beta
        return [z * _sigmoid(z)]

    channels = (gamma, beta, mean, scale)
    means = sum_pixels(swished, [x], channels)[0] / (x.shape[1] * x.shape[2])
    weights, channels = lax.optimization_barrier((_excitation(means, dense), channels))
    y = swished([x.astype("float32")], channels)[0] * weights[:, None, None]
    return (y.astype(x.dtype), mean, variance), (x, gamma, beta, mean, scale, means, dense)


def _normalise_and_excite_backward(epsilon, axis, kept, upstreams):
    """Compute all sums in one pass, crop by crop: the weights of the sums follow from one of them."""
    x, gamma, beta, mean, scale, means, dense = kept
    channels, upstream = (gamma, beta, mean, scale), upstreams[0]

    def sums(images, channels):
        x, upstream = images
        gamma, beta, mean, scale = channels
        standard = _standardise(x, mean, scale)
        z = standard * gamma + beta
        sigmoid = _sigmoid(z)
        d_swish = sigmoid * (1 + z * (1 - sigmoid))
        direct = d_swish * upstream
        return [z * sigmoid * upstream, direct, direct * standard, d_swish, d_swish * standard]

    d_weights, direct, direct_standard, spread, spread_standard = sum_pixels(sums, [x, upstream], channels)
    weights, differentiate = jax.vjp(_excitation, means, dense)
    d_means, d_dense = differentiate(d_weights)
    d_means = d_means / (x.shape[1] * x.shape[2])
    d_beta = jnp.sum(weights * direct + d_means * spread, axis=0)
    d_gamma = jnp.sum(weights * direct_standard + d_means * spread_standard, axis=0)
    d_swished = upstream.astype("float32") * weights[:, None, None] + d_means[:, None, None]
    return _image_gradient(x, d_swished, channels, d_gamma, d_beta, axis), d_gamma, d_beta, d_dense


_normalise_and_excite.defvjp(_normalise_and_excite_forward, _normalise_and_excite_backward)


def _excitation(means, dense):
    """Compute the weights of channels from their means: (n_crops, n_channels), two pairs of kernel and bias."""
    for activate, (kernel, bias) in zip((jax.nn.silu, jax.nn.sigmoid), dense, strict=True):
        means = activate(jnp.dot(means, kernel) + bias)
    return means


def _statistics(x, epsilon, axis):
    """Compute mean, variance and 1 / standard deviation of channels."""
    n_values = x.size // x.shape[-1] * n_parts(axis)
    sums = sum_channels(lambda images, _: [images[0], jnp.square(images[0])], [x])
    mean, square = (each / n_values for each in add_up(sums, axis))
    variance = jnp.maximum(square - jnp.square(mean), 0)
    return mean, variance, lax.rsqrt(variance + epsilon)


def _sigmoid(z):
    # The square of the reciprocal square root is as exact as a division and several times as fast.
    return jnp.square(lax.rsqrt(1 + jnp.exp(-z)))


def _standardise(x, mean, scale):
    return (x - mean) * scale


def _parts(x, upstream, gamma, beta, mean, scale, swish=True):
    """Standardise x, and compute the gradient of the value after gamma and beta."""
    standard = _standardise(x, mean, scale)
    if not swish:
        return standard, upstream
    z = standard * gamma + beta
    sigmoid = _sigmoid(z)
    return standard, upstream * (sigmoid * (1 + z * (1 - sigmoid)))


def _image_gradient(x, upstream, channels, d_gamma, d_beta, axis, swish=True):
    """Compute the gradient of the normalised input.

    It uses the sums of all devices, while the gradients of gamma and beta stay per device until all are averaged.
    The barrier makes XLA recompute both parts where it sums them itself; otherwise it would write and read them in float32.
    """
    d_gamma, d_beta = add_up((d_gamma, d_beta), axis)
    channels, d_gamma, d_beta = lax.optimization_barrier((tuple(channels), d_gamma, d_beta))
    standard, d_z = _parts(x.astype("float32"), upstream, *channels, swish)
    gamma, _, _, scale = channels
    n_values = x.size // x.shape[-1] * n_parts(axis)
    return ((scale * gamma) * (d_z - d_beta / n_values - standard * (d_gamma / n_values))).astype(x.dtype)
