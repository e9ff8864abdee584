"""Draw minibatches of pairs from the mel cache."""

from typing import NamedTuple

import numpy as np

from mscol.errors import TrainingError
from mscol.jobs.parallel import ordered_map
from mscol.mels import CROP_FRAMES, N_MELS
from mscol.pairs.augmentation import SHARED, draw_augmentation, overlap

FEWEST_PAIRS = 2  # with a single pair, the loss is 0 for any encoder
SILENT_SHARE = 0.5  # probability that a minibatch of a `-silent` model includes silent segments (METHOD)


class Draw(NamedTuple):
    """The pairs of a minibatch.

    Attributes
    ----------
    source : str
        Source that all its positives are cropped from.
    anchor_frames, positive_frames : np.ndarray, shape=(n_pairs,), int
        First frames of the crops, in the cache of mixtures and in that of the source.
    absent : np.ndarray, shape=(n_pairs,), bool
        True if the source is absent: the pair has no positive.
    augmentation : dict of np.ndarray
        From `draw_augmentation`, for anchors and then positives; empty without augmentation.
    """

    source: str
    anchor_frames: np.ndarray
    positive_frames: np.ndarray
    absent: np.ndarray
    augmentation: dict


class PairSampler:
    """Draw minibatches of pairs, each with its own random generator.

    A minibatch depends only on (seed, stream, number), not on earlier minibatches or
    on the order of files. So threads can prepare minibatches in advance, and a run can resume from any
    of them. For each minibatch, one source is drawn uniformly, then `n_pairs` of the segments in which it is
    active: without replacement within the minibatch, and independently of other minibatches, as in
    MSCOL_SMC23 pretraining.py. So there are no epochs.

    Parameters
    ----------
    segments : pd.DataFrame
        From `segment_table`.
    mixtures : MelCache
        Cache that anchors are cropped from.
    positives : dict of MelCache
        For each source, the cache that its positives are cropped from. Its keys are the source set.
    batch_size : int
        Maximum number of pairs of a minibatch. All minibatches have the same number, `n_pairs`, which is at most the
        number of active segments of any source.
    seed : int
    stream : int
        Separates the draws under one seed, for example training and validation.
    name : str
        Name of the split in messages: "training".
    threshold : float, optional
        Minimum mean \\|x\\| of active segments, for messages.
    silent : bool
        On average, draw every second minibatch from all segments; a positive whose source is not active
        there is absent.
    random : bool
        Take the positive from another clip: any of its qualifying segments, with replacement.
    in_turn : bool
        Use sources, and with ``silent`` both kinds of minibatches, in turn instead of at random.
    masks : str, optional
        Augment crops, with ``independent`` or ``shared`` masks (`overlap`).

    Raises
    ------
    TrainingError
        If a source has fewer than two active segments, or with ``random`` fewer than two clips.
    """

    def __init__(
        self,
        segments,
        mixtures,
        positives,
        batch_size,
        seed,
        stream=0,
        name="training",
        threshold=None,
        silent=False,
        random=False,
        in_turn=False,
        masks=None,
    ):
        self.sources = sorted(positives)
        self.mixtures, self.positives = mixtures, positives
        self._active = {source: segments[source].to_numpy(bool) for source in self.sources}
        self._pools = {
            source: _Pool(np.flatnonzero(active), segments) for source, active in self._active.items()
        }
        for source, pool in self._pools.items():
            if objection := _objection(pool, len(segments), name, threshold, random):
                raise TrainingError(f"{source}: {objection}")
        self._everything = _Pool(np.arange(len(segments)), segments)
        self.n_pairs = min(batch_size, *(len(pool.rows) for pool in self._pools.values()))
        self._seeds = (seed, stream)
        self._silent, self._random, self._masks = silent, random, masks
        self._in_turn = in_turn
        self._anchor_frames = segments["anchor_frame"].to_numpy()
        self._positive_frames = segments["positive_frame"].to_numpy()
        # Number of possible crops in a segment
        self._n_crops = segments["n_frames"].to_numpy() - CROP_FRAMES + 1

    def draw(self, number):
        """Draw the pairs of minibatch ``number``, counted from 0: a `Draw`."""
        random = np.random.default_rng([*self._seeds, number])
        source, of_all = self._take_turn(number) if self._in_turn else self._draw_kind(random)
        pool = self._everything if of_all else self._pools[source]
        places = random.choice(len(pool.rows), self.n_pairs, replace=False)
        anchors = pool.rows[places]
        positives = pool.rows[pool.draw_from_other_clips(random, places)] if self._random else anchors
        anchor_offsets = random.integers(self._n_crops[anchors])
        positive_offsets = random.integers(self._n_crops[positives])
        augmentation = draw_augmentation(random, 2 * self.n_pairs) if self._masks else {}
        if self._masks == SHARED:
            augmentation["overlap"] = overlap(anchor_offsets, positive_offsets)
        return Draw(
            source,
            self._anchor_frames[anchors] + anchor_offsets,
            self._positive_frames[positives] + positive_offsets,
            ~self._active[source][positives],
            augmentation,
        )

    def round_up(self, n_batches):
        """Round up to a number of minibatches that has each source and kind equally often, if they come in turn."""
        turn = len(self.sources) * (2 if self._silent else 1)
        return -(-n_batches // turn) * turn

    def batch(self, number):
        """Draw minibatch ``number``, counted from 0, and gather its crops from the cache.

        Returns
        -------
        dict of np.ndarray
            anchors and positives, shape=(n_pairs, 98, 64, 1), float32; absent, shape=(n_pairs,), bool: this
            pair has no positive, regardless of its crop in ``positives``; and the arrays of `Draw.augmentation`.
        """
        draw = self.draw(number)
        # One allocation, because NumPy requests large pages from 4 MB on: without them, filling new memory takes most of the time.
        anchors, positives = np.empty((2, self.n_pairs, CROP_FRAMES, N_MELS), np.float32)
        self.mixtures.crops(draw.anchor_frames, CROP_FRAMES, out=anchors)
        self.positives[draw.source].crops(draw.positive_frames, CROP_FRAMES, out=positives)
        return {
            "anchors": anchors[..., None],
            "positives": positives[..., None],
            "absent": draw.absent,
            **draw.augmentation,
        }

    def batches(self, numbers, workers=1):
        """Draw the minibatches with the given numbers in order, in advance on threads.

        Parameters
        ----------
        numbers : iterable of int
        workers : int
            Number of threads.

        Yields
        ------
        dict of np.ndarray
            As from `batch`.
        """
        return ordered_map(self.batch, numbers, workers)

    def _draw_kind(self, random):
        source = self.sources[random.integers(len(self.sources))]
        return source, self._silent and random.random() < SILENT_SHARE

    def _take_turn(self, number):
        turn, place = divmod(number, len(self.sources))
        return self.sources[place], self._silent and turn % 2 == 1


class _Pool:
    """Segments to draw from, those of one clip next to each other.

    Attributes
    ----------
    rows : np.ndarray, shape=(n_segments,), int
        Rows of the table of segments, in its order.
    n_clips : int
    """

    def __init__(self, rows, segments):
        self.rows = rows
        clips = segments["clip"].to_numpy()[rows]
        starts = np.flatnonzero(np.r_[True, clips[1:] != clips[:-1]]) if len(rows) else np.empty(0, int)
        sizes = np.diff(np.r_[starts, len(rows)])
        self.n_clips = len(starts)
        self._starts, self._sizes = np.repeat(starts, sizes), np.repeat(sizes, sizes)

    def draw_from_other_clips(self, random, places):
        """Draw, for each position, a position of another clip, all with equal probability."""
        starts, sizes = self._starts[places], self._sizes[places]
        # Numbered as if the clip's own positions were removed
        drawn = random.integers(len(self.rows) - sizes)
        return np.where(drawn < starts, drawn, drawn + sizes)


def _objection(pool, n_segments, name, threshold, random):
    """Return why pairs cannot be drawn from the segments in which a source is active ("" if they can)."""
    n_active, needed = len(pool.rows), f"but a minibatch needs {FEWEST_PAIRS}"
    if n_active < FEWEST_PAIRS and threshold is None:
        return f"there are {n_active} {name} segments, {needed}. Add {name} clips."
    if n_active < FEWEST_PAIRS:
        return (
            f"active in {n_active} of {n_segments} {name} segments at activity_threshold {threshold:g}, {needed}. "
            f"Lower activity_threshold, add {name} clips in which it plays, or use a model without it."
        )
    if random and pool.n_clips < 2:
        return f"active in a single {name} clip, but -random takes positives from another clip. Add clips."
    return ""
