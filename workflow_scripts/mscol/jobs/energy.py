"""What a job takes of electricity, where the machine tells: joules, by who tells them.

Processors count what they take themselves (RAPL, which Linux shows below ``/sys/class/powercap``, often to root alone): whole packages,
whatever else runs on them. NVIDIA's cards say how much power they draw, which is summed over time.
"""

import platform
import re
import threading
import time
from pathlib import Path

from mscol.jobs.cards import card_watts

POWERCAP = "/sys/class/powercap"
RAPL, SMI = "RAPL", "nvidia-smi"  # who tells
_EVERY_SECONDS = 10  # a counter of RAPL begins anew after some minutes


class EnergyMeter:
    """A context that measures what is taken while it lasts, on a thread of its own.

    Parameters
    ----------
    gpus : sequence of str
        UUIDs of the cards that the job has to itself.
    on_tick : callable, optional
        Called after each reading.
    powercap : str or os.PathLike
        Where RAPL's counters are.
    every_seconds : float
        From one reading to the next.
    """

    def __init__(self, gpus=(), on_tick=None, powercap=POWERCAP, every_seconds=_EVERY_SECONDS):
        self._sources = {RAPL: _Processors(powercap), SMI: _Cards(gpus)}
        self._on_tick, self._every = on_tick, every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def joules(self):
        """Joules until the last reading, by who tells them; empty where nobody does."""
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
    """The packages of this machine. A reading that fails is passed over."""

    def __init__(self, powercap):
        # "intel-rapl:0" (AMD's, too), not the parts of a package, "intel-rapl:0:1", nor the whole machine, "psys"
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
    """Cards that a job has to itself. A reading that fails is passed over."""

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
    """Name the processor of this machine, as its maker does where Linux knows."""
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
