"""Bring minibatches to the network: gathered on the host ahead of need, or cut on the device."""

import logging
import time

import numpy as np

from mscol.model import load_on_device
from mscol.parallel import ordered_map


class Feed:
    """Make the minibatches of a run.

    Parameters
    ----------
    sampler : PairSampler
    cache_on : str
        ``disk``: crops are gathered from the memory-mapped cache, on threads. ``device``: the cache lies in
        the device's memory, and only places go there. Both give the same minibatches.
    threads : int
        How many make minibatches ahead of need.

    Attributes
    ----------
    seconds_waited : float
        How long whoever takes minibatches has waited for them.
    """

    def __init__(self, sampler, cache_on="disk", threads=1):
        self._make = sampler.batch if cache_on == "disk" else DeviceCache.of(sampler).batch
        self._threads = threads
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


class DeviceCache:
    """The mel cache in the device's memory.

    Parameters
    ----------
    draw : callable
        Of a number; returns a `mscol.pairs.Draw`.
    mixtures : tensor, shape=(n_frames, 64)
    stems : tensor, shape=(n_frames, 64)
        The caches of all sources, one after another.
    first_frames : dict of int
        Where in ``stems`` each source starts.
    """

    def __init__(self, draw, mixtures, stems, first_frames):
        self._draw, self._mixtures, self._stems = draw, mixtures, stems
        self._first_frames = first_frames

    @classmethod
    def of(cls, sampler):
        """Load the caches of a sampler; the mixtures once, if positives come from them, too."""
        caches = [sampler.positives[source] for source in sampler.sources]
        sizes = [sum(map(len, cache.arrays)) for cache in caches]
        first_frames = dict(zip(sampler.sources, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        mixtures = load_on_device(sampler.mixtures.arrays)
        if caches == [sampler.mixtures]:
            stems = mixtures
        else:
            stems = load_on_device([array for cache in caches for array in cache.arrays])
        loaded = [mixtures] if stems is mixtures else [mixtures, stems]
        used = [sampler.mixtures] if stems is mixtures else [sampler.mixtures, *caches]
        n_bytes = sum(array.nbytes for cache in used for array in cache.arrays)
        logging.info("%.2f GB of log-mels lie in the device's memory.", n_bytes / 1e9)
        return cls(sampler.draw, mixtures, stems, first_frames)

    def batch(self, number):
        """Say where the device is to cut the minibatch of a number: a dict as the network takes it."""
        draw = self._draw(number)
        return {
            "mixtures": self._mixtures,
            "stems": self._stems,
            "anchor_frames": draw.anchor_frames.astype(np.int32),
            "positive_frames": (draw.positive_frames + self._first_frames[draw.source]).astype(np.int32),
            "absent": draw.absent,
            **draw.augmentation,
        }
