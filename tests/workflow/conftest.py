"""A copy of the workflow, and a finished run of it."""

import shutil

import pytest
from running import HOUSE, run

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
def house(tmp_path_factory):
    """A copy of the workflow that tests may edit (and must leave as it was)."""
    copy = tmp_path_factory.mktemp("house")
    for part in PARTS:
        source = HOUSE / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / part)
    return copy


@pytest.fixture(scope="session")
def finished(house, tmp_path_factory):
    """The folder of a whole tiny run. Tests must leave it as it is."""
    directory = tmp_path_factory.mktemp("run")
    run(house, directory)
    return directory
