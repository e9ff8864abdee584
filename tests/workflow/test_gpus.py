"""GPUs of one machine, handed out to the jobs of a run: whole runs of quick jobs, on GPUs that are made up."""

import ast
import json
import os
import subprocess
import sys
import uuid

import pytest
from running import WORKFLOW

from mscol.jobs.devices import MADE_UP, SCHEDULERS, VISIBLE

# Jobs that only hold their GPU for a while, under the workflow's own rules for that
SNAKEFILE = """
from snakemake.logging import logger

config["pretraining"] = {{"running": {{"devices": config.get("devices", 1)}}}}

include: "{workflow}/rules/module.smk"
include: "{workflow}/rules/gpus.smk"

wildcard_constraints: job="[0-9]"

onstart:
    hand_out_gpus(list(workflow.dag.needrun_jobs()))

rule all:
    input: expand("{{job}}.json", job=range(5))

rule use_gpu:
    output: "{{job}}.json"
    resources: gpu=one_gpu
    script: "job.py"

rule pretrain_encoder:
    output: "together-{{job}}.json"
    resources: gpu=pretraining_gpus
    script: "job.py"
"""
# Each waits until so many have begun, which otherwise depends on how busy the machine is.
SCRIPT = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, "{workflow}/workflow_scripts")
from mscol.jobs.devices import take_gpus
started = time.time()
take_gpus(snakemake.resources.get("gpu", 0))
began = time.time()
Path(snakemake.output[0]).with_suffix(".began").touch()
while len(list(Path().glob("*.began"))) < {at_once} and time.time() < began + 20:
    time.sleep(0.05)
time.sleep(0.3)
printed = {{"started": started, "began": began, "ended": time.time(), "gpu": os.environ.get("CUDA_VISIBLE_DEVICES")}}
Path(snakemake.output[0]).write_text(json.dumps(printed))
"""
FRAMEWORKS = {"keras", "tensorflow", "torch", "jax", "openunmix"}


@pytest.fixture
def two():
    """A list of two GPUs that no other test has."""
    return ",".join(f"GPU-{uuid.uuid4()}" for _ in range(2))


def start(folder, gpus, *arguments, at_once, visible=None):
    """Start a run of five jobs, for which there are cores enough."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE.format(workflow=WORKFLOW))
    (folder / "job.py").write_text(SCRIPT.format(workflow=WORKFLOW, at_once=at_once))
    given = {name: value for name, value in os.environ.items() if name not in (VISIBLE, *SCHEDULERS)}
    given |= {MADE_UP: gpus} | ({VISIBLE: visible} if visible else {})
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "8", *arguments],
        cwd=folder, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(process, folder):
    """What the jobs of a run did, once it has ended well."""
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return [json.loads(path.read_text()) for path in folder.glob("*.json")]


def jobs_of_a_run(folder, *arguments, **options):
    return finish(start(folder, *arguments, **options), folder)


def most_at_once(jobs):
    """How many jobs there were at a time, those that waited for a GPU included."""
    return max(sum(job["started"] <= moment["started"] < job["ended"] for job in jobs) for moment in jobs)


def each_had_its_own(jobs):
    return all(
        one["ended"] <= other["began"] or other["ended"] <= one["began"]
        for one in jobs
        for other in jobs
        if one is not other and one["gpu"] == other["gpu"]
    )


def test_jobs_have_a_gpu_each_and_no_more_run_than_there_are(tmp_path, two):
    jobs = jobs_of_a_run(tmp_path / "run", two, at_once=2)
    assert len(jobs) == 5 and {job["gpu"] for job in jobs} == set(two.split(","))
    assert most_at_once(jobs) == 2 and each_had_its_own(jobs)


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [(["devices=2"], "both"), (["devices=all"], "both"), (["devices=all", "--resources", "gpu=1"], "one")],
)
def test_gpus_that_compute_one_model_are_taken_together(tmp_path, two, arguments, seen):
    jobs = jobs_of_a_run(
        tmp_path / "run",
        two,
        "0.json",
        "together-0.json",
        "together-1.json",
        "--config",
        *arguments,
        at_once=1,
    )
    taken = sorted(len(job["gpu"].split(",")) for job in jobs)
    assert taken == ([1, 2, 2] if seen == "both" else [1, 1, 1])
    assert most_at_once(jobs) == 1


def test_more_gpus_for_one_model_than_there_are_stop_a_run_before_its_first_job(tmp_path, two):
    for folder, gpus, there in ((tmp_path / "two", two, "2 GPUs"), (tmp_path / "none", "", "no GPUs")):
        process = start(folder, gpus, "together-0.json", "--config", "devices=3", at_once=1)
        printed, _ = process.communicate()
        assert process.returncode and "Traceback" not in printed and not list(folder.glob("*.began"))
        assert (
            f"config key 'pretraining/running/devices': 3 devices, but this run has {there}. Set" in printed
        )


def test_two_runs_never_have_the_same_gpu(tmp_path, two):
    one, other = tmp_path / "one", tmp_path / "other"
    # Three jobs at once would like one of two GPUs.
    runs = start(one, two, at_once=1), start(other, two, "--resources", "gpu=1", at_once=1)
    jobs, alone = finish(runs[0], one), finish(runs[1], other)
    assert len(jobs + alone) == 10 and {job["gpu"] for job in jobs + alone} == set(two.split(","))
    assert each_had_its_own(jobs + alone) and most_at_once(alone) == 1


def test_without_a_gpu_there_is_no_limit(tmp_path):
    jobs = jobs_of_a_run(tmp_path / "run", "", at_once=5)
    assert most_at_once(jobs) == 5 and {job["gpu"] for job in jobs} == {None}


def test_a_run_that_is_to_use_no_gpu_sees_none(tmp_path, two):
    jobs = jobs_of_a_run(tmp_path / "run", two, "--resources", "gpu=0", at_once=5)
    assert most_at_once(jobs) == 5 and {job["gpu"] for job in jobs} == {""}


def test_jobs_of_a_cluster_ask_for_no_gpu_by_themselves_and_keep_what_the_scheduler_gave(tmp_path, two):
    submit = "echo {resources.gpu} >> asked_for; sh"
    (job,) = jobs_of_a_run(
        tmp_path / "run", two, "0.json", "--executor", "cluster-generic", "--jobs", "3", "--seconds-between-status-checks", "1",
        "--cluster-generic-submit-cmd", submit, at_once=1, visible="7",
    )  # fmt: skip
    assert job["gpu"] == "7"
    assert (tmp_path / "run/asked_for").read_text() == "0\n"


def imported(path):
    """The modules that a file imports when it is imported itself, with their lines."""
    for node in ast.parse(path.read_text()).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from ((node.lineno, name) for name in names)


def brings_a_framework(name, seen):
    """Whether a module imports a framework, itself or by another one."""
    if name.partition(".")[0] in FRAMEWORKS:
        return True
    if name in seen or not name.startswith("mscol"):
        return False
    seen.add(name)
    base = WORKFLOW.joinpath("workflow_scripts", *name.split("."))
    files = [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
    parent = name.rpartition(".")[0]
    inside = [parent, *(name for path in files for _, name in imported(path))]
    return any(brings_a_framework(other, seen) for other in inside)


@pytest.mark.parametrize("script", sorted(path.name for path in WORKFLOW.glob("workflow_scripts/*.py")))
def test_scripts_take_a_gpu_before_they_import_a_framework(script):
    path = WORKFLOW / "workflow_scripts" / script
    first = [line for line, name in imported(path) if brings_a_framework(name, set())][:1]
    # These load and train on the CPU, whatever PyTorch sees.
    if not first or script in ("fetch_separator.py", "train_separator.py"):
        return
    lines = path.read_text().splitlines()
    assert lines.index('take_gpus(snakemake.resources.get("gpu", 0))') < first[0] - 1
