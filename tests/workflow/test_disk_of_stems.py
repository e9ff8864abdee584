"""The disk that stems take on their way to mels is bounded, whatever the number of shards."""

import shutil
import subprocess
import time

import pytest
from running import command, run

from mscol.jobs.devices import MADE_UP

pytestmark = pytest.mark.slow

SHARDS = [f"{number:03d}-of-008" for number in range(8)]


def shards_on_disk(folder):
    """The shards of which there are files between raw audio and mels."""
    return {path.relative_to(folder).parts[1] for path in folder.rglob("*.wav")}


def most_at_once(workflow, folder, *arguments):
    """Make the mels of many small shards on two cores; return how many shards had wavs or stems at once."""
    targets = [f"mels/mtat/{shard}/stems.csv" for shard in SHARDS]
    words = command(workflow, folder, *targets, "--config", f"shards={{mtat: {len(SHARDS)}}}", *arguments)
    most = 0
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                most = max(most, len(shards_on_disk(folder / "wav")))
            except FileNotFoundError:  # removed while it was looked at
                continue
            time.sleep(0.05)
    assert process.returncode == 0
    assert all((folder / target).exists() for target in targets)
    return most


@pytest.mark.parametrize("gpus", ["", "GPU-of-this-test"])
def test_no_more_shards_have_stems_than_two_cores_work_on(workflow, finished, tmp_path, monkeypatch, gpus):
    monkeypatch.setenv(MADE_UP, gpus)  # torch finds none, and computes on the CPU
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    shutil.rmtree(folder / "mels" / "mtat")
    # Two are separated at a time (with a GPU, one), and as many are resampled or analysed.
    assert 1 <= most_at_once(workflow, folder) <= 4
    assert "Nothing to be done" in run(
        workflow, folder, f"mels/mtat/{SHARDS[0]}/stems.csv", "--config", f"shards={{mtat: {len(SHARDS)}}}"
    )
