"""A real SLURM, for all tests of this folder."""

import os
import sys
from pathlib import Path

import pytest
import slurm

# How tests run the workflow: tests/workflow/running.py
sys.path.append(str(Path(__file__).parents[1] / "workflow"))


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory):
    """A SLURM that runs. Where it cannot be had, `make test-cluster` fails, and plain pytest skips."""
    reason = slurm.why_not()
    if reason and os.environ.get("MSCOL_CLUSTER") == "required":
        pytest.fail(f"No SLURM can be started here: {reason}.")
    if reason:
        pytest.skip(f"no SLURM can be started here: {reason}")
    with slurm.cluster(tmp_path_factory.mktemp("slurm") / "slurm"):
        yield slurm
