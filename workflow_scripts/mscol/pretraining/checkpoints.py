"""Checkpoints of a run: everything it needs to resume as if it had never stopped.

The files are ``{folder}/{fingerprint of the run}/update-000064000.npz``, so that no run finds the checkpoints of
another one. They need no random state: minibatches are drawn by number, and the state of
drop-connect is among the network's variables.
"""

import contextlib
import errno
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
_OF_DAMAGE = (None, errno.EINVAL)  # errors of a file's content; all others are the disk's, and may pass


class Checkpoints:
    """The checkpoints of one run.

    Parameters
    ----------
    folder : str or os.PathLike
        Folder of all runs of a model and seed.
    about : dict
        Everything that affects what the run computes, in types that JSON supports; its digest keeps runs apart.
    keep : int
        Number of latest checkpoints to keep.
    """

    def __init__(self, folder, about, keep=3):
        self.about = json.loads(json.dumps(about))  # the same as read from a file: tuples become lists
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:16]
        self.folder = Path(folder, digest)
        self._keep = keep

    def save(self, update, arrays):
        """Save the state after an update and remove the oldest checkpoints.

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
            If a weight is not finite: the run has diverged, and the previous checkpoint is the last good one.
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
        """Load the latest intact checkpoint; remove damaged ones with a warning.

        Parameters
        ----------
        check : callable
            Takes the arrays; raises ValueError or KeyError if they do not fit the network.

        Returns
        -------
        dict of np.ndarray, or None when there is none

        Raises
        ------
        TrainingError
            If the file system does not let a checkpoint be read.
        """
        remove_abandoned(self.folder)
        for path in reversed(self.paths()):
            try:
                arrays = _load(path)
                check(arrays)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
                if isinstance(error, OSError) and error.errno not in _OF_DAMAGE:
                    raise TrainingError(
                        f"{path}: this checkpoint cannot be read ({error.strerror}). It is kept. Run again when it can be, or "
                        "delete it to resume from the one before"
                    ) from error
                logging.warning(
                    "Removed the damaged checkpoint %s (%s). Trying the previous one.", path, error
                )
                path.unlink(missing_ok=True)
                continue
            return arrays
        self._tell_of_other_runs()
        return None

    def paths(self):
        """List the checkpoints, the oldest first."""
        return sorted(self.folder.glob("update-*.npz"))

    def prune(self, keep):
        """Remove all but the latest checkpoints."""
        for path in self.paths()[:-keep]:
            path.unlink(missing_ok=True)

    def finish(self):
        """Keep only the last checkpoint, which also holds projection and similarity; remove those of other runs."""
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
            difference = "its description, which is damaged"
            with contextlib.suppress(CacheError):
                difference = differences(read_json(folder / ABOUT), self.about) or "nothing that is recorded"
            logging.warning(
                "Not resuming from %s: its checkpoints belong to another run, which differs in %s. Starting from the beginning.",
                folder,
                difference,
            )


def differences(before, now, key=""):
    """List the keys in which two nested dicts differ.

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
    # Reading each array as a whole also verifies its checksum.
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
