"""The NVIDIA cards of a machine, as its driver lists them, and their power draw."""

import re
import shutil
import subprocess
from typing import NamedTuple


class Card(NamedTuple):
    """A card.

    Attributes
    ----------
    title : str
        "NVIDIA H200".
    name : str
        Its UUID.
    parts : list of str
        UUIDs of its MIG devices.
    """

    title: str
    name: str
    parts: list


def list_cards(path=None):
    """List the cards of this machine with nvidia-smi, in the driver's order.

    Parameters
    ----------
    path : str, optional
        Search path for nvidia-smi, instead of PATH.

    Returns
    -------
    list of Card, or None if nvidia-smi is missing or does not answer
    """
    said = _ask("-L", path=path)
    return None if said is None else _read(said)


def card_watts():
    """Measure the power draw of each card with nvidia-smi.

    Returns
    -------
    dict of str to float
        UUID -> watts; cards that do not report it are missing.
    """
    said = _ask("--query-gpu=uuid,power.draw", "--format=csv,noheader,nounits") or ""
    return {name: float(watts) for name, watts in re.findall(r"^(\S+), ([0-9.]+)\s*$", said, re.MULTILINE)}


def _ask(*arguments, path=None):
    """Return the output of nvidia-smi; None if it is missing or does not answer."""
    program = shutil.which("nvidia-smi", path=path)
    if program is None:
        return None
    try:
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None


def _read(text):
    """Parse the output of ``nvidia-smi -L``.

    >>> for card in _read('''GPU 0: NVIDIA A100 (UUID: GPU-5d)
    ...   MIG 3g.20gb     Device  0: (UUID: MIG-c6)
    ... GPU 1: NVIDIA A100 (UUID: GPU-e8)'''):
    ...     print(*card)
    NVIDIA A100 GPU-5d ['MIG-c6']
    NVIDIA A100 GPU-e8 []
    """
    cards = []
    for kind, title, name in re.findall(r"^\s*(GPU|MIG) .*?: (.*)\(UUID: (\S+)\)", text, re.MULTILINE):
        if kind == "GPU":
            cards.append(Card(title.strip(), name, []))
        elif cards:
            cards[-1].parts.append(name)
    return cards
