"""Bring minibatches to the network: gathered on the host ahead of need, or cut on the device."""

import logging
import time

import numpy as np

from mscol.jobs.parallel import ordered_map
from mscol.model import bring_to_device, load_on_device


class Feed:
    """Make the minibatches of a run.

    Parameters
    ----------
    sampler : PairSampler
    threads : int
        How many make minibatches ahead of need.
    on_device : DeviceCache, optional
        Cut crops there; otherwise they are gathered from the memory-mapped cache. Both give the same
        minibatches.

    Attributes
    ----------
    seconds_waited : float
        How long whoever takes minibatches has waited for them.
    """

    def __init__(self, sampler, threads=1, on_device=None):
        self._sampler, self._threads, self._on_device = sampler, threads, on_device
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
            return bring_to_device(self._on_device.places(self._sampler.draw(number)))
        return bring_to_device(self._sampler.batch(number))


class DeviceCache:
    """The mel cache in the device's memory.

    Parameters
    ----------
    sampler : PairSampler
        Whose caches are loaded; the mixtures once, if positives come from them, too.
    """

    def __init__(self, sampler):
        caches = [sampler.positives[source] for source in sampler.sources]
        sizes = [sum(map(len, cache.arrays)) for cache in caches]
        # In the tensor of all stems, those of one source lie after those of another
        self._first_frames = dict(zip(sampler.sources, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        self._mixtures = self._stems = load_on_device(sampler.mixtures.arrays)
        used = [sampler.mixtures]
        if caches != used:
            self._stems = load_on_device([array for cache in caches for array in cache.arrays])
            used += caches
        n_bytes = sum(array.nbytes for cache in used for array in cache.arrays)
        logging.info("%.2f GB of log-mels lie in the device's memory.", n_bytes / 1e9)

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
