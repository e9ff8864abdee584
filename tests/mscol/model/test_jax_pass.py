"""JAX's training pass computes what Keras' own layers do."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("compute_jax_pass.py")
CLOSE = 1e-4  # of the largest value


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """What each way of computing gave: by kind, a list of arrays."""
    path = tmp_path_factory.mktemp("jax_pass") / "computed.npz"
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, str(PROGRAM), str(path)], check=True, env=environment)
    found = {}
    with np.load(path) as archive:
        for name, value in archive.items():
            run, kind, *_ = name.split("/")
            found.setdefault(run, {}).setdefault(kind, []).append(value)
    return found


@pytest.mark.parametrize("run", ["ours", "kernel"])
@pytest.mark.parametrize("kind", ["outputs", "gradients", "statistics"])
def test_outputs_gradients_and_statistics_are_those_of_the_layers(computed, run, kind):
    ours, theirs = computed[run][kind], computed["layers"][kind]
    # The gradient of a shift that the next normalisation takes out again is rounding: compare with the largest
    largest = max(np.abs(each).max() for each in theirs)
    for one, other in zip(ours, theirs, strict=True):
        scale = largest if kind == "gradients" else np.abs(other).max()
        assert np.abs(one - other).max() <= CLOSE * scale


def test_bfloat16_keeps_the_direction_and_gives_float32(computed):
    found = [each for kind in ("outputs", "gradients") for each in computed["half"][kind]]
    assert {each.dtype for each in found} == {np.dtype("float32")}
    one, other = (
        np.concatenate([each.ravel() for each in computed[run]["gradients"]]) for run in ("half", "layers")
    )
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.9


def test_drop_connect_is_on(computed):
    ((first,), (second,)) = computed["dropped"].values()
    assert not np.allclose(first, second)
