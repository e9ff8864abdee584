"""Batches of an epoch, for heads and classifiers."""

import mmap

import keras
import numpy as np

from mscol.io.arrays import advise
from mscol.mels import CROP_FRAMES
from mscol.scores.labels import check_not_empty

_BATCHES_PER_RELEASE = 64


class ShuffledSegments(keras.utils.PyDataset):
    """Batches of an epoch: every segment once, in shuffled order, as one random crop.

    The last batch may be smaller. Order and crops are drawn for each epoch from ``seed`` and the number of the epoch.
    Subclasses draw the crops (``draw_crops``) and read them (``gather``).

    Parameters
    ----------
    rows : np.ndarray, int
        The segments to use.
    targets : np.ndarray, shape=(n_segments, ...)
        Targets of all segments.
    batch_size : int
    seed : int
    """

    def __init__(self, rows, targets, batch_size, seed):
        super().__init__()
        check_not_empty(rows, "training")
        self.rows, self.targets = rows, targets
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0
        self._draw()

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, batch):
        chosen = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
        segments = self.segments[chosen]
        return self.gather(batch, segments, self.crops[chosen]), self.targets[segments]

    def start_again(self):
        """Restart from the first epoch, so that another model gets the same batches."""
        self.epoch = 0
        self._draw()

    def on_epoch_begin(self):
        """Draw the order of the segments and a crop of each. Keras calls this before each epoch."""
        self.epoch += 1
        self._draw()

    def _draw(self):
        generator = np.random.default_rng([self.seed, self.epoch])
        self.segments = self.rows[generator.permutation(len(self.rows))]
        self.crops = self.draw_crops(generator, self.segments)


class DrawnCrops(ShuffledSegments):
    """Segments as one of their K embedded crops.

    Parameters
    ----------
    embeddings : np.ndarray, shape=(n_segments, K, D)
        Memory-mapped or not.
    targets : np.ndarray, shape=(n_segments, ...)
    batch_size : int
    seed : int
    rows : np.ndarray, int, optional
        The segments to use; all by default.
    """

    def __init__(self, embeddings, targets, batch_size, seed, rows=None):
        self.embeddings = embeddings
        # A crop is 5 kB. Without this the kernel would read 128 kB around each.
        advise(embeddings, mmap.MADV_RANDOM)
        super().__init__(np.arange(len(embeddings)) if rows is None else rows, targets, batch_size, seed)

    def draw_crops(self, generator, segments):
        """Draw one of the K crops of each segment."""
        return generator.integers(self.embeddings.shape[1], size=len(segments))

    def gather(self, batch, segments, crops):
        """Read embeddings: (n, D)."""
        _release_sometimes(self.embeddings, batch)
        return self.embeddings[segments, crops]


class FreshCrops(ShuffledSegments):
    """Segments as any crop of 98 frames, cut from the mel cache.

    Parameters
    ----------
    cache : mscol.mels.cache.MelCache
    first_frames, latest : np.ndarray, shape=(n_segments,), int
        First frame of each segment, and the last frame at which a crop may begin (`mscol.embeddings.list_segments`).
    targets : np.ndarray, shape=(n_segments, ...)
    batch_size : int
    seed : int
    rows : np.ndarray, int
        The segments to use.
    """

    def __init__(self, cache, first_frames, latest, targets, batch_size, seed, rows):
        self.cache, self.first_frames, self.latest = cache, first_frames, latest
        super().__init__(rows, targets, batch_size, seed)

    def draw_crops(self, generator, segments):
        """Draw the frame of its segment at which each crop begins."""
        return generator.integers(0, self.latest[segments], endpoint=True)

    def gather(self, batch, segments, crops):
        """Cut log-mels: (n, 98, 64, 1)."""
        return self.cache.crops(self.first_frames[segments] + crops, CROP_FRAMES)[..., None]


class AllCrops(keras.utils.PyDataset):
    """Batches of all crops of all segments, in order.

    Parameters
    ----------
    n_crops : int
        K.
    targets : np.ndarray, shape=(n_segments, ...)
    batch_size : int
        Approximate number of crops; a batch holds all crops of its segments.
    """

    def __init__(self, n_crops, targets, batch_size):
        super().__init__()
        check_not_empty(targets, "validation")
        self.targets = targets
        self.batch_segments = max(1, batch_size // n_crops)

    def __len__(self):
        return -(-len(self.targets) // self.batch_segments)

    def __getitem__(self, batch):
        chosen = slice(batch * self.batch_segments, (batch + 1) * self.batch_segments)
        crops = self.gather(batch, chosen)
        targets = self.targets[chosen]
        return crops, np.repeat(targets, len(crops) // len(targets), axis=0)


class AllEmbeddings(AllCrops):
    """All K embedded crops of all segments, shape (n_segments, K, D)."""

    def __init__(self, embeddings, targets, batch_size):
        self.embeddings = embeddings
        super().__init__(embeddings.shape[1], targets, batch_size)

    def gather(self, batch, chosen):
        """Read embeddings: (n, D)."""
        _release_sometimes(self.embeddings, batch)
        crops = np.array(self.embeddings[chosen])
        return crops.reshape(-1, crops.shape[-1])


class AllLogMels(AllCrops):
    """All crops of a mel cache that begin at ``first_frames``, shape (n_segments, K)."""

    def __init__(self, cache, first_frames, targets, batch_size):
        self.cache, self.first_frames = cache, first_frames
        super().__init__(first_frames.shape[1], targets, batch_size)

    def gather(self, batch, chosen):
        """Cut log-mels: (n, 98, 64, 1)."""
        return self.cache.crops(self.first_frames[chosen].reshape(-1), CROP_FRAMES)[..., None]


def _release_sometimes(array, batch):
    if batch % _BATCHES_PER_RELEASE == 0:
        advise(array, mmap.MADV_DONTNEED)
