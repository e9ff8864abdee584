"""What one model on several devices has in common: eight devices that JAX makes of this CPU, in processes of their own."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("jax")

PROGRAM = """
import functools
import jax, keras
import numpy as np
from jax.sharding import PartitionSpec as P
from mscol.model import jax_sums
from mscol.model.sharding import PAIRS, add_up, drop_crops, first_devices, spread

mesh, random = first_devices(8), np.random.default_rng(0)

def on_all(function, places=P(PAIRS)):
    return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=P(PAIRS), out_specs=places, check_vma=False))

# The same crops are dropped as on one device, whose anchors all come before its positives.
def dropped(crops, axis=None):
    return drop_crops(keras.layers.Dropout(0.5, noise_shape=(None, 1, 1, 1), seed=3), crops, axis)
crops = random.normal(size=(2, 32, 3, 2, 4)).astype("float32")
alone = np.reshape(dropped(crops.reshape(64, 3, 2, 4)), crops.shape)
dealt = np.moveaxis(crops.reshape(2, 8, 4, 3, 2, 4), 0, 1).reshape(64, 3, 2, 4)
shared = np.asarray(on_all(functools.partial(dropped, axis=PAIRS))(dealt)).reshape(8, 2, 4, 3, 2, 4)
np.testing.assert_allclose(np.moveaxis(shared, 1, 0).reshape(crops.shape), alone)
assert 0.2 < np.mean(alone == 0) < 0.8

# So is the sum of a channel, by the GPU's own kernel.
jax_sums.USE_KERNEL = jax_sums.INTERPRET = True
def sums(images):
    return add_up(jax_sums.sum_channels(lambda images, _: [images[0], images[0] ** 2], [images]), PAIRS)
images = random.normal(size=(16, 4, 8, 64)).astype("float32")
for found, expected in zip(on_all(sums, P())(images), (images, images**2)):
    np.testing.assert_allclose(found, expected.sum((0, 1, 2)), rtol=1e-4, atol=1e-3)

# A minibatch that cannot be dealt is whole on each.
for n_pairs, rows in ((16, 2), (12, 12)):
    batch = spread({"absent": np.arange(n_pairs) == 1, "shift": np.arange(2 * n_pairs)}, mesh)
    assert {len(shard.data) for shard in batch["absent"].addressable_shards} == {rows}
    assert batch["shift"].shape == ((2, 16) if rows == 2 else (24,))
"""


def test_what_is_dropped_and_summed_is_that_of_one_device():
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
    }
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, env=environment)
