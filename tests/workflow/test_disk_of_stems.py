"""The disk that stems take on their way to mels is bounded, whatever the number of shards."""

import shutil
import subprocess
import time

import pytest
from running import command, run

pytestmark = pytest.mark.slow

SHARDS = [f"{number:03d}-of-008" for number in range(8)]


def shards_on_disk(folder):
    """The shards of which there are files between raw audio and mels."""
    return {path.relative_to(folder).parts[1] for path in folder.rglob("*.wav")}


def most_at_once(house, folder, *arguments):
    """Make the mels of many small shards on two cores; return how many shards had wavs or stems at once."""
    targets = [f"mels/mtat/{shard}/stems.csv" for shard in SHARDS]
    words = command(house, folder, *targets, "--config", f"shards={{mtat: {len(SHARDS)}}}", *arguments)
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


def test_no_more_shards_have_stems_than_two_cores_work_on(house, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    shutil.rmtree(folder / "mels" / "mtat")
    # Nobody said anything of shards in flight: two are separated at a time, and as many wait.
    assert 1 <= most_at_once(house, folder) <= 4
    assert "Nothing to be done" in run(
        house, folder, f"mels/mtat/{SHARDS[0]}/stems.csv", "--config", f"shards={{mtat: {len(SHARDS)}}}"
    )


def test_a_stage_asks_for_no_more_threads_than_the_one_before(house, finished):
    said = run(house, finished, "--forceall", "--dry-run", "--config", "framework_threads=1", "--cores", "8")
    threads = {}
    for block in said.split("\n\n"):
        words = [line.split() for line in block.splitlines()]
        names = [
            line[1].rstrip(":") for line in words if line[:1] in (["rule"], ["localrule"], ["checkpoint"])
        ]
        for name in names:
            threads[name] = max([int(line[1]) for line in words if line[:1] == ["threads:"]], default=1)
    stages = ("convert_to_wav", "separate_stems", "resample_stems", "cache_stem_mels", "cache_mixture_mels")
    assert [threads[stage] for stage in stages] == [1] * 5, threads
