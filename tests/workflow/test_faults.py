"""Faults of a machine, or of who uses it, in real runs: a sentence each, nothing wrong served, and the same files in the end."""

import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from running import command, planned_jobs, run

FMA_MELS = "mels/fma/000-of-001/mixture.npy"


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished run, which a test may damage."""
    subprocess.run(["cp", "-a", finished, tmp_path / "run"], check=True)
    return tmp_path / "run"


def assert_same(copy, finished, *names):
    for name in names:
        assert (copy / name).read_bytes() == (finished / name).read_bytes(), name


def test_full_disk_stops_its_job_in_a_sentence_and_room_is_all_that_it_takes(workflow, finished, copy, mount):
    shutil.rmtree(copy / "mels" / "fma")
    disk = mount(copy / "mels" / "fma", kilobytes=64)
    printed = run(workflow, copy, FMA_MELS, succeeds=False)
    assert "mixture.npy: cannot be written: the disk is full. Free some space, and run again" in printed
    assert "Traceback" not in printed
    assert not [path for path in disk.folder.rglob("*") if path.is_file() or ".partial" in path.name]
    disk.grow()
    run(workflow, copy, FMA_MELS)
    assert_same(copy, finished, FMA_MELS, "mels/fma/000-of-001/mixture.csv")


def test_read_only_results_are_reported_before_any_job_starts(workflow, finished, copy, mount):
    (copy / "results" / "config.yaml").unlink()
    disk = mount(copy / "results")
    disk.allow_writing(False)
    arguments = ["results/config.yaml", FMA_MELS, "--forcerun", "cache_mixture_mels"]
    printed = run(workflow, copy, *arguments, succeeds=False)
    assert f"{copy}/results: this folder is not writable" in printed and "Traceback" not in printed
    assert_same(copy, finished, FMA_MELS)
    assert planned_jobs(workflow, copy, *arguments)["total"] == 2  # looking is allowed
    disk.allow_writing(True)
    run(workflow, copy, *arguments)
    assert_same(copy, finished, "results/config.yaml", FMA_MELS)


def test_read_only_folder_of_a_run_is_reported(workflow, tmp_path, mount):
    disk = mount(tmp_path / "run")
    disk.allow_writing(False)
    printed = run(workflow, disk.folder, "results/config.yaml", succeeds=False)
    assert f"{disk.folder}: this folder is not writable" in printed and "Traceback" not in printed


def test_second_run_in_a_folder_is_asked_to_wait(workflow, copy):
    arguments = ["results/config.yaml", "--forcerun", "write_config"]
    with subprocess.Popen(
        command(workflow, copy, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        while not list((copy / ".snakemake" / "locks").glob("*")):
            assert one.poll() is None
            time.sleep(0.01)
        one.send_signal(signal.SIGSTOP)
        try:
            printed = run(workflow, copy, *arguments, succeeds=False)
        finally:
            one.send_signal(signal.SIGCONT)
        assert one.wait() == 0
    assert "make sure that no other Snakemake process is trying to create the same files" in printed
    assert "Traceback" not in printed


def test_two_runs_without_a_lock_serve_nothing_wrong(workflow, finished, copy):
    shutil.rmtree(copy / "mels")
    targets = ["mels/mtat/000-of-002/bass.npy", "mels/mtat/000-of-002/activity.csv"]
    targets += ["mels/mtat/000-of-002/stems.csv", FMA_MELS]
    runs = []
    for wait in (3, 0):  # so that one takes away what the other has just made
        arguments = command(workflow, copy, *targets, "--nolock")
        runs.append(subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(wait)
    for one in runs:
        one.wait()  # either may fail
    made = [
        path.relative_to(copy) for path in (copy / "mels").rglob("*.*") if path.suffix in (".npy", ".csv")
    ]
    assert_same(copy, finished, *made)
    run(workflow, copy, *targets)
    assert_same(copy, finished, *targets)


def test_damaged_files_cost_what_needs_them_and_are_made_again_once_deleted(workflow, finished, copy):
    index, table = "mels/nsynth/000-of-001/mixture.csv", "results/per_class/mtat_mfcc.csv"
    for name in (index, table):
        (copy / name).write_bytes((copy / name).read_bytes()[:-7])
    shard = copy / "manifests" / "fma" / "shards" / "000-of-001.csv"
    shard.write_text("".join(shard.read_text().splitlines(keepends=True)[:-1]))  # between two lines
    targets = ["embeddings/nsynth/mfcc/seed1/test.npy", "results/figures/classes/mtat_mfcc.svg", FMA_MELS]
    printed = run(workflow, copy, *targets, succeeds=False)
    for name in (index, table):
        assert f"{name}: incomplete table (its last line is cut off); delete it and run again" in printed
    assert "manifests/fma/shards/000-of-001.csv: incomplete table (it holds 7 clips, but" in printed
    assert "delete manifests/fma and run again" in printed and "Traceback" not in printed
    # As the sentences say
    for name in (index, table):
        (copy / name).unlink()
    shutil.rmtree(copy / "manifests" / "fma")
    run(workflow, copy, *targets)
    assert_same(copy, finished, *targets, index, table, "manifests/fma/shards/000-of-001.csv")


def test_what_is_noticed_of_a_dataset_that_changed_since_all_was_made(workflow, finished, tmp_path):
    subprocess.run(["cp", "-a", finished / "demo" / "fma", tmp_path / "fma"], check=True)
    songs = sorted((tmp_path / "fma" / "fma_small").rglob("*.mp3"))
    config = f"datasets={{fma: {{layout: fma, root: {tmp_path / 'fma'}}}}}"
    arguments = [FMA_MELS, "--config", config, "pretraining={dataset: fma}"]
    folder = tmp_path / "run"
    run(workflow, folder, *arguments)
    assert_same(folder, finished, FMA_MELS)
    # Another recording under an old name, which changes no folder: not noticed until one asks
    songs[0].write_bytes(songs[1].read_bytes() + b"\0")
    assert planned_jobs(workflow, folder, *arguments) == {}
    run(workflow, folder, FMA_MELS, "--forcerun", "write_manifest", *arguments[1:])
    changed = (folder / FMA_MELS).read_bytes()
    assert changed != (finished / FMA_MELS).read_bytes()
    # A recording that is gone changes its folder
    songs[0].unlink()
    run(workflow, folder, *arguments)
    rejected = pd.read_csv(folder / "manifests" / "fma" / "rejected.csv", dtype=str)
    assert (
        rejected.set_index("path")["reason"][str(songs[0].relative_to(tmp_path / "fma"))]
        == "there is no such file"
    )
    assert songs[0].stem not in set(pd.read_csv(folder / FMA_MELS.replace("npy", "csv"), dtype=str)["clip"])
    assert "Nothing to be done" in run(workflow, folder, *arguments)


def test_config_that_would_run_code_is_refused(workflow, tmp_path):
    mark = tmp_path / "mark"
    (tmp_path / "mine.yaml").write_text(f'models: !!python/object/apply:os.system ["touch {mark}"]\n')
    printed = run(workflow, tmp_path, "--dry-run", configfiles=(tmp_path / "mine.yaml",), succeeds=False)
    assert "Config file is not valid JSON or YAML" in printed
    assert not mark.exists()
