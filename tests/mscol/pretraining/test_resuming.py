"""A run that was stopped goes on where it was, and ends as if it had not been."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_runs import run, weights

from mscol.errors import TrainingError
from mscol.pretraining.checkpoints import Checkpoints, differences

UPDATES = {"updates": 12, "validation_every": 6}
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
    return run(cache, tmp_path_factory.mktemp("uninterrupted"), **UPDATES)


def saved(folder):
    return sorted(folder.rglob("update-*.npz"))


def start(cache, folder, settings, running):
    """Start a run in a process of its own."""
    folder.mkdir()
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


def test_killed_run_goes_on_and_ends_with_the_same_weights(cache, uninterrupted, tmp_path, caplog):
    folder = tmp_path / "run"
    process = start(cache, folder, UPDATES, RUNNING)
    wait_for_checkpoint(folder, process)
    process.kill()
    process.communicate()
    assert not (folder / "encoder.keras").exists()
    left = saved(folder)
    with caplog.at_level(logging.INFO):
        outputs = run(cache, folder, checkpoints=folder / "checkpoints", running=RUNNING, **UPDATES)
    update = int(left[-1].stem.partition("-")[2])
    assert update % 4 == 0 and update < 12
    assert f"Going on from the checkpoint of update {update} of 12" in caplog.text
    assert_same(outputs, uninterrupted)
    assert [path.stem for path in saved(folder)] == ["update-000000012"]


@pytest.mark.parametrize("warning", [signal.SIGTERM, signal.SIGINT])
def test_warned_run_saves_says_so_and_goes_on_from_that_very_update(
    cache, uninterrupted, tmp_path, caplog, warning
):
    warn_after(5, tmp_path, warning)
    with pytest.raises(
        TrainingError, match=rf"stopped by {warning.name} after update \d+ of 12; run the same"
    ):
        run(cache, tmp_path, checkpoints=tmp_path / "checkpoints", running={"checkpoint_every": 1}, **UPDATES)
    update = int(saved(tmp_path)[-1].stem.partition("-")[2])
    assert 5 <= update < 12
    with caplog.at_level(logging.INFO):
        outputs = run(
            cache, tmp_path, checkpoints=tmp_path / "checkpoints", running={"checkpoint_every": 1}, **UPDATES
        )
    assert f"from the checkpoint of update {update}" in caplog.text
    assert_same(outputs, uninterrupted)


def warn_after(update, folder, warning):
    """Send this process a signal as soon as an update's checkpoint is there."""

    def watch():
        while not any(int(path.stem.partition("-")[2]) >= update for path in saved(folder)):
            time.sleep(0.001)
        os.kill(os.getpid(), warning)

    threading.Thread(target=watch, daemon=True).start()


def test_child_process_ends_with_an_error_when_warned(cache, tmp_path):
    folder = tmp_path / "run"
    process = start(cache, folder, {"updates": 100_000, "validation_every": 50_000}, RUNNING)
    wait_for_checkpoint(folder, process)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode != 0
    assert "stopped by SIGTERM after update" in said and "run the same command again" in said


def test_damaged_checkpoint_falls_back_to_the_one_before(cache, uninterrupted, tmp_path, caplog):
    folder = tmp_path / "checkpoints"
    partly_done(cache, tmp_path, folder)
    newest = saved(folder)[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    before = int(saved(folder)[-2].stem.partition("-")[2])
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=folder, running=ROOMY, **UPDATES)
    assert f"{newest} is damaged" in caplog.text
    assert f"from the checkpoint of update {before}" in caplog.text
    assert_same(outputs, uninterrupted)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not an archive"])
def test_run_without_a_sound_checkpoint_starts_afresh(cache, uninterrupted, tmp_path, caplog, damage):
    folder = tmp_path / "checkpoints"
    partly_done(cache, tmp_path, folder)
    for path in saved(folder):
        path.write_bytes(damage)
    outputs = run(cache, tmp_path, checkpoints=folder, **UPDATES)
    assert caplog.text.count("is damaged") == 2 and "Going on" not in caplog.text
    assert_same(outputs, uninterrupted)


def partly_done(cache, folder, checkpoints):
    """Leave the checkpoints of updates 4 and 8 of a run of 12, as a kill would."""
    run(cache, folder, checkpoints=checkpoints, running=ROOMY, **UPDATES)
    (last,) = saved(checkpoints)
    last.unlink()
    with pytest.raises(TrainingError, match="stopped by SIGTERM"):
        warn_after(8, checkpoints, signal.SIGTERM)
        run(cache, folder, checkpoints=checkpoints, running=ROOMY, **UPDATES)
    for path in saved(checkpoints):
        if int(path.stem.partition("-")[2]) not in (4, 8):
            path.unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"learning_rate": 0.001}, r"settings/learning_rate \(0.003 there, 0.001 here\)"),
        ({"seed": 4}, r"seed \(3 there, 4 here\)"),
        ({"options": {"silent": True}}, r"options/silent \(None there, True here\)"),
    ],
)
def test_checkpoint_of_another_run_is_not_resumed(cache, tmp_path, caplog, change, said):
    partly_done(cache, tmp_path, tmp_path / "checkpoints")
    caplog.clear()
    changed = UPDATES | {"updates": 2} | change
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=tmp_path / "checkpoints", **changed)
    messages = [message for message in caplog.messages if "another run" in message]
    assert len(messages) == 1 and "Starting afresh" in messages[0]
    assert pd.Series(messages).str.contains(said).all(), messages
    assert "Going on" not in caplog.text
    assert_same(outputs, run(cache, tmp_path / "new", **changed))


def test_other_audio_under_the_same_names_is_another_dataset(cache, tmp_path, caplog):
    partly_done(cache, tmp_path, tmp_path / "checkpoints")
    other = tmp_path / "other"
    other.mkdir()
    for path in cache.iterdir():
        content = path.read_bytes()
        (other / path.name).write_bytes(content)
    mixtures = np.load(other / "mixture0.npy")
    mixtures[:784] += 0.01  # one clip of sixteen
    np.save(other / "mixture0.npy", mixtures)
    run(other, tmp_path, checkpoints=tmp_path / "checkpoints", **UPDATES | {"updates": 2})
    assert "dataset_fingerprint" in caplog.text


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
        assert f"the last good checkpoint is {good[-1]}" in str(raised.value)


def test_old_checkpoints_are_pruned(tmp_path):
    checkpoints = Checkpoints(tmp_path, {"seed": 1}, keep=2)
    for update in (1, 2, 30, 400):
        checkpoints.save(update, {"weights": np.ones(3)})
    assert [path.stem for path in checkpoints.paths()] == ["update-000000030", "update-000000400"]


def test_finished_run_is_not_trained_again(cache, uninterrupted, tmp_path, caplog):
    folder = tmp_path / "checkpoints"
    run(cache, tmp_path, checkpoints=folder, **UPDATES)
    with caplog.at_level(logging.INFO):
        outputs = run(cache, tmp_path, checkpoints=folder, **UPDATES)
    assert "Going on from the checkpoint of update 12 of 12" in caplog.text
    assert_same(outputs, uninterrupted)


def test_differences_are_named_by_their_keys():
    before, now = {"a": 1, "b": {"c": [1], "d": 2}}, {"a": 1, "b": {"c": [2], "d": 2}, "e": 3}
    assert differences(before, now) == "b/c ([1] there, [2] here), e (None there, 3 here)"
