"""Time and energy that a pretraining run has used over all its attempts; energy only if the machine reports it."""

import contextlib
import time
from pathlib import Path

from mscol.errors import CacheError, WriteError
from mscol.io.files import read_json, write_json
from mscol.jobs.devices import find_gpus
from mscol.jobs.energy import EnergyMeter, processor_name

NOTE = "spent.json"


class Spending:
    """A context around an attempt that adds to the totals which earlier attempts recorded next to their checkpoints.

    It records every ten seconds, so that killed attempts count too, but not before the first checkpoint exists.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Folder of the run's checkpoints.
    started : float
        Start of the attempt (`time.monotonic`).
    on_gpu : bool
        Whether it computes on the visible GPUs.
    """

    def __init__(self, folder, started, on_gpu):
        self._note_path = folder and Path(folder, NOTE)
        self._started, self._before = started, {}
        with contextlib.suppress(CacheError, OSError):
            self._before = read_json(self._note_path) if self._note_path else {}
        self._meter = EnergyMeter(list(find_gpus().values()) if on_gpu else (), self._note)

    def __enter__(self):
        self._meter.__enter__()
        return self

    def __exit__(self, *raised):
        self._meter.__exit__(*raised)

    def total(self):
        """Return the totals of all attempts.

        Returns
        -------
        dict
            wall_seconds; energy_joules, by energy counter (`mscol.jobs.energy`), for the counters that cover every attempt, or
            None; and the name of the processor.
        """
        before = self._before.get("energy_joules") or {}
        told = self._meter.joules
        joules = {
            name: round(before.get(name, 0.0) + more, 1)
            for name, more in told.items()
            if not self._before or name in before
        }
        seconds = self._before.get("wall_seconds", 0.0) + time.monotonic() - self._started
        return {
            "wall_seconds": round(seconds, 1),
            "energy_joules": joules or None,
            "processor": processor_name(),
        }

    def _note(self):
        if self._note_path and self._note_path.parent.is_dir():
            with contextlib.suppress(WriteError, OSError):  # the next checkpoint reports a full disk
                write_json(self.total(), self._note_path)
