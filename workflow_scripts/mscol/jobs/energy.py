"""Measure the energy of a job in joules, by source, on machines that report it.

Processors count their own energy (RAPL, in ``/sys/class/powercap``, often readable by root only): whole packages, including
everything else that runs on them. NVIDIA cards report their power draw, which is integrated over time.
"""

import platform
import re
import threading
import time
from pathlib import Path

from mscol.jobs.cards import card_watts

POWERCAP = "/sys/class/powercap"
RAPL, SMI = "RAPL", "nvidia-smi"  # the sources
_EVERY_SECONDS = 10  # a RAPL counter restarts after some minutes


class EnergyMeter:
    """A context manager that measures the energy used in its block, in a thread of its own.

    Parameters
    ----------
    gpus : sequence of str
        UUIDs of the cards that only this job uses.
    on_tick : callable, optional
        Called after each reading.
    powercap : str or os.PathLike
        The folder of RAPL's counters.
    every_seconds : float
        Time between two readings.
    """

    def __init__(self, gpus=(), on_tick=None, powercap=POWERCAP, every_seconds=_EVERY_SECONDS):
        self._sources = {RAPL: _Processors(powercap), SMI: _Cards(gpus)}
        self._on_tick, self._every = on_tick, every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def joules(self):
        """Joules up to the last reading, by source; empty if no source reports them."""
        told = {name: source.joules for name, source in self._sources.items()}
        return {name: joules for name, joules in told.items() if joules is not None}

    def __enter__(self):
        self._read()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._read()

    def _watch(self):
        while not self._over.wait(self._every):
            self._read()

    def _read(self):
        for source in self._sources.values():
            source.read()
        if self._on_tick:
            self._on_tick()


class _Processors:
    """The processor packages of this machine. Failed readings are skipped."""

    def __init__(self, powercap):
        # "intel-rapl:0" (also on AMD), not the parts of a package, "intel-rapl:0:1", nor the whole machine, "psys"
        folders = sorted(Path(powercap).glob("intel-rapl:*"))
        self._packages = [folder for folder in folders if _is_package(folder)]
        self._last, self.joules = None, None

    def read(self):
        try:
            counted = [_number(folder / "energy_uj") for folder in self._packages]
            ranges = [_number(folder / "max_energy_range_uj") for folder in self._packages]
        except (OSError, ValueError):
            return
        if not counted:
            return
        steps = zip(counted, self._last or counted, ranges, strict=True)
        taken = sum(now - before + (most if now < before else 0) for now, before, most in steps)
        self._last, self.joules = counted, (self.joules or 0.0) + taken / 1e6


class _Cards:
    """Cards that only this job uses. Failed readings are skipped."""

    def __init__(self, gpus):
        self._gpus, self._last, self.joules = list(gpus), None, None

    def read(self):
        watts = card_watts() if self._gpus else {}
        if not self._gpus or not set(self._gpus) <= set(watts):
            return
        now, power = time.monotonic(), sum(watts[name] for name in self._gpus)
        before, power_before = self._last or (now, power)
        self._last = now, power
        self.joules = (self.joules or 0.0) + (now - before) * (power + power_before) / 2


def processor_name(cpuinfo="/proc/cpuinfo"):
    """Return the model name of this machine's processor, or its architecture if Linux does not report one."""
    try:
        named = re.search(r"^model name\s*: (.+)$", Path(cpuinfo).read_text(), re.MULTILINE)
    except OSError:
        named = None
    return named[1].strip() if named else platform.processor() or platform.machine()


def _is_package(folder):
    try:
        return folder.name.count(":") == 1 and (folder / "name").read_text().startswith("package")
    except OSError:
        return False


def _number(path):
    return int(path.read_text())
