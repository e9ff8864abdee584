"""What the attempts of a run took adds up."""

import functools
import json
import time

import pytest

from mscol.jobs.energy import EnergyMeter
from mscol.pretraining import spending
from mscol.pretraining.spending import Spending


@pytest.fixture
def counter(tmp_path, monkeypatch):
    """A counter of joules that is made up; return a function that sets it."""
    package = tmp_path / "powercap" / "intel-rapl:0"
    package.mkdir(parents=True)
    (package / "name").write_text("package-0")
    (package / "max_energy_range_uj").write_text("1000000000000")
    monkeypatch.setattr(
        spending, "EnergyMeter", functools.partial(EnergyMeter, powercap=tmp_path / "powercap")
    )
    return lambda joules: (package / "energy_uj").write_text(str(joules * 1_000_000))


def attempt(folder, counter, joules, seconds=10.0):
    """An attempt that takes so much."""
    counter(500)
    with Spending(folder, time.monotonic() - seconds, on_gpu=False) as taken:
        folder.mkdir(exist_ok=True)  # as the first checkpoint does
        counter(500 + joules)
    return taken.total()


def test_attempts_add_up(tmp_path, counter):
    assert attempt(tmp_path / "run", counter, 30)["energy_joules"] == {"RAPL": 30}
    total = attempt(tmp_path / "run", counter, 12)
    assert total["energy_joules"] == {"RAPL": 42} and total["wall_seconds"] == pytest.approx(20, abs=2)
    assert attempt(tmp_path / "another", counter, 5)["energy_joules"] == {"RAPL": 5}


def test_what_one_attempt_did_not_tell_is_not_known_of_all(tmp_path, counter):
    (tmp_path / "run").mkdir()
    earlier = {"wall_seconds": 100.0, "energy_joules": None}
    (tmp_path / "run" / "spent.json").write_text(json.dumps(earlier))
    total = attempt(tmp_path / "run", counter, 30)
    assert total["energy_joules"] is None and total["wall_seconds"] == pytest.approx(110, abs=2)


def test_an_attempt_that_fails_counts(tmp_path, counter):
    (tmp_path / "run").mkdir()
    counter(0)
    with (
        pytest.raises(RuntimeError, match="stopped"),
        Spending(tmp_path / "run", time.monotonic(), on_gpu=False),
    ):
        counter(7)
        raise RuntimeError("stopped")
    assert attempt(tmp_path / "run", counter, 1)["energy_joules"] == {"RAPL": 8}


def test_run_without_checkpoints_notes_nothing(tmp_path, counter):
    counter(0)
    with Spending(None, time.monotonic(), on_gpu=False) as taken:
        pass
    assert taken.total()["energy_joules"] == {"RAPL": 0} and taken.total()["processor"]
