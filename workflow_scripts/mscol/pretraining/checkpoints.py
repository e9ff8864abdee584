"""Checkpoints of a run: all that it needs to go on as if it had never stopped.

They lie in ``{folder}/{fingerprint of the run}/update-000064000.npz``, so that no run ever finds those of
another one. Random numbers need no place in them: minibatches are drawn by number, and the state of
drop-connect is among the network's variables.
"""

import contextlib
import hashlib
import json
import logging
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np

from mscol.errors import CacheError, TrainingError
from mscol.io.atomic import atomic_path, remove_abandoned
from mscol.io.files import read_json, write_json

ABOUT = "run.json"


class Checkpoints:
    """The checkpoints of one run.

    Parameters
    ----------
    folder : str or os.PathLike
        Of all runs of a model and seed.
    about : dict
        All that affects what the run computes, as JSON can hold it; its digest keeps runs apart.
    keep : int
        How many of the latest are kept.
    """

    def __init__(self, folder, about, keep=3):
        self.about = json.loads(json.dumps(about))  # as it comes back from a file: tuples are lists
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:16]
        self.folder = Path(folder, digest)
        self._keep = keep

    def save(self, update, arrays):
        """Save the state after an update, and let go of the oldest.

        Parameters
        ----------
        update : int
        arrays : dict of np.ndarray

        Returns
        -------
        pathlib.Path

        Raises
        ------
        TrainingError
            If a weight is not finite: the run has diverged, and the checkpoint before is the last good one.
        """
        broken = [name for name, array in arrays.items() if not _is_sound(name, array)]
        if broken:
            raise TrainingError(f"update {update}: {broken[0]} is not finite")
        path = self.folder / f"update-{update:09d}.npz"
        if not (self.folder / ABOUT).exists():
            write_json(self.about, self.folder / ABOUT)
        with atomic_path(path) as partial:
            np.savez(partial, **arrays)
        self.prune(self._keep)
        return path

    def restore(self, check):
        """Load the latest that is whole; damaged ones are removed on the way, and said so.

        Parameters
        ----------
        check : callable
            Takes the arrays; raises ValueError or KeyError where they do not fit the network.

        Returns
        -------
        dict of np.ndarray, or None when there is none
        """
        remove_abandoned(self.folder)
        for path in reversed(self.paths()):
            try:
                arrays = _load(path)
                check(arrays)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                logging.warning("%s is damaged (%s): removed, and the one before it serves.", path, error)
                path.unlink(missing_ok=True)
                continue
            return arrays
        self._tell_of_other_runs()
        return None

    def paths(self):
        """List the checkpoints, the oldest first."""
        return sorted(self.folder.glob("update-*.npz"))

    def prune(self, keep):
        """Remove all but the latest."""
        for path in self.paths()[:-keep]:
            path.unlink(missing_ok=True)

    def finish(self):
        """Keep the last checkpoint alone, which holds projection and similarity, too, and no other run's."""
        self.prune(1)
        for folder in self._other_runs():
            shutil.rmtree(folder)

    def _other_runs(self):
        if not self.folder.parent.is_dir():
            return []
        return sorted(
            folder
            for folder in self.folder.parent.iterdir()
            if folder != self.folder and (folder / ABOUT).is_file()
        )

    def _tell_of_other_runs(self):
        for folder in self._other_runs():
            difference = "what it says of itself, which is damaged"
            with contextlib.suppress(CacheError):
                difference = differences(read_json(folder / ABOUT), self.about) or "nothing that it says"
            logging.warning(
                "%s holds checkpoints of another run, which are not resumed; it differs in %s. Starting afresh.",
                folder,
                difference,
            )


def differences(before, now, key=""):
    """Say in which keys two nested dicts differ.

    >>> differences({"seed": 1, "settings": {"updates": 5}}, {"seed": 1, "settings": {"updates": 6}})
    'settings/updates (5 there, 6 here)'
    """
    if isinstance(before, dict) and isinstance(now, dict):
        names = sorted(before.keys() | now.keys())
        parts = [differences(before.get(name), now.get(name), f"{key}/{name}".lstrip("/")) for name in names]
        return ", ".join(filter(None, parts))
    return "" if before == now else f"{key} ({before} there, {now} here)"


def _is_sound(name, array):
    return name.startswith("history/") or array.dtype.kind != "f" or np.isfinite(array).all()


def _load(path):
    # Each array is read whole, and with it its checksum is verified.
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
