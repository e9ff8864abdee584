"""Child processes of tests find the library, too."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = str(Path(__file__).parents[1] / "workflow_scripts")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SCRIPTS, os.environ.get("PYTHONPATH")]))
# Whichever test computes first settles how many threads TensorFlow has in this process, and with it the last bits:
# one, as in the runs that tests start.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as mscol.model has it, where a test imports TensorFlow first
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"


@pytest.fixture
def small_disk(tmp_path):
    """The folder of a disk of 64 kB."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk could be mounted: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
