"""What a job takes of electricity, by counters and cards that are made up."""

import os
import time

import pytest

from mscol.jobs.energy import EnergyMeter, processor_name

JOULE = 1_000_000  # uJ


@pytest.fixture
def powercap(tmp_path):
    """Counters of two packages, a part of one, and the whole machine; return a function that sets those of the packages."""
    named = {"0": "package-0", "1": "package-1", "0:0": "core", "2": "psys"}
    folders = {number: tmp_path / "powercap" / f"intel-rapl:{number}" for number in named}
    for number, folder in folders.items():
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{named[number]}\n")
        (folder / "energy_uj").write_text("7\n")
        (folder / "max_energy_range_uj").write_text(f"{1000 * JOULE}\n")

    def count(*joules):
        for number, value in enumerate(joules):
            (folders[str(number)] / "energy_uj").write_text(f"{round(value * JOULE)}\n")
        return tmp_path / "powercap"

    return count


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Return a function that puts up an nvidia-smi which says what it is told."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def put(printed):
        program = tmp_path / "nvidia-smi"
        program.write_text(
            f"#!/bin/sh\n[ $1 = --query-gpu=uuid,power.draw ] && cat <<'end'\n{printed}\nend\n"
        )
        program.chmod(0o755)

    return put


def test_packages_are_added_up_and_counters_that_began_anew_are_followed(powercap):
    with EnergyMeter(powercap=powercap(100, 990), every_seconds=1000) as meter:
        assert meter.joules == {"RAPL": 0}
        powercap(130, 5)  # after 1000 it begins at 0
        meter._read()
        powercap(131, 6)
    assert meter.joules == {"RAPL": pytest.approx(30 + 15 + 2)}


def test_power_of_a_jobs_own_cards_is_summed_over_time(nvidia_smi, tmp_path):
    nvidia_smi("GPU-a1, 100.00\nGPU-b2, 300.00\nGPU-c3, [N/A]")
    with EnergyMeter(["GPU-b2"], powercap=tmp_path, every_seconds=0.05) as meter:
        started = time.monotonic()
        time.sleep(0.5)
        nvidia_smi("")  # readings that fail are passed over
        seconds = time.monotonic() - started
    assert meter.joules["nvidia-smi"] == pytest.approx(300 * seconds, rel=0.3)


def test_what_nobody_tells_is_not_there(powercap, nvidia_smi, tmp_path, monkeypatch):
    nvidia_smi("GPU-a1, 100.00\nGPU-c3, [N/A]")
    for gpus in ([], ["GPU-c3"], ["GPU-a1", "MIG-x"]):
        with EnergyMeter(gpus, powercap=tmp_path / "nowhere") as meter:
            pass
        assert meter.joules == {}
    folder = powercap(1, 2)
    (folder / "intel-rapl:1" / "energy_uj").unlink()  # as one that only root may read
    with EnergyMeter(powercap=folder) as meter:
        pass
    assert meter.joules == {}


def test_processor_is_named_as_its_maker_does(tmp_path):
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: AMD EPYC 9554\n\nprocessor\t: 1\nmodel name\t: other\n"
    )
    assert processor_name(tmp_path / "cpuinfo") == "AMD EPYC 9554"
    assert processor_name(tmp_path / "nowhere")
