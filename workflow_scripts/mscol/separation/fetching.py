"""Published separators: fetched once, before the jobs that use them, and compared with the hashes in their names."""

import logging
import re
from pathlib import Path

import torch

from mscol.errors import SeparationError
from mscol.io.files import sha256_of, write_json
from mscol.separation import STEMS
from mscol.separation.separator import load_separator

_WEIGHTS = re.compile(rf"(?:{'|'.join(STEMS)})-([0-9a-f]{{8,64}})\.pth")  # as torch.hub has it: target-sha256


def fetch_separator(name, about):
    """Fetch the weights of a published separator into torch's cache, where `load_separator` finds them.

    Parameters
    ----------
    name : str
        ``umxl``, ``umxhq`` or ``umx``.
    about : str or os.PathLike
        JSON to be written: the sha256 of each file of weights in the cache.

    Raises
    ------
    SeparationError
        If they cannot be fetched, or a file is not what its name says.
    """
    _cached_weights()  # before they are loaded: a file that was cut would only give a trace
    load_separator(name, device="cpu")
    found = _cached_weights()
    logging.info("The weights of %s are in %s.", name, _folder())
    write_json({"model": name, "weights": found}, about)


def _folder():
    return Path(torch.hub.get_dir(), "checkpoints")


def _cached_weights():
    """The sha256 of each file of weights in torch's cache, by its name."""
    found = {}
    for path in sorted(_folder().glob("*.pth")):
        if named := _WEIGHTS.fullmatch(path.name):
            found[path.name] = sha256_of(path)
            if not found[path.name].startswith(named[1]):
                raise SeparationError(
                    f"{path}: damaged (its sha256 begins with {found[path.name][:8]}, not with {named[1]}); delete it, and "
                    "it is fetched again"
                )
    return found
