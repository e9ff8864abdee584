"""Draw minibatches of pairs from the mel cache."""

from typing import NamedTuple

import numpy as np

from mscol.errors import TrainingError
from mscol.mels import CROP_FRAMES
from mscol.parallel import ordered_map

FEWEST_PAIRS = 2  # with a single pair there is nothing to tell apart, and the loss is 0 for any encoder


class Batch(NamedTuple):
    """A minibatch of pairs, with the trailing axis that the encoder takes.

    Attributes
    ----------
    anchors, positives : np.ndarray, shape=(n_pairs, 98, 64, 1), float32
    absent : np.ndarray, shape=(n_pairs,), bool
        The source is not there: this pair has no positive, whatever ``positives`` holds for it.
    """

    anchors: np.ndarray
    positives: np.ndarray
    absent: np.ndarray


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

    Raises
    ------
    TrainingError
        If a source has fewer than two active segments.
    """

    def __init__(
        self, segments, mixtures, positives, batch_size, seed, stream=0, name="training", threshold=None
    ):
        self.sources = sorted(positives)
        self.active = {source: np.flatnonzero(segments[source]) for source in self.sources}
        for source, rows in self.active.items():
            if len(rows) < FEWEST_PAIRS:
                raise TrainingError(_too_few(source, len(rows), len(segments), name, threshold))
        self.n_pairs = min(batch_size, *map(len, self.active.values()))
        self._seeds = (seed, stream)
        self._mixtures, self._positives = mixtures, positives
        self._anchor_frames = segments["anchor_frame"].to_numpy()
        self._positive_frames = segments["positive_frame"].to_numpy()
        # How many crops a segment holds: one more than the frames that a crop leaves free
        self._n_crops = segments["n_frames"].to_numpy() - CROP_FRAMES + 1

    def batch(self, number):
        """Draw the minibatch of a number.

        Parameters
        ----------
        number : int
            From 0.

        Returns
        -------
        Batch
        """
        random = np.random.default_rng([*self._seeds, number])
        source = self.sources[random.integers(len(self.sources))]
        rows = random.choice(self.active[source], self.n_pairs, replace=False)
        anchor_offsets, positive_offsets = random.integers(self._n_crops[rows], size=(2, self.n_pairs))
        anchors = self._mixtures.crops(self._anchor_frames[rows] + anchor_offsets, CROP_FRAMES)
        positives = self._positives[source].crops(self._positive_frames[rows] + positive_offsets, CROP_FRAMES)
        absent = np.zeros(self.n_pairs, bool)
        return Batch(anchors[..., None], positives[..., None], absent)

    def batches(self, numbers):
        """Draw the minibatches of some numbers, in their order and ahead of need on a thread.

        Parameters
        ----------
        numbers : iterable of int

        Yields
        ------
        Batch
        """
        return ordered_map(self.batch, numbers, workers=1)


def _too_few(source, n_active, n_segments, name, threshold):
    needed = f"a minibatch takes {FEWEST_PAIRS}"
    if threshold is None:
        return f"{source}: there are {n_active} {name} segments, and {needed}; add {name} clips"
    return (
        f"{source}: active in {n_active} of {n_segments} {name} segments at activity_threshold "
        f"{threshold:g}, and {needed}; lower activity_threshold, add {name} clips in which it plays, or "
        "use a model without it"
    )
