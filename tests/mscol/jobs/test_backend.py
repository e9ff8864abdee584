"""Which backend a job computes with, on machines with and without a GPU; this one need not have any."""

import ast
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mscol.errors import ConfigError
from mscol.jobs import backend
from mscol.jobs.backend import check_backend_variable, decide, find_card, jax_obstacle

SCRIPTS = Path(backend.__file__).parents[2]
BOTH = ["tensorflow", "jax"]
CARD, OLD = "/dev/nvidia0", "its driver is 550.54.14, but CUDA 13 needs 580 or later"


@pytest.mark.parametrize(
    ("setting", "named", "card", "obstacle", "chosen"),
    [
        ("auto", "", None, None, "tensorflow"),
        ("auto", "", CARD, None, "jax"),
        ("auto", "", CARD, OLD, "tensorflow"),
        ("tensorflow", "", CARD, None, "tensorflow"),
        ("jax", "", None, None, "jax"),
        ("jax", "", CARD, OLD, "jax"),
        ("jax", "tensorflow", CARD, None, "tensorflow"),
        ("auto", "jax", None, None, "jax"),
    ],
)
def test_gpu_is_used_where_jax_can_and_the_user_has_the_last_word(setting, named, card, obstacle, chosen):
    found, sentence = decide(setting, named, card, obstacle, BOTH)
    assert found == chosen
    assert {"tensorflow": "TensorFlow", "jax": "JAX"}[chosen] in sentence.partition(";")[0]
    assert sentence.count(". ") == 0 and sentence.endswith(".")  # one sentence
    assert ("as KERAS_BACKEND says" in sentence) == bool(named)
    assert (obstacle or "") in sentence and (CARD in sentence) == bool((card and chosen == "jax") or obstacle)


def test_what_alone_is_installed_computes_and_what_is_asked_for_must_be():
    assert decide("auto", "", None, None, ["jax"])[0] == "jax"
    assert decide("auto", "", CARD, "JAX is not installed", ["tensorflow"])[0] == "tensorflow"
    with pytest.raises(
        ConfigError, match="JAX is not installed here, but is required, as the config says. Install it"
    ):
        decide("jax", "", None, None, ["tensorflow"])
    with pytest.raises(
        ConfigError, match=r"neither TensorFlow nor JAX is installed.*\[training\].* or .*\[gpu\]"
    ):
        decide("auto", "", None, None, [])


def test_other_backend_is_refused_in_one_sentence():
    for named in ("", *BOTH):
        check_backend_variable({"KERAS_BACKEND": named})
    check_backend_variable({})
    with pytest.raises(
        ConfigError,
        match="KERAS_BACKEND: the backend 'torch' is not supported. Set it to tensorflow or jax, or unset",
    ):
        check_backend_variable({"KERAS_BACKEND": "torch"})


@pytest.fixture
def machine(tmp_path):
    """Folders of devices and of programs, as a machine with two GPUs would have them; returns what finds a card there."""
    devices, programs = tmp_path / "dev", tmp_path / "bin"
    devices.mkdir()
    programs.mkdir()

    def find(**environment):
        return find_card({"PATH": str(programs), **environment}, devices)

    return devices, programs, find


def test_machine_with_a_card_differs_from_one_without(machine):
    devices, _, find = machine
    (devices / "nvidiactl").touch()  # the driver alone
    assert find() is None
    (devices / "nvidia1").touch()
    (devices / "nvidia0").touch()
    assert find() == find(JAX_PLATFORMS="cuda,cpu") == str(devices / "nvidia0")
    assert find(CUDA_VISIBLE_DEVICES="GPU-5d") == "CUDA_VISIBLE_DEVICES=GPU-5d"


@pytest.mark.parametrize(
    "variable",
    [{"CUDA_VISIBLE_DEVICES": ""}, {"CUDA_VISIBLE_DEVICES": "-1"}, {"JAX_PLATFORMS": "cpu"}],
    ids=str,
)
def test_card_that_a_job_was_not_given_is_none(machine, variable):
    devices, _, find = machine
    (devices / "nvidia0").touch()
    assert find(**variable) is None


@pytest.mark.parametrize(
    ("answer", "card"),
    [
        ("echo 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1234)'", "NVIDIA A100-SXM4-40GB"),
        ("echo 'No devices were found'", None),
        ("echo 'NVIDIA-SMI has failed'; exit 9", None),
    ],
)
def test_card_without_a_device_of_its_own_is_asked_for(machine, answer, card):
    _, programs, find = machine
    program = programs / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    assert find() == card


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC 12", "550.54.14"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  570.86.15  Release Build", "570.86.15"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build", None),
        ("", None),
    ],
)  # fmt: skip
def test_old_driver_is_named(tmp_path, printed, version):
    path = tmp_path / "version"
    path.write_text(printed)
    found = backend._old_driver(path)
    assert found == (f"its driver is {version}, but CUDA 13 needs 580 or later" if version else None)
    assert backend._old_driver(tmp_path / "none") is None


@pytest.mark.skipif(find_card() is not None, reason="there is a GPU")
def test_jax_says_why_it_cannot_use_a_card_that_is_not_there(monkeypatch):
    pytest.importorskip("jax")
    assert jax_obstacle()
    has = backend.importlib.util.find_spec
    monkeypatch.setattr(
        backend.importlib.util, "find_spec", lambda name: None if "plugin" in name else has(name)
    )
    assert jax_obstacle() == "its CUDA plugin is not installed (the package is jax[cuda13])"
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda name: None)
    assert jax_obstacle() == "JAX is not installed"


CHOOSING = """
import logging, os
from mscol.jobs.backend import choose_backend
logging.basicConfig(level="INFO", format="%(message)s")
choose_backend()
from mscol.model import association_loss, backend_and_device, build_encoder, configure
print(backend_and_device())
print(os.environ["TF_FORCE_GPU_ALLOW_GROWTH"], os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"])
"""
COMPUTING = """
import numpy as np
configure(1, 3)
encoder = build_encoder(0.1, 0.1, momentum=0.5)
crops = np.random.default_rng(0).normal(-8, 2, (4, 98, 64, 1)).astype("float32")
values = encoder.predict_on_batch(crops)
loss, _ = association_loss(1000 * values[:, :8], 1000 * values[:, 8:16], np.eye(8, dtype="float32"), np.zeros(4, bool))
print(values.dtype, values.shape, float(loss), values.astype("float64").std())
"""


def compute(keras_home, program, **environment):
    """What a program prints where Keras' own settings lie in a folder, and what it says."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in ("KERAS_BACKEND", "XLA_PYTHON_CLIENT_PREALLOCATE")
    }
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=keras_home.parent,
        env=kept | {"KERAS_HOME": str(keras_home), "CUDA_VISIBLE_DEVICES": "", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def test_someones_keras_json_does_not_change_what_is_computed(tmp_path):
    other = {"floatx": "float16", "epsilon": 0.5, "backend": "torch", "image_data_format": "channels_first"}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "keras.json").write_text(json.dumps(other))
    usual, printed = compute(tmp_path / "usual", CHOOSING + COMPUTING)
    # Neither framework takes all memory of a GPU at once.
    assert usual.startswith("{'backend': 'tensorflow', 'device': 'CPU'}\ntrue false\nfloat32 (4, ")
    # And nothing else is printed.
    assert printed == "Computing with TensorFlow: no GPU is available to this job.\n"
    assert compute(tmp_path / "other", CHOOSING + COMPUTING)[0] == usual


def test_keras_backend_has_the_last_word(tmp_path):
    pytest.importorskip("jax")
    # Keras imports TensorFlow when it saves a model.
    program = (
        CHOOSING
        + "import keras; keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save('model.keras')"
    )
    by_name, printed = compute(tmp_path, program, KERAS_BACKEND="jax", XLA_PYTHON_CLIENT_PREALLOCATE="true")
    assert by_name == "{'backend': 'jax', 'device': 'CPU'}\ntrue true"
    assert printed == "Computing with JAX, as KERAS_BACKEND says: no GPU is available to this job.\n"


def scripts_with_keras():
    """The scripts that import Keras, each with its lines in order."""
    for path in sorted(SCRIPTS.glob("*.py")):
        text = path.read_text()
        if any(f"mscol.{package}" in text for package in ("model", "pretraining", "probes")):
            yield pytest.param(text, id=path.stem)


@pytest.mark.parametrize("text", scripts_with_keras())
def test_scripts_choose_before_they_import_keras(text):
    places = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[1] in (
            "model",
            "pretraining",
            "probes",
        ):
            places.setdefault("keras", node.lineno)
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("choose_backend("):
            places["chosen"] = node.lineno
    assert places["chosen"] < places["keras"]


def test_rules_that_compute_with_keras_are_made_anew_for_another_backend():
    rules = "".join(path.read_text() for path in (SCRIPTS.parent / "rules").rglob("*.smk"))
    computing = [rule for rule in rules.split("\nrule ") if "KERAS_ENVIRONMENT\n" in rule]
    assert len(computing) == 9
    for rule in computing:
        assert 'backend=config["backend"]' in rule or "plan=rules.plan_pretraining.output.plan" in rule
    assert '"backend": config["backend"]' in rules  # of the plan
