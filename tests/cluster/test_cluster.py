"""A small whole workflow on a real SLURM that does what clusters do: jobs cancelled, nodes lost, time run out, the submit host killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pandas as pd
import pytest
import slurm
from running import WORKFLOW, command, process_of, run

CONFIGS = ("tests/tiny.yaml", "tests/cluster/cluster.yaml")
# Without slurmdbd; and at the pace of small jobs
PACE = (
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "5",
    "--latency-wait",
    "10",
)
GPU_RULES = {"separate_stems", "pretrain_encoder", "embed_clips"}
ENCODER = "models/bass_vocals/seed1"


@dataclass
class Story:
    """What happened to the run: its folder, the jobs as SLURM knows them, and who was hit."""

    folder: object
    jobs: list = field(default_factory=list)
    restarted: list = field(default_factory=list)
    cancelled: slurm.Job = None
    left_over: list = field(default_factory=list)
    timed_out: slurm.Job = None
    printed: str = ""

    def of(self, rule):
        return [job for job in self.jobs if job.rule == rule]

    def log(self, attempt):
        return (
            self.folder / f"logs/pretrain_encoder/bass_vocals/seed1/attempt-{attempt:03d}.log"
        ).read_text()


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """The same run on this machine, in which nothing happens: its folder and its process, which goes on beside the other."""
    folder = tmp_path_factory.mktemp("local")
    with (
        open(folder / "run.log", "w") as output,
        subprocess.Popen(
            ["nice", *command(WORKFLOW, folder, configfiles=CONFIGS)], stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        yield folder, process


@pytest.fixture(scope="module")
def local(beside):
    """The folder of the finished run on this machine."""
    folder, process = beside
    assert process.wait() == 0, text_of(folder / "run.log")[-6000:]
    return folder


@pytest.fixture(scope="module")
def story(scheduler, beside, tmp_path_factory):
    """A run to which everything happens that a cluster has in store."""
    story = Story(tmp_path_factory.mktemp("cluster"))
    with submit_host(story.folder, "first.log") as host:
        lose_the_node_of(host, "train_separator")
        story.cancelled = wait_for_job(host, "separate_stems")
        scheduler.cancel(story.cancelled.id)
        wait_for_job(host, "pretrain_encoder")
        wait_until(lambda: checkpoints(story.folder), host, "a checkpoint")
        os.killpg(host.pid, signal.SIGKILL)
    story.left_over = end_left_over_jobs(story.folder)
    before = checkpoints(story.folder)
    snakemake(story.folder, "--unlock")
    # Enough for a busy machine to start training. The job then stands still until SLURM ends it, which wakes it first.
    profile = with_a_limit(story.folder / "profile", "pretrain_encoder", "2 * attempt")
    with submit_host(story.folder, "second.log", profile=profile) as host:
        story.timed_out = wait_for_job(host, "pretrain_encoder")
        wait_until(lambda: checkpoints(story.folder) - before, host, "pretraining to go on")
        os.kill(process_of("pretrain_encoder.py", story.folder), signal.SIGSTOP)
        assert host.wait() == 0, text_of(story.folder / "second.log")[-6000:]
    story.jobs = scheduler.jobs()
    story.restarted = [
        job.id for job in story.jobs if job.rule == "train_separator" and scheduler.restarts(job.id)
    ]
    story.printed = text_of(story.folder / "first.log") + text_of(story.folder / "second.log")
    return story


def test_tables_are_those_of_a_local_run(story, local):
    expected = sorted((local / "results").rglob("*.csv"))
    assert len(expected) > 4
    for path in expected:
        assert (story.folder / path.relative_to(local)).read_bytes() == path.read_bytes(), path.name
    history = "history.csv"
    assert without_pace(story.folder / ENCODER / history).equals(without_pace(local / ENCODER / history))


def test_gpu_jobs_ran_on_the_gpu_node_and_all_others_elsewhere(story):
    ran = [job for job in story.jobs if job.node]
    assert {job.rule for job in ran if job.node == "gpu1"} == GPU_RULES
    assert not GPU_RULES & {job.rule for job in ran if job.node == "cpu1"}


def test_mixtures_were_submitted_as_an_array(story):
    assert {job.id.partition("_")[2] for job in story.of("cache_mixture_mels")} == {"1", "2"}


def test_jobs_of_a_lost_node_ran_again(story):
    assert len(story.restarted) >= 1
    assert {job.state for job in story.jobs if job.id in story.restarted} == {"COMPLETED"}


def test_cancelled_job_was_submitted_again_with_more_memory_and_time(story):
    attempts = {job.id: job for job in story.of("separate_stems")}
    cancelled = attempts.pop(story.cancelled.id)
    assert cancelled.state == "CANCELLED"
    assert [job.state for job in attempts.values()] == ["COMPLETED"] * 2
    asked = [(job.memory, job.time_limit) for job in (cancelled, *attempts.values())]
    assert asked[0] == ("6000M", "4:00:00") and ("12000M", "8:00:00") in asked[1:]


def test_jobs_that_a_killed_submit_host_left_were_found_and_pretraining_saved_its_state(story):
    # Whatever else ran beside it by then
    assert "pretrain_encoder" in [job.rule for job in story.left_over]
    assert "stopped by SIGTERM after update" in story.log(1)


def test_pretraining_that_hit_its_time_limit_was_submitted_again_and_went_on(story):
    states = {job.id: job.state for job in story.of("pretrain_encoder")}
    assert states[story.timed_out.id] == "TIMEOUT"
    assert list(states.values())[-1] == "COMPLETED"
    assert "stopped by SIGTERM after update" in story.log(2)
    updates = [int(last_number(text)) for text in (story.log(1), story.log(2))]
    assert 0 < updates[0] < updates[1] < 600
    assert f"Going on from the checkpoint of update {updates[0]}" in story.log(2)
    assert f"Going on from the checkpoint of update {updates[1]}" in story.log(3)


def test_nothing_was_made_twice(story):
    assert story.printed.count("rule_make_demo_dataset") == 4  # each once
    assert [job.state for job in story.of("embed_clips")] == ["COMPLETED"]


def test_any_submit_command_will_do_and_a_killed_job_is_noticed(scheduler, local, tmp_path, monkeypatch):
    monkeypatch.setenv("MSCOL_LATENCY_WAIT", "5")
    target = "results/mtat_mfcc.csv"
    with submit_host(
        tmp_path, "run.log", target, profile=WORKFLOW / "profiles/generic", pace=("--latency-wait", "10")
    ) as host:
        killed = wait_for_job(host, "write_manifest")
        scheduler.cancel("--signal=KILL", "--full", killed.id)
        assert host.wait() == 0, text_of(tmp_path / "run.log")[-6000:]
    run(WORKFLOW, local, target, configfiles=CONFIGS)
    assert (tmp_path / target).read_bytes() == (local / target).read_bytes()
    states = {job.id: job.state for job in scheduler.jobs()}
    assert states[killed.id] != "COMPLETED"
    assert "Trying to restart job" in text_of(tmp_path / "run.log")


@contextlib.contextmanager
def submit_host(folder, log, *arguments, profile=WORKFLOW / "profiles/slurm", pace=PACE):
    """Snakemake at work in the background, in a session of its own; ended at the end of the block if it still runs."""
    with (
        open(folder / log, "w") as output,
        subprocess.Popen(
            snakemake_command(folder, "--profile", profile, *arguments, *pace),
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        ) as host,
    ):  # fmt: skip
        host.log = folder / log
        try:
            yield host
        finally:
            if host.poll() is None:
                os.killpg(host.pid, signal.SIGKILL)


def with_a_limit(profile, rule, minutes):
    """A copy of profiles/slurm in which a rule's jobs have a time limit, written as its comment says."""
    given = (WORKFLOW / "profiles/slurm/config.yaml").read_text()
    line = f"  {rule}: {{slurm_partition: gpu, gpu: 1"
    assert given.count(line) == 1
    profile.mkdir()
    (profile / "config.yaml").write_text(given.replace(line, f"{line}, runtime: {minutes}"))
    return profile


def snakemake(folder, *arguments):
    subprocess.run(snakemake_command(folder, *arguments), check=True, capture_output=True)


def snakemake_command(folder, *arguments):
    return [
        sys.executable, "-m", "snakemake", "--snakefile", WORKFLOW / "Snakefile", "--directory", folder, *arguments,
        "--configfile", *(WORKFLOW / path for path in CONFIGS),
    ]  # fmt: skip


def wait_until(condition, host, what, at_most_seconds=300):
    """Wait for something while Snakemake is at work."""
    until = time.monotonic() + at_most_seconds
    while not condition():
        assert host.poll() is None, f"Snakemake ended before {what}: {text_of(host.log)[-6000:]}"
        assert time.monotonic() < until, f"{at_most_seconds} s without {what}: {text_of(host.log)[-6000:]}"
        time.sleep(0.3)


def wait_for_job(host, rule):
    """Wait until a job of a rule runs; return it."""
    found = []

    def runs():
        found[:] = [job for job in slurm.jobs() if job.rule == rule and job.state == "RUNNING"]
        return found

    wait_until(runs, host, f"a job of {rule}")
    return found[0]


def lose_the_node_of(host, rule):
    """Take down the node on which a job of a rule runs, and bring it back."""
    node = wait_for_job(host, rule).node
    slurm.control("update", f"nodename={node}", "state=down", "reason=test")
    wait_until(lambda: slurm.node_states()[node].startswith("down"), host, f"{node} to be down")
    time.sleep(2)
    slurm.control("update", f"nodename={node}", "state=resume")


def end_left_over_jobs(folder):
    """Do what docs/clusters.md says to do after a submit host died, word for word; return the jobs that still ran."""
    left = [job for job in slurm.jobs() if job.folder == str(folder) and job.state in ("RUNNING", "PENDING")]
    page = (WORKFLOW / "docs/clusters.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith("squeue --me")]
    subprocess.run(["bash", "-c", line], cwd=folder, check=True)
    until = time.monotonic() + 60
    while any(job.state in ("RUNNING", "COMPLETING") for job in slurm.jobs() if job.folder == str(folder)):
        assert time.monotonic() < until, "jobs outlive scancel"
        time.sleep(0.5)
    return left


def checkpoints(folder):
    return set(folder.glob("checkpoints/*/*/*/update-*.npz"))


def without_pace(path):
    return pd.read_csv(path).drop(columns="pairs_per_second")


def last_number(text):
    """The update that a log says it was stopped after."""
    return text.split("after update ")[-1].split(" ")[0]


def text_of(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("shell", [["sh"], ["bash", "--posix"]])
def test_job_that_is_asked_to_end_records_no_success(tmp_path, shell):
    script = (
        (WORKFLOW / "profiles/generic/jobscript.sh")
        .read_text()
        .format(properties="", exec_job="touch started; sleep 5")
    )
    (tmp_path / "job.sh").write_text(script)
    with subprocess.Popen([*shell, "job.sh"], cwd=tmp_path, env=os.environ | {"SLURM_JOB_ID": "7"}) as job:
        while not (tmp_path / "started").exists():
            time.sleep(0.01)
        job.terminate()
    assert (tmp_path / ".snakemake/cluster/7.exit").read_text() == "143\n"
