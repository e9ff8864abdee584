"""Assign GPUs to jobs on machines without a scheduler.

The process that starts a run offers the machine's GPUs to its jobs in an environment variable (`find_gpus`, `offer_gpus`). Each
job takes one or several (`take_gpus`) before it chooses or imports a framework, and sees no others. If none are offered, jobs
change nothing.
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
MADE_UP = "MSCOL_GPUS"  # replaces the driver's list, for tests
OFFER = "MSCOL_OFFERED_GPUS"
# Set in jobs of SLURM, PBS, LSF, Grid Engine and Flux
SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "SGE_O_HOST", "FLUX_JOB_ID")
_held = []  # until this process ends


def find_gpus():
    """Find the GPUs that this process may use.

    ``CUDA_VISIBLE_DEVICES`` is respected: numbers, UUIDs (or their first characters) and names of MIG devices. As in CUDA,
    entries after a missing device are ignored. If it is not set, all GPUs of the driver are used, but none inside a scheduler's
    job, because it is unknown which of them belong to the job.

    Returns
    -------
    dict of str to str
        Maps the name for CUDA to the name of the lock, the GPU's UUID. The UUID is the same in all runs on a machine, however
        each run names the GPU.
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
    """Return whether this process is part of a job of a cluster's scheduler."""
    return any(variable in os.environ for variable in SCHEDULERS)


def offer_gpus(gpus):
    """Offer GPUs to the jobs that this process will start; replaces an earlier offer.

    Parameters
    ----------
    gpus : dict of str to str
        As `find_gpus` returns them. If empty, jobs change nothing.
    """
    os.environ.pop(OFFER, None)
    if gpus:
        os.environ[OFFER] = ",".join(f"{name}={lock}" for name, lock in gpus.items())


def take_gpus(wanted=1):
    """Take some of the offered GPUs until this process ends; call it before a framework is imported.

    It waits while jobs of other runs on this machine use too many of them. A job that wants none gets no access to GPUs:
    its framework would use the first one, which belongs to another job.

    Parameters
    ----------
    wanted : int
        Number of GPUs, limited to the number offered; 0 for none.

    Returns
    -------
    list of str
        Their names, as in ``CUDA_VISIBLE_DEVICES``; empty if none was offered or wanted.
    """
    if not os.environ.get(OFFER):
        return []
    if not wanted:
        # JAX_PLATFORMS, because JAX fails if it finds a GPU that is hidden
        os.environ.update({VISIBLE: "", "JAX_PLATFORMS": "cpu"})
        return []
    gpus = dict(pair.split("=", 1) for pair in os.environ[OFFER].split(","))
    wanted, taken = min(wanted, len(gpus)), {}
    if not _take_free(gpus, wanted, taken):
        logging.info(
            "Jobs of other runs use %s. Waiting for %d.",
            f"{len(gpus) - len(taken)} of {len(gpus)} GPUs" if taken else f"every GPU ({len(gpus)})",
            wanted - len(taken),
        )
        with timed("Waiting for GPUs"):
            _wait(gpus, wanted, taken)
    _held.extend(taken.values())
    names = [name for name in gpus if name in taken]
    os.environ[VISIBLE] = ",".join(names)
    logging.info("This job uses the GPU%s %s.", "s" * (len(names) > 1), ", ".join(names))
    return names


def _take_free(gpus, wanted, taken):
    """Lock free GPUs until ``wanted`` are taken; return whether that many are taken."""
    for name, lock in gpus.items():
        if len(taken) < wanted and name not in taken and (held := _lock(f"gpu/{lock}")):
            taken[name] = held
    return len(taken) == wanted


def _wait(gpus, wanted, taken):
    """Wait until ``wanted`` GPUs are taken.

    Only one job of the machine keeps its GPUs while it waits for more: two such jobs could wait for each other forever. One must
    keep them, because a job that wants many would never find them all free at once.
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
    """Lock a name for this process, among all processes of the machine; return None if another process has it.

    The name is that of a socket in Linux's abstract namespace. Unlike a lock file, it needs no folder that all users can write
    to and leaves nothing behind, and the kernel frees it when a process ends, even if it is killed.
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
    """List the GPUs of this machine in the driver's order: the UUID of each, and those of its MIG devices."""
    if MADE_UP in os.environ:
        return [[name.strip()] for name in os.environ[MADE_UP].split(",") if name.strip()]
    listed = list_cards()
    return _cards_in_proc() if listed is None else [[card.name, *card.parts] for card in listed]


def _cards_in_proc(folder="/proc/driver/nvidia/gpus", devices="/dev"):
    """List the GPUs without nvidia-smi, as in some containers, whose /proc also shows GPUs that they may not use."""
    cards = []
    for path in sorted(Path(folder).glob("*/information")):
        about = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
        minor = about.get("Device Minor", "").strip()
        if Path(devices, f"nvidia{minor}").exists():
            cards.append([about["GPU UUID"].strip()])
    return cards


def _devices(card):
    """Return the devices of a card: its MIG devices if it has any, else the card itself."""
    return card[1:] or card


def _device_named(name, cards):
    """Find the device that an entry of ``CUDA_VISIBLE_DEVICES`` names; None if there is none.

    Numbers follow the driver's order. It is CUDA's order if all cards are of the same model, or with
    ``CUDA_DEVICE_ORDER=PCI_BUS_ID``.
    """
    if name.isdecimal():
        return _devices(cards[int(name)])[0] if int(name) < len(cards) else None
    if name.startswith("MIG-"):
        return name if cards else None  # older drivers list them under other names
    named = [card for card in cards if name and card[0].startswith(name)]
    return _devices(named[0])[0] if len(named) == 1 else None
