"""Several devices change no number: eight that JAX makes of this CPU, in a process of its own."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_runs import outputs_in, weights

from mscol.errors import TrainingError
from mscol.model import choose_devices, devices

PROGRAM = Path(__file__).with_name("train_on_devices.py")


@pytest.fixture(scope="module")
def trained(cache, tmp_path_factory):
    """The folder of a run on one device, and of one that began on eight and went on on two; and what they printed."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("devices")
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(cache), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.slow
def test_losses_of_eight_devices_and_then_two_are_those_of_one(trained):
    folder, _ = trained
    one, shared = (pd.read_csv(outputs_in(folder / name)["history"]) for name in ("one", "two"))
    assert shared["step"].tolist() == [2, 4, 6, 8, 10]
    for column in ("loss", "validation_loss"):
        np.testing.assert_allclose(shared[column], one[column], rtol=1e-4)
    np.testing.assert_array_equal(shared["accuracy"], one["accuracy"])
    assert one["loss"].nunique() > 1


@pytest.mark.slow
def test_run_says_on_how_many_devices_it_computes_and_goes_on_on_fewer(trained):
    folder, printed = trained
    assert (
        "Computing on 8 devices, 2 pairs each." in printed
        and "Computing on 2 devices, 8 pairs each." in printed
    )
    assert "stopped by SIGTERM after update 4 of 10" in printed
    assert "Going on from the checkpoint of update 4 of 10." in printed and "another run" not in printed
    assert "GB of log-mels into the memory of each device." in printed
    about = {name: json.loads(outputs_in(folder / name)["run"].read_text()) for name in ("one", "two")}
    assert (about["one"]["n_devices"], about["two"]["n_devices"], about["two"]["resumed_from"]) == (1, 2, 4)


@pytest.mark.slow
def test_encoder_of_several_devices_is_an_ordinary_one(trained):
    folder, _ = trained
    one, shared = (weights(outputs_in(folder / name)) for name in ("one", "two"))
    for expected, found in zip(one, shared, strict=True):
        np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.fixture
def gpus(monkeypatch):
    """A function that makes JAX see so many GPUs."""

    def make(number):
        monkeypatch.setattr(devices, "_devices", lambda: ("GPU" if number else "device", number or 1))
        monkeypatch.setattr(devices.keras.backend, "backend", lambda: "jax")

    return make


def test_devices_are_as_many_as_there_are_and_deal_pairs_evenly(gpus, caplog):
    gpus(4)
    with caplog.at_level(logging.INFO):
        assert [choose_devices(setting, 128) for setting in (1, 2, "all")] == [1, 2, 4]
        assert choose_devices("all", 90) == 3
    assert "Computing on 4 GPUs, 32 pairs each." in caplog.text
    assert "Minibatches of 90 pairs cannot be divided evenly among 4 GPUs. Using 3 of them." in caplog.text


@pytest.mark.parametrize(("there", "seen"), [(2, "2 GPUs"), (1, "1 GPU"), (0, "no GPU")])
def test_fewer_devices_than_asked_for_are_reported(gpus, there, seen):
    gpus(there)
    with pytest.raises(
        TrainingError, match=rf"running/devices': 4 devices, but this job sees {seen}\. Give the job more"
    ):
        choose_devices(4, 128)
    assert choose_devices("all", 128) == max(there, 1)


def test_tensorflow_computes_on_one(caplog):
    assert choose_devices("all", 128) == choose_devices(1, 128) == 1
    with pytest.raises(TrainingError, match="4 devices, but TensorFlow trains on one only. Set backend: jax"):
        choose_devices(4, 128)
