"""What JAX has compiled is kept for later jobs, and nothing that happens to it stops one: processes of their own, on a CPU."""

import os
import subprocess
import sys

import pytest

from mscol.jobs import backend
from mscol.jobs.backend import choose_backend

pytest.importorskip("jax")

PROGRAM = """
import logging, sys
from mscol.jobs.compiled import keep_compiled
logging.basicConfig(level="INFO", format="%(message)s")
logging.captureWarnings(True)
keep_compiled(sys.argv[1])
import jax
events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event))
total = jax.jit(lambda x: jax.numpy.sin(x).sum())(jax.numpy.arange(9.0))
print(float(total).hex(), events.count("/jax/compilation_cache/cache_hits") > 0)
"""


def job(folder, **environment):
    """A job that compiles; it says what it computed, and whether it took anything that was compiled before."""
    given = {"JAX_PLATFORMS": "cpu", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", **environment}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], env=os.environ | given,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def end_of(process):
    """The total, whether anything was taken, and the log."""
    out, printed = process.communicate()
    assert process.returncode == 0, printed
    total, taken = out.split()
    return total, taken == "True", printed


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The folder that two jobs, side by side, have filled, and what they computed."""
    folder = tmp_path_factory.mktemp("run") / "compiled"
    totals = {end_of(process)[0] for process in [job(folder), job(folder)]}
    assert len(totals) == 1 and list(folder.glob("*-cache"))
    return folder, totals.pop()


def test_later_job_takes_what_is_there_and_computes_the_same(kept):
    folder, total = kept
    assert end_of(job(folder))[:2] == (total, True)
    # Who has turned it off, or named another folder, has the last word.
    assert end_of(job(folder, JAX_ENABLE_COMPILATION_CACHE="false"))[:2] == (total, False)
    named = folder.parent / "named"
    assert end_of(job(folder, JAX_COMPILATION_CACHE_DIR=str(named)))[:2] == (total, False)
    assert list(named.glob("*-cache"))


def test_damaged_program_is_removed_and_compiled_again(kept):
    folder, total = kept
    paths = sorted(folder.glob("*-cache"))
    whole = [path.read_bytes() for path in paths]
    for number, path in enumerate(paths):
        half = len(whole[number]) // 2
        damaged = (
            whole[number][:half] if number % 2 else whole[number][:half] + b"?" + whole[number][half + 1 :]
        )
        path.write_bytes(damaged)
    found, taken, printed = end_of(job(folder))
    assert (found, taken) == (total, False)
    assert printed.count("was damaged. It was removed and will be compiled again.") == len(paths)
    assert sorted(folder.glob("*-cache")) == paths and end_of(job(folder))[:2] == (total, True)


def test_folder_that_cannot_be_made_is_reported(kept, tmp_path):
    (tmp_path / "file").touch()
    found, taken, printed = end_of(job(tmp_path / "file" / "compiled"))
    assert (found, taken) == (kept[1], False)
    assert (
        "JAX cannot cache compiled programs there (Not a directory)" in printed and "Traceback" not in printed
    )


def test_full_disk_stops_no_job(kept, tmp_path, mount):
    mount(tmp_path / "disk", kilobytes=4)
    found, _, printed = end_of(job(tmp_path / "disk"))
    assert found == kept[1] and "No space left on device" in printed and "Traceback" not in printed


@pytest.mark.parametrize(
    ("card", "obstacle", "keeps"),
    [("/dev/nvidia0", None, True), ("/dev/nvidia0", "its driver is old", False), (None, None, False)],
)
def test_only_programs_for_gpus_are_kept(monkeypatch, card, obstacle, keeps):
    for name in ("KERAS_BACKEND", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "")  # so that what is set is undone
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    asked = []
    monkeypatch.setattr(backend, "find_card", lambda: card)
    monkeypatch.setattr(backend, "jax_obstacle", lambda: obstacle)
    monkeypatch.setattr(backend, "keep_compiled", asked.append)
    assert choose_backend("jax", compiled="compiled") == "jax"
    assert asked == ["compiled"] * keeps
