"""Published separators: fetched once, before the jobs that use them, and checked against the hashes in their names."""

import logging
import re
from pathlib import Path

import torch

from mscol.errors import SeparationError
from mscol.io.files import sha256_of, write_json
from mscol.separation import STEMS
from mscol.separation.separator import load_separator

_WEIGHTS = re.compile(rf"(?:{'|'.join(STEMS)})-([0-9a-f]{{8,64}})\.pth")  # torch.hub's names: target-sha256


def fetch_separator(name, about):
    """Fetch the weights of a published separator into torch's cache, where `load_separator` finds them.

    Parameters
    ----------
    name : str
        ``umxl``, ``umxhq`` or ``umx``.
    about : str or os.PathLike
        Output JSON: the sha256 of each weights file in the cache.

    Raises
    ------
    SeparationError
        If the weights cannot be fetched, or a file does not match the hash in its name.
    """
    _cached_weights()  # before loading: a truncated file would only give a traceback
    load_separator(name, device="cpu")
    found = _cached_weights()
    logging.info("The weights of %s are in %s.", name, _folder())
    write_json({"model": name, "weights": found}, about)


def _folder():
    return Path(torch.hub.get_dir(), "checkpoints")


def _cached_weights():
    """Compute the sha256 of each weights file in torch's cache, by file name."""
    found = {}
    for path in sorted(_folder().glob("*.pth")):
        if named := _WEIGHTS.fullmatch(path.name):
            found[path.name] = sha256_of(path)
            if not found[path.name].startswith(named[1]):
                raise SeparationError(
                    f"{path}: damaged (its sha256 begins with {found[path.name][:8]}, expected {named[1]}). Delete it "
                    "and run again to fetch it."
                )
    return found
