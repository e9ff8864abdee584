"""A web server, a small disk, and what a dataset of one layout is fetched with."""

import subprocess

import pytest
from archive_server import serving
from fetches import Fetch


@pytest.fixture
def server():
    with serving({}) as running:
        yield running


@pytest.fixture
def fetch(tmp_path, server):
    """Prepare a fetch of a layout: ``fetch("mtat")``; its files are on the server."""
    return lambda layout, **more: Fetch(layout, server, tmp_path, **more)


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of its own: ``small_disk("size=1m")`` returns a function that mounts it anew, larger."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options):
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        return folder

    yield mount
    subprocess.run(["umount", folder], check=False, capture_output=True)
