"""What is sent ahead to the device is what was made, and inference ahead gives what prediction does."""

import os
import subprocess
import sys

import numpy as np
import pytest

from mscol.model import bring_to_device

PROGRAM = """
import numpy as np
from mscol.embeddings.prediction import predict
from mscol.model import bring_to_device, build_encoder
crops = np.random.default_rng(0).normal(-4, 2, (5, 98, 64, 1)).astype("float32")
batch = {"anchors": crops, "absent": np.arange(5) == 1}
for name, value in bring_to_device(batch).items():
    np.testing.assert_array_equal(value, batch[name])
    assert value.dtype == batch[name].dtype
encoder = build_encoder(0.1, 0.1)
np.testing.assert_allclose(predict(encoder, crops, 2), encoder.predict_on_batch(crops), rtol=1e-5, atol=1e-6)
"""


def test_jax_is_sent_the_same_numbers():
    pytest.importorskip("jax")
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, env=environment)


def test_tensorflow_keeps_its_batches():
    batch = {"absent": np.arange(3) == 1}
    assert bring_to_device(batch) is batch
