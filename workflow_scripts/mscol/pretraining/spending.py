"""What a run of pretraining has taken, over all its attempts: time, and electricity where the machine tells."""

import contextlib
import time
from pathlib import Path

from mscol.errors import CacheError, WriteError
from mscol.io.files import read_json, write_json
from mscol.jobs.devices import find_gpus
from mscol.jobs.energy import EnergyMeter, processor_name

NOTE = "spent.json"


class Spending:
    """A context around an attempt, which goes on from what earlier ones noted beside their checkpoints.

    It notes every ten seconds, so that an attempt that is killed counts, too, but not before there is a checkpoint.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Of the run's checkpoints.
    started : float
        When the attempt began (`time.monotonic`).
    on_gpu : bool
        Whether it computes on the GPUs that it sees.
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
        """Say what all attempts took.

        Returns
        -------
        dict
            wall_seconds; energy_joules, by who tells them (`mscol.jobs.energy`), of those who told them of every attempt, or None;
            and the name of the processor.
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
            with contextlib.suppress(WriteError, OSError):  # a full disk is for the next checkpoint to tell
                write_json(self.total(), self._note_path)
