"""One model on several JAX devices: each computes the losses and gradients of a part of every minibatch.

Devices exchange everything that belongs to the whole minibatch: sums for statistics, positives, gradients. So the model is the same
as on one device. Each device holds the weights and the optimizer's state. A part is a number of pairs. The axis `PAIRS` distinguishes the
devices; below, ``axis`` is None if one device computes alone.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

PAIRS = "pairs"
# Arrays of a minibatch with one row per crop, anchors first, then positives; the others have one row per pair
_PER_CROP = ("time_mask", "band_mask", "shift", "warp")
_WHOLE = PartitionSpec()


def first_devices(n_devices):
    """Return the first devices of this process as a mesh along `PAIRS`."""
    return Mesh(jax.devices()[:n_devices], (PAIRS,))


def everywhere(mesh):
    """Return the sharding of an array that is copied to each device; None without a mesh."""
    return mesh and NamedSharding(mesh, _WHOLE)


def copy_to_all(arrays, mesh):
    """Copy arrays from one device to all devices of a mesh."""
    return jax.device_put(arrays, everywhere(mesh))


def spread(batch, mesh):
    """Send each device its pairs of a minibatch (`mscol.model.SourceAssociation`).

    If the pairs cannot be divided evenly, every device gets the whole minibatch.
    """
    n_pairs = len(batch["absent"])
    places = dict.fromkeys(batch, _WHOLE)
    if _is_dealt(batch, mesh):
        batch = _reshape_crops(batch, lambda each: each.reshape(2, n_pairs, *each.shape[1:]))
        places = _places(batch)
    return jax.device_put(batch, {name: NamedSharding(mesh, place) for name, place in places.items()})


def on_parts(function, mesh):
    """Turn a function of a part of a minibatch into a function of the minibatch.

    Parameters
    ----------
    function : callable
        Takes trainable variables, other variables, a minibatch (each device's part) and the axis; its result is the same on
        all devices.
    mesh : jax.sharding.Mesh or None
        None returns the function unchanged.

    Returns
    -------
    callable
        Takes trainable variables, other variables, and a minibatch from `spread`.
    """
    if mesh is None:
        return function

    def on_part(trainable, others, batch):
        batch = _reshape_crops(batch, lambda each: each.reshape(-1, *each.shape[2:]))
        return function(trainable, others, batch, PAIRS)

    def on_all(trainable, others, batch):
        if not _is_dealt(batch, mesh):
            return function(trainable, others, batch)
        # The result is the same on all devices, but JAX cannot verify that for hand-written gradients.
        return jax.shard_map(
            on_part, mesh=mesh, in_specs=(_WHOLE, _WHOLE, _places(batch)), out_specs=_WHOLE, check_vma=False
        )(trainable, others, batch)

    return on_all


def _is_dealt(batch, mesh):
    return len(batch["absent"]) % mesh.size == 0


def _places(batch):
    """Return along which of its axes each array of a minibatch is split among the devices."""
    kinds = dict.fromkeys(_PER_CROP, PartitionSpec(None, PAIRS))
    return {name: kinds.get(name, PartitionSpec(PAIRS)) for name in batch}


def _reshape_crops(batch, reshape):
    return batch | {name: reshape(batch[name]) for name in _PER_CROP if name in batch}


def n_parts(axis):
    """Return among how many devices a minibatch is split."""
    return lax.axis_size(axis) if axis else 1


def add_up(values, axis):
    """Add up the values of all devices."""
    return lax.psum(values, axis) if axis else values


def average(values, axis):
    """Average values over all devices; their parts have equal size."""
    return lax.pmean(values, axis) if axis else values


def gather_pairs(positives, absent, axis):
    """Gather the positives of all devices; also return the position of this device's first anchor among them.

    Returns
    -------
    positives : jax.Array, shape=(n_pairs, n_features)
    absent : jax.Array, shape=(n_pairs,), bool
    first : jax.Array, shape=(), int32
    """
    first = lax.axis_index(axis) * len(absent)
    return *(lax.all_gather(each, axis, tiled=True) for each in (positives, absent)), first


def drop_crops(layer, crops, axis):
    """Apply drop-connect: the same crops of a minibatch are dropped for any number of devices.

    Parameters
    ----------
    layer : keras.layers.Dropout
        Drops whole crops.
    crops : jax.Array, shape=(n_crops, height, width, n_channels)
        This device's anchors, then its positives.
    """
    if not axis:
        return layer(crops, training=True)
    weights = layer(jnp.ones((n_parts(axis) * len(crops), 1, 1, 1), crops.dtype), training=True)
    weights = weights.reshape(2, n_parts(axis), len(crops) // 2, 1, 1, 1)
    return crops * weights[:, lax.axis_index(axis)].reshape(-1, 1, 1, 1)
