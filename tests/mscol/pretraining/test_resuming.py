"""A run that was stopped goes on where it was, and ends as if it had not been."""

import errno
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_runs import SETTINGS, cache_files, outputs_in, run, weights

from mscol.errors import TrainingError
from mscol.io.atomic import PREFIX
from mscol.pretraining import load_data
from mscol.pretraining.checkpoints import Checkpoints, differences

pytestmark = pytest.mark.slow

N_UPDATES = 100  # so many that a signal sent after the first few comes before the last
UPDATES = {"updates": N_UPDATES, "validation_every": 50}
RUNNING = {"checkpoint_every": 4, "keep_checkpoints": 2}
ROOMY = {"checkpoint_every": 4, "keep_checkpoints": 9}

CHILD = """
import sys
from pathlib import Path
from tiny_runs import run
cache, folder = map(Path, sys.argv[1:])
run(cache, folder, checkpoints=folder / "checkpoints", running={running}, **{settings})
"""


@pytest.fixture(scope="module")
def uninterrupted(cache, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    return run(cache, folder, checkpoints=folder / "checkpoints", running=RUNNING, **UPDATES)


@pytest.fixture(scope="module")
def stopped(cache, tmp_path_factory):
    """The checkpoints of updates 4 and 8 of a run that was stopped by SIGTERM, and what it printed."""
    folder = tmp_path_factory.mktemp("stopped")
    warn_after(8, folder, signal.SIGTERM)
    with pytest.raises(TrainingError) as raised:
        run(cache, folder, checkpoints=folder / "checkpoints", running=ROOMY, **UPDATES)
    assert not (folder / "encoder.keras").exists()
    return folder / "checkpoints", str(raised.value)


@pytest.fixture
def left(stopped, tmp_path):
    """A copy of them."""
    shutil.copytree(stopped[0], tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def update_of(path):
    return int(path.stem.partition("-")[2])


def saved(folder):
    """The checkpoints below a folder, those being written left out."""
    found = []
    for directory, names, files in os.walk(folder):  # never into folders that a running job may take away
        names[:] = [name for name in names if not name.startswith(PREFIX)]
        found += [Path(directory, name) for name in files if name.startswith("update-")]
    return sorted(found)


def start(cache, folder, settings, running):
    """Start a run in a process of its own."""
    folder.mkdir(exist_ok=True)
    child = CHILD.format(running=running, settings=settings)
    here = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([here, os.environ["PYTHONPATH"]])}
    return subprocess.Popen(
        [sys.executable, "-c", child, str(cache), str(folder)],
        env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_checkpoint(folder, process, at_most_seconds=180):
    until = time.monotonic() + at_most_seconds
    while time.monotonic() < until and process.poll() is None:
        if saved(folder):
            return
        time.sleep(0.01)
    raise AssertionError(f"no checkpoint; {process.communicate()[1][-3000:]}")


def assert_same(found, expected):
    for one, other in zip(weights(expected), weights(found), strict=True):
        np.testing.assert_array_equal(one, other)
    tables = [
        pd.read_csv(outputs["history"]).drop(columns="pairs_per_second") for outputs in (expected, found)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_killed_run_goes_on_and_ends_with_the_same_weights(cache, tmp_path):
    # All in processes of their own, as users run them: what else a process has computed may change last bits.
    folder, whole = tmp_path / "run", tmp_path / "whole"
    process = start(cache, folder, UPDATES, RUNNING)
    wait_for_checkpoint(folder, process)
    process.kill()
    process.communicate()
    assert not (folder / "encoder.keras").exists()
    half_written = saved(folder)[-1].parent / f"{PREFIX}killed"
    half_written.mkdir()
    (half_written / ".lock").touch()  # which no process holds any more
    update = update_of(saved(folder)[-1])
    assert update % 4 == 0 and update < N_UPDATES
    for process in (start(cache, folder, UPDATES, RUNNING), start(cache, whole, UPDATES, RUNNING)):
        printed = process.communicate()[1]
        assert process.returncode == 0, printed
    assert json.loads((folder / "run.json").read_text())["resumed_from"] == update
    assert_same(outputs_in(folder), outputs_in(whole))
    assert [path.stem for path in saved(folder)] == [f"update-{N_UPDATES:09d}"] and not half_written.exists()


def test_stopped_run_saves_reports_it_and_resumes_from_that_update(
    cache, uninterrupted, stopped, left, tmp_path, caplog
):
    update = update_of(saved(left)[-1])
    assert 8 <= update < N_UPDATES
    assert stopped[1] == (
        f"stopped by SIGTERM after update {update} of {N_UPDATES}. Run the same command again to resume."
    )
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=left, running=ROOMY, **UPDATES)
    assert f"Going on from the checkpoint of update {update} of {N_UPDATES}" in caplog.text
    assert_same(outputs, uninterrupted)
    about = json.loads(outputs["run"].read_text())
    assert about["resumed_from"] == update
    [noted] = stopped[0].rglob("spent.json")
    assert about["wall_seconds"] > json.loads(noted.read_text())["wall_seconds"] > 0


def warn_after(update, folder, warning):
    """Send this process a signal as soon as an update's checkpoint is there."""

    def watch():
        while not any(update_of(path) >= update for path in saved(folder)):
            time.sleep(0.001)
        os.kill(os.getpid(), warning)

    threading.Thread(target=watch, daemon=True).start()


def test_ctrl_c_saves_and_ends_with_an_error(cache, tmp_path):
    folder = tmp_path / "run"
    process = start(cache, folder, {"updates": 100_000, "validation_every": 50_000}, RUNNING)
    wait_for_checkpoint(folder, process)
    process.send_signal(signal.SIGINT)
    for _ in range(2):  # Snakemake, and a scheduler, pass on what ends them: that must not cut the saving
        process.send_signal(signal.SIGTERM)
    printed = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    assert "stopped by SIGINT after update" in printed and "Run the same command again" in printed


def test_damaged_checkpoint_falls_back_to_the_one_before(cache, uninterrupted, left, tmp_path, caplog):
    *_, before, newest = saved(left)
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=left, running=ROOMY, **UPDATES)
    assert f"Removed the damaged checkpoint {newest}" in caplog.text
    assert f"from the checkpoint of update {update_of(before)} " in caplog.text
    assert_same(outputs, uninterrupted)


def test_run_without_an_intact_checkpoint_starts_from_the_beginning(
    cache, uninterrupted, left, tmp_path, caplog
):
    for path, damage in zip(saved(left), (b"", b"PK\x03\x04 not an archive", b"\x93NUMPY"), strict=False):
        path.write_bytes(damage)
    n_damaged = len(saved(left))
    outputs = run(cache, tmp_path, checkpoints=left, **UPDATES)
    assert n_damaged >= 2 and caplog.text.count("the damaged checkpoint") == n_damaged
    assert "Going on" not in caplog.text
    assert_same(outputs, uninterrupted)


def test_checkpoint_that_holds_objects_is_refused(left, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    newest = saved(left)[-1]
    np.savez(newest, **{"network/0000": np.array([Trap()], object)})
    checkpoints = Checkpoints(left, {})
    checkpoints.folder = newest.parent
    assert checkpoints.restore(lambda arrays: None) is not None
    assert not newest.exists() and not (tmp_path / "sprung").exists()


def test_checkpoint_that_the_file_system_does_not_give_is_kept(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, {})
    kept = [checkpoints.save(update, {"weights": np.ones(3)}) for update in (1, 2)]

    def hang_up(*_, **__):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(np, "load", hang_up)
    with pytest.raises(
        TrainingError, match=r"update-000000002\.npz: .* cannot be read \(Stale file handle\)"
    ):
        checkpoints.restore(lambda arrays: None)
    assert checkpoints.paths() == kept


def test_checkpoint_of_another_config_is_not_resumed(cache, left, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=left, learning_rate=0.001, updates=2, validation_every=1)
    (message,) = [message for message in caplog.messages if "another run" in message]
    assert (
        "settings/learning_rate (0.003 there, 0.001 here)" in message
        and "Starting from the beginning" in message
    )
    assert "Going on" not in caplog.text
    assert pd.read_csv(outputs["history"])["step"].tolist() == [1, 2]
    assert [path.stem for path in saved(left)] == ["update-000000002"], (
        "what is superseded is removed at the end"
    )


def test_checkpoint_of_another_backend_is_not_resumed(cache, tmp_path):
    pytest.importorskip("jax")
    settings = {"updates": 2, "validation_every": 1}
    program = "import logging; logging.basicConfig(level='INFO')\n" + CHILD.format(
        running=RUNNING, settings=settings
    )
    printed = {}
    for backend in ("jax", "tensorflow"):
        command = [sys.executable, "-c", program, str(cache), str(tmp_path)]
        environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
        environment["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        printed[backend] = done.stderr
        about = json.loads(outputs_in(tmp_path)["run"].read_text(encoding="utf-8"))
        assert about["backend"] == backend and about["device"] == "CPU"
    assert "Not resuming from" not in printed["jax"]
    assert (
        "belong to another run, which differs in backend (jax there, tensorflow here)"
        in printed["tensorflow"]
    )


@pytest.mark.parametrize("change", [{"seed": 2}, {"options": {"silent": True}}, {"code": "b"}])
def test_runs_that_differ_in_anything_have_folders_of_their_own(tmp_path, change, caplog):
    about = {"seed": 1, "options": {"silent": False}, "code": "a"}
    Checkpoints(tmp_path, about).save(3, {"weights": np.ones(3)})
    assert Checkpoints(tmp_path, about).restore(lambda arrays: None) is not None
    assert Checkpoints(tmp_path, about | change).restore(lambda arrays: None) is None
    assert f"which differs in {next(iter(change))}" in caplog.text


def test_other_audio_under_the_same_names_is_another_dataset(cache, tmp_path):
    other = shutil.copytree(cache, tmp_path / "other")
    mixtures = np.load(other / "mixture0.npy")
    mixtures[:784] += 0.01  # one clip of sixteen
    np.save(other / "mixture0.npy", mixtures)
    fingerprints = {
        folder: load_data(cache_files(folder, []), cache / "clips.csv", [], SETTINGS, 3).fingerprint
        for folder in (cache, other)
    }
    assert fingerprints[cache] != fingerprints[other]


def test_diverging_run_names_its_last_good_checkpoint(cache, tmp_path):
    with pytest.raises(TrainingError, match=r"update \d+: .*not finite|update \d+: the loss is") as raised:
        run(
            cache, tmp_path, sources=(), checkpoints=tmp_path / "checkpoints", running={"checkpoint_every": 1},
            schedule="cosine", warmup_updates=3, learning_rate=1e37, updates=9,
        )  # fmt: skip
    good = saved(tmp_path)
    for path in good:
        with np.load(path, allow_pickle=False) as arrays:
            assert all(
                np.isfinite(arrays[name]).all() for name in arrays.files if name.startswith("network/")
            )
    if good:
        assert f"The last good checkpoint is {good[-1]}" in str(raised.value)


def test_checkpoints_go_by_the_clock_too(cache, tmp_path, caplog):
    running = {"checkpoint_every": 1000, "checkpoint_minutes": 1e-9}
    with caplog.at_level(logging.INFO):
        run(cache, tmp_path, sources=(), checkpoints=tmp_path / "checkpoints", running=running, updates=3)
    assert [f"update-{update:09d}.npz in" in caplog.text for update in (1, 2, 3)] == [True] * 3


def test_old_checkpoints_are_pruned(tmp_path):
    checkpoints = Checkpoints(tmp_path, {"seed": 1}, keep=2)
    for update in (1, 2, 30, 400):
        checkpoints.save(update, {"weights": np.ones(3)})
    assert [path.stem for path in checkpoints.paths()] == ["update-000000030", "update-000000400"]


def test_finished_run_is_not_trained_again(cache, uninterrupted, tmp_path, caplog):
    checkpoints = uninterrupted["encoder"].parent / "checkpoints"
    assert [update_of(path) for path in saved(checkpoints)] == [N_UPDATES]
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=checkpoints, **UPDATES)
    assert f"Going on from the checkpoint of update {N_UPDATES} of {N_UPDATES}" in caplog.text
    assert_same(outputs, uninterrupted)


def test_differences_are_named_by_their_keys():
    before, now = {"a": 1, "b": {"c": [1], "d": 2}}, {"a": 1, "b": {"c": [2], "d": 2}, "e": 3}
    assert differences(before, now) == "b/c ([1] there, [2] here), e (None there, 3 here)"
