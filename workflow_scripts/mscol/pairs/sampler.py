"""Draw minibatches of pairs from the mel cache."""

from typing import NamedTuple

import numpy as np

from mscol.errors import TrainingError
from mscol.jobs.parallel import ordered_map
from mscol.mels import CROP_FRAMES, N_MELS
from mscol.pairs.augmentation import SHARED, draw_augmentation, overlap

FEWEST_PAIRS = 2  # with a single pair there is nothing to tell apart, and the loss is 0 for any encoder
SILENT_SHARE = 0.5  # how often a minibatch of a `-silent` model holds silent segments, too (METHOD)


class Draw(NamedTuple):
    """Which pairs a minibatch holds.

    Attributes
    ----------
    source : str
        What all its positives are cropped from.
    anchor_frames, positive_frames : np.ndarray, shape=(n_pairs,), int
        First frames of the crops, in the cache of mixtures and in that of the source.
    absent : np.ndarray, shape=(n_pairs,), bool
        The source is not there: this pair has no positive.
    augmentation : dict of np.ndarray
        From `draw_augmentation`, for anchors and then positives; empty where crops stay as they are.
    """

    source: str
    anchor_frames: np.ndarray
    positive_frames: np.ndarray
    absent: np.ndarray
    augmentation: dict


class PairSampler:
    """Draw minibatches of pairs, each from a random generator of its own.

    A minibatch is a function of (seed, stream, number) alone: it depends neither on those before it nor
    on the order of files, so that minibatches can be made ahead on threads, and a run can go on from any
    of them. For each, one source is drawn uniformly, then `n_pairs` of the segments in which it is
    active: without replacement within the minibatch, and independently of other minibatches, as
    MSCOL_SMC23 pretraining.py does. So there are no epochs.

    Parameters
    ----------
    segments : pd.DataFrame
        From `segment_table`.
    mixtures : MelCache
        What anchors are cropped from.
    positives : dict of MelCache
        For each source, what its positives are cropped from. Its keys are the source set.
    batch_size : int
        The most pairs of a minibatch. All minibatches hold the same number, `n_pairs`: no more than
        the source with the fewest active segments has.
    seed : int
    stream : int
        Keeps apart what is drawn under one seed: training and validation, say.
    name : str
        What the segments are, for messages: "training".
    threshold : float, optional
        Which mean \\|x\\| made segments active, for messages.
    silent : bool
        Every second minibatch, by chance, is drawn from all segments; a positive whose source is not active
        there is absent.
    random : bool
        The positive comes from another clip: any of its segments that qualifies, with replacement.
    in_turn : bool
        Sources, and with ``silent`` both kinds of minibatches, come in turn instead of by chance.
    masks : str, optional
        Augment crops, with ``independent`` masks or with ``shared`` ones (`overlap`).

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
        # How many crops a segment holds: one more than the frames that a crop leaves free
        self._n_crops = segments["n_frames"].to_numpy() - CROP_FRAMES + 1

    def draw(self, number):
        """Draw which pairs the minibatch of a number, from 0, holds: a `Draw`."""
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
        """Say how many minibatches, so many or a few more, hold each source and kind equally often, where they come in turn."""
        turn = len(self.sources) * (2 if self._silent else 1)
        return -(-n_batches // turn) * turn

    def batch(self, number):
        """Draw the minibatch of a number, from 0, and gather its crops from the cache.

        Returns
        -------
        dict of np.ndarray
            anchors and positives, shape=(n_pairs, 98, 64, 1), float32; absent, shape=(n_pairs,), bool: this
            pair has no positive, whatever ``positives`` holds for it; and what `Draw.augmentation` has.
        """
        draw = self.draw(number)
        # Together, because NumPy asks the kernel for large pages from 4 MB on: without them to fill new memory takes longest here.
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
        """Draw the minibatches of some numbers, in their order and ahead of need on threads.

        Parameters
        ----------
        numbers : iterable of int
        workers : int
            Threads.

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
        """Draw for each place one of those of other clips, all equally likely."""
        starts, sizes = self._starts[places], self._sizes[places]
        # Numbered as if the clip's own places were taken out
        drawn = random.integers(len(self.rows) - sizes)
        return np.where(drawn < starts, drawn, drawn + sizes)


def _objection(pool, n_segments, name, threshold, random):
    """Say why pairs cannot be drawn from the segments in which a source is active ("" if they can)."""
    n_active, needed = len(pool.rows), f"a minibatch takes {FEWEST_PAIRS}"
    if n_active < FEWEST_PAIRS and threshold is None:
        return f"there are {n_active} {name} segments, and {needed}; add {name} clips"
    if n_active < FEWEST_PAIRS:
        return (
            f"active in {n_active} of {n_segments} {name} segments at activity_threshold {threshold:g}, and {needed}; "
            f"lower activity_threshold, add {name} clips in which it plays, or use a model without it"
        )
    if random and pool.n_clips < 2:
        return f"active in a single {name} clip, and -random takes positives from another one; add clips"
    return ""
