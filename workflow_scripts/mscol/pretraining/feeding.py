"""Bring minibatches to the network: gathered on the host ahead of need, or cut on the device."""

import logging
import time

import numpy as np

from mscol.errors import TrainingError
from mscol.jobs.parallel import ordered_map
from mscol.model import bring_to_device, free_device_memory, is_out_of_memory, load_on_device

SHARE_OF_FREE = 0.5  # of the device's memory; the rest is left to what the network computes


class Feed:
    """Make the minibatches of a run.

    Parameters
    ----------
    sampler : PairSampler
    threads : int
        How many make minibatches ahead of need.
    on_device : DeviceCache, optional
        Cut crops there; otherwise they are gathered from disk. Both give the same
        minibatches.
    mesh : jax.sharding.Mesh, optional
        Several devices, each of which is sent its part.

    Attributes
    ----------
    seconds_waited : float
        How long whoever takes minibatches has waited for them.
    """

    def __init__(self, sampler, threads=1, on_device=None, mesh=None):
        self._sampler, self._threads, self._on_device, self._mesh = sampler, threads, on_device, mesh
        self.seconds_waited = 0.0

    def batches(self, numbers):
        """Yield the minibatches of some numbers, in their order."""
        batches = ordered_map(self._make, numbers, self._threads)
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            self.seconds_waited += time.perf_counter() - started
            if batch is None:
                return
            yield batch

    def _make(self, number):
        if self._on_device:
            return bring_to_device(self._on_device.places(self._sampler.draw(number)), self._mesh)
        return bring_to_device(self._sampler.batch(number), self._mesh)


def load_on_device_if_wanted(cache_on, sampler, mesh=None):
    """Load the mel cache into the device's memory, where the config, or the room that is there, says so.

    Parameters
    ----------
    cache_on : str
        ``device``; ``auto``, for the device where it is a GPU of which half of the free memory holds the cache; or anything
        else for the disk.
    sampler : PairSampler
    mesh : jax.sharding.Mesh, optional
        Several devices: all of them, or none.

    Returns
    -------
    DeviceCache or None
        None where minibatches are to be gathered from disk.

    Raises
    ------
    TrainingError
        If ``device`` was asked for and has no room.
    """
    if cache_on not in ("auto", "device"):
        return None
    needed = sum(array.nbytes for cache in _caches(sampler) for array in cache.arrays)
    if cache_on == "auto":
        free = free_device_memory()
        if free is None:
            return None
        if needed > SHARE_OF_FREE * free:
            logging.info(
                "The log-mels take %.2f GB, more than half of the %.2f GB that are free on the GPU: they are read from disk.",
                needed / 1e9, free / 1e9,
            )  # fmt: skip
            return None
    try:
        return DeviceCache(sampler, mesh)
    except Exception as error:  # each framework has one of its own for this
        if not is_out_of_memory(error):
            raise
        if cache_on == "device":
            raise TrainingError(
                f"the device has no room for the mel cache, {needed / 1e9:.2f} GB; set pretraining/running/cache_on to auto"
            ) from error
        logging.warning("The GPU had no room for %.2f GB of log-mels: they are read from disk.", needed / 1e9)
        return None


def _caches(sampler):
    """The caches that a sampler reads: that of the mixtures first, and once if positives come from it, too."""
    stems = [sampler.positives[source] for source in sampler.sources]
    return [sampler.mixtures] if stems == [sampler.mixtures] else [sampler.mixtures, *stems]


class DeviceCache:
    """The mel cache in the device's memory.

    Parameters
    ----------
    sampler : PairSampler
        Whose caches are loaded; the mixtures once, if positives come from them, too.
    mesh : jax.sharding.Mesh, optional
        Several devices, all of which hold them whole.
    """

    def __init__(self, sampler, mesh=None):
        used = _caches(sampler)
        stems = used[1:] or used
        sizes = [sum(map(len, cache.arrays)) for cache in stems]
        # In the tensor of all stems, those of one source lie after those of another
        self._first_frames = dict(zip(sampler.sources, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        self._mixtures = self._stems = load_on_device(sampler.mixtures.arrays, mesh)
        if stems is not used:
            self._stems = load_on_device([array for cache in stems for array in cache.arrays], mesh)
        n_bytes = sum(array.nbytes for cache in used for array in cache.arrays)
        where = "the memory of each device" if mesh else "the device's memory"
        logging.info("%.2f GB of log-mels lie in %s.", n_bytes / 1e9, where)

    def places(self, draw):
        """Say where the device is to cut the crops of a `mscol.pairs.Draw`: a dict as the network takes it."""
        return {
            "mixtures": self._mixtures,
            "stems": self._stems,
            "anchor_frames": draw.anchor_frames.astype(np.int32),
            "positive_frames": (draw.positive_frames + self._first_frames[draw.source]).astype(np.int32),
            "absent": draw.absent,
            **draw.augmentation,
        }
