"""Child processes of tests find the library, too; small disks, for tests of what a full or read-only one does; a browser."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from mscol.jobs.backend import choose_backend

SCRIPTS = str(Path(__file__).parents[1] / "workflow_scripts")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SCRIPTS, os.environ.get("PYTHONPATH")]))
# Whichever test computes first settles how many threads TensorFlow has in this process, and with it the last bits:
# one, as in the runs that tests start.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as mscol.model has it, where a test imports TensorFlow first
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
# For this process and the runs that tests start: what they compute is compared.
choose_backend()


# What takes long, the longest first: the processes of pytest-xdist then end at about the same time.
LONG = (
    "test_interruption", "test_real_recordings", "test_options_and_encoders", "test_faults", "test_protocols", "test_robustness",
    "test_whole_run", "test_own_music", "test_scale", "test_evidence", "test_report_page", "test_start_page", "test_figures_of_a_run",
    "test_module", "test_own_separators", "test_progress", "test_resuming",
    "test_several_devices", "test_pretraining", "test_training_pass", "test_separate", "test_finetuning", "test_backend", "test_frozen", "test_exporting", "test_export",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """Put long tests first, and mark as slow those that need a finished run: of the workflow, or of pretraining."""
    for item in items:
        if {"finished", "uninterrupted"} & set(item.fixturenames):
            item.add_marker("slow")
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Give each test, and whatever fixtures it is the first to ask for, the same random weights in every run: Keras takes its seeds from here."""
    random.seed(0)


class SmallDisk:
    """A file system of its own in a folder, whose size and rights may be changed."""

    def __init__(self, folder, *options):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mount(*options)

    def grow(self, megabytes=64):
        self._mount("-o", f"remount,size={megabytes}m")

    def allow_writing(self, allowed):
        self._mount("-o", "remount,bind,rw" if allowed else "remount,bind,ro")

    def unmount(self):
        subprocess.run(["umount", "--lazy", self.folder], check=False)

    def _mount(self, *options):
        done = subprocess.run(["mount", *options, self.folder], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def mount():
    """Return a function that mounts a small disk (of so many kilobytes) in a folder, or the folder once more on itself."""
    if shutil.which("mount") is None:
        pytest.skip("no file system can be mounted here: there is no command `mount`")
    disks = []

    def mount(folder, kilobytes=None):
        kind = (
            ["--bind", folder] if kilobytes is None else ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"]
        )
        disks.append(SmallDisk(folder, *kind))
        return disks[-1]

    yield mount
    for disk in reversed(disks):
        disk.unmount()


@pytest.fixture(scope="session")
def chrome():
    """A browser without a window."""
    pytest.importorskip("selenium")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("needs a browser: chromium and chromedriver on the PATH")
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1600,950"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(chromedriver))
    yield driver
    driver.quit()
