"""A copy of the workflow, and a finished run of it."""

import shutil
import subprocess

import pytest
from running import WORKFLOW, run
from sharing import is_shared, made_once

PARTS = (
    "Snakefile",
    "benchmarks",
    "config.yaml",
    "report",
    "rules",
    "envs",
    "presets",
    "profiles",
    "schemas",
    "workflow_scripts",
    "tests",
)


@pytest.fixture(scope="session")
def workflow(tmp_path_factory):
    """A copy of the workflow that tests may edit (and must leave as it was)."""
    copy = tmp_path_factory.mktemp("workflow")
    for part in PARTS:
        source = WORKFLOW / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / part)
    return copy


@pytest.fixture(scope="session")
def finished(workflow, tmp_path_factory):
    """The folder of a whole tiny run. Tests must leave what is in it as it is; they may make more of it."""
    original = made_once(tmp_path_factory, "finished", lambda folder: run(workflow, folder))
    if not is_shared():
        return original
    # Of its own for each process, because Snakemake lets one run at a time work in a folder
    copy = tmp_path_factory.mktemp("run") / "finished"
    subprocess.run(["cp", "-a", original, copy], check=True)
    return copy
