"""GPUs of its own for each job, where no scheduler hands them out.

Whoever starts a run offers the machine's GPUs (`find_gpus`, `offer_gpus`) to its jobs by an environment variable. Each job takes
one, or some (`take_gpus`), before it imports a framework (or chooses one), and sees no other. Where nothing was offered, jobs leave everything as it is.
"""

import errno
import logging
import os
import socket
import time
from pathlib import Path

from mscol.jobs.cards import list_cards
from mscol.jobs.logs import timed

VISIBLE = "CUDA_VISIBLE_DEVICES"
MADE_UP = "MSCOL_GPUS"  # what the driver would say, for tests
OFFER = "MSCOL_OFFERED_GPUS"
# Set in jobs of SLURM, PBS, LSF, Grid Engine and Flux
SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "SGE_O_HOST", "FLUX_JOB_ID")
_held = []  # until this process ends


def find_gpus():
    """Find the GPUs that this process may use.

    ``CUDA_VISIBLE_DEVICES`` is respected: numbers, UUIDs (or how they begin) and names of MIG devices. As in CUDA, what comes after
    one that is not there does not count. Without it all GPUs that the driver shows are taken; inside a job of a
    scheduler none, because then nobody knows which of them are the job's.

    Returns
    -------
    dict of str to str
        By the name that CUDA is to be told, the one under which a GPU is locked: its UUID, by which all
        runs on a machine call it the same, whatever they were told.
    """
    cards = _cards()
    told = os.environ.get(VISIBLE)
    if told is None:
        return {} if is_scheduled() else {name: name for card in cards for name in _devices(card)}
    found = {}
    for name in (name.strip() for name in told.split(",")):
        device = _device_named(name, cards)
        if device is None:
            break
        found.setdefault(name, device)
    return found


def is_scheduled():
    """Whether this process is part of a job of a cluster's scheduler."""
    return any(variable in os.environ for variable in SCHEDULERS)


def offer_gpus(gpus):
    """Offer GPUs to the jobs that this process will start, in place of what was offered before.

    Parameters
    ----------
    gpus : dict of str to str
        As `find_gpus` gives them. None at all: jobs leave everything as it is.
    """
    os.environ.pop(OFFER, None)
    if gpus:
        os.environ[OFFER] = ",".join(f"{name}={lock}" for name, lock in gpus.items())


def take_gpus(wanted=1):
    """Take some of the GPUs that were offered to this job, until it ends; call it before a framework is imported.

    It waits while there are not enough that are free, because jobs of other runs on this machine have them. A job that
    wants none is kept off all of them: frameworks would take the first, beside the job that has it.

    Parameters
    ----------
    wanted : int
        How many; 0 for none. No more than were offered are taken.

    Returns
    -------
    list of str
        Their names, as in ``CUDA_VISIBLE_DEVICES``; empty where none was offered, or wanted.
    """
    if not os.environ.get(OFFER):
        return []
    if not wanted:
        # The second because JAX fails where it knows of a GPU but sees none
        os.environ.update({VISIBLE: "", "JAX_PLATFORMS": "cpu"})
        return []
    gpus = dict(pair.split("=", 1) for pair in os.environ[OFFER].split(","))
    wanted, taken = min(wanted, len(gpus)), {}
    if not _take_free(gpus, wanted, taken):
        logging.info(
            "Jobs of other runs have %s: waiting for %d.",
            f"{len(gpus) - len(taken)} of {len(gpus)} GPUs" if taken else f"every GPU ({len(gpus)})",
            wanted - len(taken),
        )
        with timed("Waiting for GPUs"):
            _wait(gpus, wanted, taken)
    _held.extend(taken.values())
    names = [name for name in gpus if name in taken]
    os.environ[VISIBLE] = ",".join(names)
    logging.info("This job has the GPU%s %s to itself.", "s" * (len(names) > 1), ", ".join(names))
    return names


def _take_free(gpus, wanted, taken):
    """Lock GPUs that are free, until there are so many with those taken before; return whether there are."""
    for name, lock in gpus.items():
        if len(taken) < wanted and name not in taken and (held := _lock(f"gpu/{lock}")):
            taken[name] = held
    return len(taken) == wanted


def _wait(gpus, wanted, taken):
    """Wait until so many GPUs are taken.

    A single job of the machine keeps what it has meanwhile: two of them might wait for each other for ever. That one does, or
    a job that wants many would never find them free at once.
    """
    turn = None
    while not _take_free(gpus, wanted, taken):
        if wanted > 1 and turn is None:
            turn = _lock("turn to wait for several GPUs")
        if turn is None:
            while taken:
                taken.popitem()[1].close()
        time.sleep(0.5)
    if turn:
        turn.close()


def _lock(name):
    """Take a name that one process of a machine can have at a time; None if another one has it.

    It is the name of a socket in Linux' abstract space. Unlike a locked file it needs no folder that all users may
    write to, nothing is left of it, and the kernel frees it when a process ends, however it ends.
    """
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0mscol/{name}")
    except OSError as error:
        held.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return held


def _cards():
    """The GPUs of this machine in the driver's order: of each, its UUID and those of its MIG devices."""
    if MADE_UP in os.environ:
        return [[name.strip()] for name in os.environ[MADE_UP].split(",") if name.strip()]
    listed = list_cards()
    return _cards_in_proc() if listed is None else [[card.name, *card.parts] for card in listed]


def _cards_in_proc(folder="/proc/driver/nvidia/gpus", devices="/dev"):
    """The same where there is no nvidia-smi, as in some containers, which also show GPUs there that they may not use."""
    cards = []
    for path in sorted(Path(folder).glob("*/information")):
        about = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        minor = about.get("Device Minor", "").strip()
        if Path(devices, f"nvidia{minor}").exists():
            cards.append([about["GPU UUID"].strip()])
    return cards


def _devices(card):
    """What of a card can be computed on: its MIG devices, where it is split into them, else itself."""
    return card[1:] or card


def _device_named(name, cards):
    """Find the device that an entry of ``CUDA_VISIBLE_DEVICES`` means; None if there is none.

    Numbers are taken in the driver's order, which is CUDA's where all cards are alike, or with
    ``CUDA_DEVICE_ORDER=PCI_BUS_ID``.
    """
    if name.isdecimal():
        return _devices(cards[int(name)])[0] if int(name) < len(cards) else None
    if name.startswith("MIG-"):
        return name if cards else None  # older drivers name them in other ways than they list them
    named = [card for card in cards if name and card[0].startswith(name)]
    return _devices(named[0])[0] if len(named) == 1 else None
