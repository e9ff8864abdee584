"""Sum several functions of images over their pixels at once, reading each image once.

When XLA needs two sums of the same values, it writes the values to memory in float32 and reads them again. So on a GPU the sums use
a custom kernel; elsewhere they use XLA, with the same result.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

COLUMNS, ROWS = 64, 16  # read at a time by a program of the kernel
WARPS = 2
PROGRAMS = 1024  # keep a large GPU busy
USE_KERNEL = None  # None: use the kernel on a GPU
INTERPRET = False  # tests run the kernel on the CPU


def sum_channels(compute, images, channels=()):
    """Sum functions of images for each channel.

    Parameters
    ----------
    compute : callable
        Takes images and channels in float32 that broadcast against each other; returns a list of images.
    images : sequence of jax.Array, shape=(n_crops, height, width, n_channels)
    channels : sequence of jax.Array, shape=(n_channels,)

    Returns
    -------
    list of jax.Array, shape=(n_channels,), float32
    """
    n_channels = images[0].shape[-1]
    sums = _sum_groups(compute, images, channels, 1)
    if len(sums[0]) >= 8 * ROWS:  # a second pass over many rows is slow with few channels
        between = math.gcd(32, len(sums[0]))
        sums = _sum([each.reshape(between, -1, n_channels) for each in sums], axis=1)
    return [each[0] for each in sums] if len(sums[0]) == 1 else _sum(sums, axis=0)


def sum_pixels(compute, images, channels=()):
    """Sum functions of images for each crop and channel, like `sum_channels`, with shape=(n_crops, n_channels)."""
    n_crops = len(images[0])
    sums = _sum_groups(compute, images, channels, n_crops)
    if len(sums[0]) == n_crops:
        return sums
    return _sum([each.reshape(n_crops, -1, each.shape[-1]) for each in sums], axis=1)


def _sum_groups(compute, images, channels, groups):
    """Sum each group of rows; a group has several sums if a row holds several pixels side by side."""
    n_channels = images[0].shape[-1]
    n_rows = images[0].size // n_channels // groups
    beside = _beside(n_channels, n_rows)
    n_rows //= beside
    while groups * beside * n_channels < PROGRAMS * COLUMNS and n_rows % 2 == 0 and n_rows >= 4 * ROWS:
        groups, n_rows = 2 * groups, n_rows // 2
    images = [each.reshape(groups, n_rows, beside * n_channels) for each in images]
    use = jax.default_backend() == "gpu" if USE_KERNEL is None else USE_KERNEL
    if use and beside * n_channels % COLUMNS == 0:
        sums = _kernel_sums(compute, images, channels, n_channels)
    else:
        tiled = [jnp.tile(each, beside) for each in channels]
        parts = compute([each.astype("float32") for each in images], tiled)
        sums = _sum(parts, axis=1)
    return [each.reshape(-1, n_channels) for each in sums]


def _beside(n_channels, n_rows):
    """Choose how many pixels a summed row holds side by side."""
    for n in (1, 2, 4, 8):
        if n_rows % n == 0 and n * n_channels % COLUMNS == 0:
            return n
    return 1


def _sum(images, axis):
    """Sum several arrays in one pass."""
    zero = jnp.zeros((), "float32")

    def add(ones, others):
        return tuple(one + other for one, other in zip(ones, others, strict=True))

    return lax.reduce(tuple(images), (zero,) * len(images), add, (axis,))


def _kernel_sums(compute, images, channels, n_channels):
    groups, n_rows, width = images[0].shape
    tile = min(ROWS, 1 << (n_rows - 1).bit_length())
    whole = n_rows % tile == 0
    n_sums = len(
        jax.eval_shape(
            compute,
            [jax.ShapeDtypeStruct((tile, COLUMNS), "float32") for _ in images],
            [jax.ShapeDtypeStruct((COLUMNS,), "float32") for _ in channels],
        )
    )

    def kernel(*references):
        column = pl.program_id(0) * COLUMNS + jnp.arange(COLUMNS)
        column_values = [each[column % n_channels] for each in references[len(images) : -n_sums]]

        def add(step, totals):
            inside = None if whole else (step * tile + jnp.arange(tile) < n_rows)[:, None]
            loaded = [
                triton.load(
                    each.at[pl.ds(step * tile, tile), :], mask=inside, other=None if whole else 0.0
                ).astype("float32")
                for each in references[: len(images)]
            ]
            parts = compute(loaded, column_values)
            if not whole:
                parts = [jnp.where(inside, part, 0.0) for part in parts]
            return [total + part for total, part in zip(totals, parts, strict=True)]

        zeros = [jnp.zeros((tile, COLUMNS), "float32")] * n_sums
        totals = lax.fori_loop(0, pl.cdiv(n_rows, tile), add, zeros)
        for reference, total in zip(references[-n_sums:], totals, strict=True):
            reference[:] = jnp.sum(total, axis=0)

    return pl.pallas_call(
        kernel,
        out_shape=[jax.ShapeDtypeStruct((groups, width), "float32")] * n_sums,
        grid=(width // COLUMNS, groups),
        in_specs=[pl.BlockSpec((None, n_rows, COLUMNS), lambda column, group: (group, 0, column))]
        * len(images)
        + [pl.BlockSpec((n_channels,), lambda column, group: (0,))] * len(channels),
        out_specs=[pl.BlockSpec((None, COLUMNS), lambda column, group: (group, column))] * n_sums,
        compiler_params=triton.CompilerParams(num_warps=WARPS, num_stages=2),
        interpret=INTERPRET,
    )(*images, *channels)
