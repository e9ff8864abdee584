"""One model on several devices of JAX: each computes the losses and gradients of a part of every minibatch.

What belongs to the whole minibatch is exchanged: sums behind statistics, positives, gradients. So it is the same model as on one device.
Weights and the optimizer's state lie on each device. A part is a number of pairs; devices are told apart by
their place along the axis `PAIRS`, which is None in all that follows where one device computes.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

PAIRS = "pairs"
# Of a minibatch: what each device has whole, and what has a row a crop (anchors first, then positives)
_CACHES = ("mixtures", "stems")
_PER_CROP = ("time_mask", "band_mask", "shift", "warp")
_WHOLE = PartitionSpec()


def first_devices(n_devices):
    """The first devices of this process, as a mesh along `PAIRS`."""
    return Mesh(jax.devices()[:n_devices], (PAIRS,))


def everywhere(mesh):
    """Where an array lies of which each device has a copy; None without a mesh."""
    return mesh and NamedSharding(mesh, _WHOLE)


def copy_to_all(arrays, mesh):
    """Copy arrays of one device to all of a mesh."""
    return jax.device_put(arrays, everywhere(mesh))


def spread(batch, mesh):
    """Send each device its pairs of a minibatch (`mscol.model.SourceAssociation`).

    A minibatch whose pairs cannot be dealt evenly goes to all of them whole.
    """
    n_pairs = len(batch["absent"])
    places = dict.fromkeys(batch, _WHOLE)
    if _is_dealt(batch, mesh):
        batch = _reshape_crops(batch, lambda each: each.reshape(2, n_pairs, *each.shape[1:]))
        places = _places(batch)
    return jax.device_put(batch, {name: NamedSharding(mesh, place) for name, place in places.items()})


def on_parts(function, mesh):
    """Make a function of a part of a minibatch one of the minibatch.

    Parameters
    ----------
    function : callable
        Of trainable variables, others, a minibatch (its part, on each device) and the axis; what it returns is the same on all
        devices.
    mesh : jax.sharding.Mesh or None
        None: the function is returned as it is.

    Returns
    -------
    callable
        Of trainable variables, others, and a minibatch from `spread`.
    """
    if mesh is None:
        return function

    def on_part(trainable, others, batch):
        batch = _reshape_crops(batch, lambda each: each.reshape(-1, *each.shape[2:]))
        return function(trainable, others, batch, PAIRS)

    def on_all(trainable, others, batch):
        if not _is_dealt(batch, mesh):
            return function(trainable, others, batch)
        # What the function returns is the same everywhere; JAX cannot tell that of gradients that are written by hand.
        return jax.shard_map(
            on_part, mesh=mesh, in_specs=(_WHOLE, _WHOLE, _places(batch)), out_specs=_WHOLE, check_vma=False
        )(trainable, others, batch)

    return on_all


def _is_dealt(batch, mesh):
    return len(batch["absent"]) % mesh.size == 0


def _places(batch):
    """Along which of its axes each array of a minibatch is dealt to the devices."""
    kinds = dict.fromkeys(_CACHES, _WHOLE) | dict.fromkeys(_PER_CROP, PartitionSpec(None, PAIRS))
    return {name: kinds.get(name, PartitionSpec(PAIRS)) for name in batch}


def _reshape_crops(batch, reshape):
    return batch | {name: reshape(batch[name]) for name in _PER_CROP if name in batch}


def n_parts(axis):
    """Among how many devices a minibatch is dealt."""
    return lax.axis_size(axis) if axis else 1


def add_up(values, axis):
    """Add up the values of all devices."""
    return lax.psum(values, axis) if axis else values


def average(values, axis):
    """Average values over all devices, whose parts are equally large."""
    return lax.pmean(values, axis) if axis else values


def gather_pairs(positives, absent, axis):
    """Gather what all anchors are compared with, and say which of it belongs to this device's first anchor.

    Returns
    -------
    positives : jax.Array, shape=(n_pairs, n_features)
    absent : jax.Array, shape=(n_pairs,), bool
    first : jax.Array, shape=(), int32
    """
    first = lax.axis_index(axis) * len(absent)
    return *(lax.all_gather(each, axis, tiled=True) for each in (positives, absent)), first


def drop_crops(layer, crops, axis):
    """Apply drop-connect: the same crops of a minibatch are dropped on any number of devices.

    Parameters
    ----------
    layer : keras.layers.Dropout
        Which drops whole crops.
    crops : jax.Array, shape=(n_crops, height, width, n_channels)
        This device's anchors, and then its positives.
    """
    if not axis:
        return layer(crops, training=True)
    weights = layer(jnp.ones((n_parts(axis) * len(crops), 1, 1, 1), crops.dtype), training=True)
    weights = weights.reshape(2, n_parts(axis), len(crops) // 2, 1, 1, 1)
    return crops * weights[:, lax.axis_index(axis)].reshape(-1, 1, 1, 1)
