"""Killed and interrupted anywhere, then run again: the tables are those of an uninterrupted run."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from running import command, run

# Which renaming of its outputs a job does not live to see, counted from 1: between two outputs, where it has several
KILLS = {
    "make_demo_dataset": 1, "write_manifest": 2, "cache_mixture_mels": 2, "convert_to_wav": 2, "train_separator": 2,
    "describe_separator": 1, "separate_stems": 2, "resample_stems": 1, "cache_stem_mels": 3, "judge_separator": 1,
    "plan_pretraining": 1, "pretrain_encoder": 4, "embed_clips": 3, "embed_waveforms": 3, "train_probe": 2,
    "compare_models": 2, "summarise_results": 3, "gather_rejected": 1, "gather_shortened": 1, "write_model_card": 1, "plot_comparison": 1,
    "plot_classes": 1, "plot_differences": 1,
}  # fmt: skip
POWER_CUT = {"write_results_table": 3}


def test_jobs_killed_in_every_stage_a_run_interrupted_and_a_power_cut_end_in_the_same_tables(
    workflow, finished, tmp_path
):
    directory, marks = tmp_path / "run", tmp_path / "killed"
    # A job of each stage is killed with -9, and tried again; then Ctrl-C
    with start(workflow, directory, marks, KILLS) as process:
        wait_for_kill(process, marks / "pretrain_encoder")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the run
        assert process.wait() != 0
    # All processes are killed at once, Snakemake's own included: nobody clears up
    with start(workflow, directory, marks, KILLS | POWER_CUT, everything=list(POWER_CUT)) as process:
        assert process.wait() == -signal.SIGKILL
    assert list(directory.rglob(".partial-*"))
    printed = run(workflow, directory, succeeds=False)
    assert "It can be removed with the --unlock argument" in printed
    assert "The last one was killed at" in run(workflow, directory, "progress")
    run(workflow, directory, "--unlock")
    with start(workflow, directory, marks, KILLS) as process:
        assert process.wait() == 0
    assert {path.name for path in marks.iterdir()} == set(KILLS | POWER_CUT)
    assert_same_results(directory, finished)
    assert not list(directory.rglob(".partial-*"))


def assert_same_results(directory, finished):
    expected = sorted((finished / "results").rglob("*.csv"))
    assert len(expected) > 15
    for path in expected:
        again = directory / path.relative_to(finished)
        assert again.read_bytes() == path.read_bytes(), path.name


def start(workflow, directory, marks, kills, everything=()):
    """Start a run in the background, in a session of its own, whose jobs are killed (kills/sitecustomize.py)."""
    for folder in (directory, marks):
        folder.mkdir(exist_ok=True)
    about = {"folder": str(marks), "jobs": kills, "everything": everything}
    path = os.pathsep.join([str(Path(__file__).with_name("kills")), os.environ["PYTHONPATH"]])
    return subprocess.Popen(
        command(workflow, directory, "--retries", "1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=heed_interrupts,
        env=os.environ | {"PYTHONPATH": path, "MSCOL_KILLS": json.dumps(about)},
    )


def heed_interrupts():
    """Undo what a shell does to its background jobs, which is to make them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_kill(process, mark, at_most_seconds=900):
    """Wait until a job was killed."""
    until = time.monotonic() + at_most_seconds
    while not mark.exists():
        assert process.poll() is None, f"the run ended before a job of {mark.name} was killed"
        assert time.monotonic() < until, f"no job of {mark.name} was killed within {at_most_seconds} s"
        time.sleep(0.1)
