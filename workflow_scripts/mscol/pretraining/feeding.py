"""Feed minibatches to the network: gathered on the host in advance, or cut on the device."""

import logging
import time

import numpy as np

from mscol.errors import TrainingError
from mscol.jobs.parallel import ordered_map
from mscol.model import bring_to_device, cut_crops, free_device_memory, is_out_of_memory, load_on_device

SHARE_OF_FREE = 0.5  # share of the device's free memory for the cache; the network uses the rest


class Feed:
    """Prepare the minibatches of a run.

    Parameters
    ----------
    sampler : PairSampler
    threads : int
        Number of threads that prepare minibatches in advance.
    on_device : DeviceCache, optional
        Cut crops on the device; otherwise they are gathered from disk. Both give the same
        minibatches.
    mesh : jax.sharding.Mesh, optional
        Several devices, each of which gets its part.

    Attributes
    ----------
    seconds_waited : float
        Time that the consumer has waited for minibatches.
    """

    def __init__(self, sampler, threads=1, on_device=None, mesh=None):
        self._sampler, self._threads, self._on_device, self._mesh = sampler, threads, on_device, mesh
        self.seconds_waited = 0.0

    def batches(self, numbers):
        """Yield the minibatches with the given numbers, in order."""
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
            return self._on_device.batch(self._sampler.draw(number))
        return bring_to_device(self._sampler.batch(number), self._mesh)


def load_on_device_if_wanted(cache_on, sampler, mesh=None):
    """Load the mel cache into the device's memory, depending on the config and the free memory.

    Parameters
    ----------
    cache_on : str
        ``device``; ``auto``, which uses the device if it is a GPU and the cache fits half of its free memory; or anything
        else for the disk.
    sampler : PairSampler
    mesh : jax.sharding.Mesh, optional
        Several devices: the cache goes to all of them, or to none.

    Returns
    -------
    DeviceCache or None
        None if minibatches are gathered from disk.

    Raises
    ------
    TrainingError
        If ``cache_on`` is ``device`` and the cache does not fit.
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
                "Reading log-mels from disk: they take %.2f GB, more than half of the %.2f GB free on the GPU.",
                needed / 1e9, free / 1e9,
            )  # fmt: skip
            return None
    try:
        return DeviceCache(sampler, mesh)
    except Exception as error:  # each framework has its own exception for this
        if not is_out_of_memory(error):
            raise
        if cache_on == "device":
            raise TrainingError(
                f"the mel cache ({needed / 1e9:.2f} GB) does not fit into the device's memory: set pretraining/running/cache_on to auto"
            ) from error
        logging.warning(
            "Reading log-mels from disk: %.2f GB did not fit into the GPU's memory.", needed / 1e9
        )
        return None


def _caches(sampler):
    """List the caches that a sampler reads: mixtures first, and only once if positives also come from them."""
    stems = [sampler.positives[source] for source in sampler.sources]
    return [sampler.mixtures] if stems == [sampler.mixtures] else [sampler.mixtures, *stems]


class DeviceCache:
    """The mel cache in the device's memory.

    Parameters
    ----------
    sampler : PairSampler
        Its caches are loaded; the mixtures only once if positives also come from them.
    mesh : jax.sharding.Mesh, optional
        Several devices, each of which holds all caches.
    """

    def __init__(self, sampler, mesh=None):
        self._mesh = mesh
        used = _caches(sampler)
        stems = used[1:] or used
        sizes = [sum(map(len, cache.arrays)) for cache in stems]
        # The tensor of all stems holds one source after the other
        self._first_frames = dict(zip(sampler.sources, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        self._mixtures = self._stems = load_on_device(sampler.mixtures.arrays, mesh)
        if stems is not used:
            self._stems = load_on_device([array for cache in stems for array in cache.arrays], mesh)
        n_bytes = sum(array.nbytes for cache in used for array in cache.arrays)
        where = "the memory of each device" if mesh else "the device's memory"
        logging.info("Loaded %.2f GB of log-mels into %s.", n_bytes / 1e9, where)

    def batch(self, draw):
        """Cut the crops of a `mscol.pairs.Draw`, and return the minibatch that the network takes."""
        drawn = {
            "anchors": draw.anchor_frames.astype(np.int32),
            "positives": (draw.positive_frames + self._first_frames[draw.source]).astype(np.int32),
            "absent": draw.absent,
            **draw.augmentation,
        }
        drawn = bring_to_device(drawn, self._mesh)
        return drawn | {
            "anchors": cut_crops(self._mixtures, drawn["anchors"]),
            "positives": cut_crops(self._stems, drawn["positives"]),
        }
