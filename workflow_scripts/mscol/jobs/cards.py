"""The NVIDIA cards of a machine, as its driver lists them, and what power they draw."""

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
        UUIDs of the MIG devices that it is split into.
    """

    title: str
    name: str
    parts: list


def list_cards(path=None):
    """Ask nvidia-smi for the cards of this machine, in the driver's order.

    Parameters
    ----------
    path : str, optional
        Where to look for it, in place of this process' PATH.

    Returns
    -------
    list of Card, or None where there is no nvidia-smi that answers
    """
    said = _ask("-L", path=path)
    return None if said is None else _read(said)


def card_watts():
    """Ask nvidia-smi for the power that each card draws.

    Returns
    -------
    dict of str to float
        UUID -> watts; without the cards that do not tell.
    """
    said = _ask("--query-gpu=uuid,power.draw", "--format=csv,noheader,nounits") or ""
    return {name: float(watts) for name, watts in re.findall(r"^(\S+), ([0-9.]+)\s*$", said, re.MULTILINE)}


def _ask(*arguments, path=None):
    """What nvidia-smi says; None where there is none that answers."""
    program = shutil.which("nvidia-smi", path=path)
    if program is None:
        return None
    try:
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None


def _read(text):
    """Read what ``nvidia-smi -L`` says.

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
