"""JAX computes what TensorFlow computes: losses, gradients, augmentation and compiled updates."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mscol.pairs.augmentation import draw_augmentation, overlap

pytestmark = pytest.mark.slow

pytest.importorskip("jax")
PROGRAM = Path(__file__).with_name("compute_losses.py")
N_PAIRS, N_FEATURES = 6, 16


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """What each backend computed of the same inputs."""
    folder = tmp_path_factory.mktemp("backends")
    random = np.random.default_rng(0)
    crops = random.normal(-4, 2, (2, N_PAIRS, 98, 64, 1))
    inputs = {
        "anchors": random.normal(size=(N_PAIRS, N_FEATURES)),
        "positives": random.normal(size=(N_PAIRS, N_FEATURES)),
        "weight": random.normal(0, 0.5, (N_FEATURES, N_FEATURES)),
        "batch/anchors": crops[0],
        "batch/positives": crops[1],
    }
    inputs = {name: value.astype("float32") for name, value in inputs.items()}
    inputs |= {f"batch/{name}": value for name, value in draw_augmentation(random, 2 * N_PAIRS).items()}
    inputs["batch/overlap"] = overlap(random.integers(295, size=N_PAIRS), random.integers(295, size=N_PAIRS))
    inputs["batch/absent"] = np.arange(N_PAIRS) % 3 == 0
    for name, absent in {"none": False, "all": True, "some": np.arange(N_PAIRS) < 2}.items():
        inputs[f"absent_{name}"] = np.broadcast_to(absent, N_PAIRS)
    np.savez(folder / "inputs.npz", **inputs)
    results = {}
    for backend in ("tensorflow", "jax"):
        command = [sys.executable, str(PROGRAM), str(folder / "inputs.npz"), str(folder / f"{backend}.npz")]
        subprocess.run(command, check=True, env=os.environ | {"KERAS_BACKEND": backend})
        with np.load(folder / f"{backend}.npz") as archive:
            results[backend] = dict(archive)
    assert results["jax"].keys() == results["tensorflow"].keys()
    return results


@pytest.mark.parametrize("absent", ["none", "all", "some"])
def test_loss_and_its_gradients_are_the_same(computed, absent):
    for name in ("loss", "anchors", "positives", "weight"):
        one, other = (computed[backend][f"absent_{absent}/{name}"] for backend in computed)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_absent_positives_are_the_same_whatever_lies_there(computed):
    for backend in computed.values():
        assert backend["evaluation_of_residue"] == backend["evaluation"]


def test_compiled_updates_and_calibration_lead_to_the_same_weights(computed):
    assert computed["jax"]["losses"][0] != computed["jax"]["losses"][-1]
    assert computed["jax"]["evaluation_when_calibrated"] != computed["jax"]["evaluation"]
    for name in computed["jax"]:
        if name.startswith(("losses", "evaluation", "weight", "calibrated")):
            np.testing.assert_allclose(
                computed["tensorflow"][name], computed["jax"][name], rtol=1e-3, atol=1e-3, err_msg=name
            )
