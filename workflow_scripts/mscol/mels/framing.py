"""Framing of a clip, which differs between the two papers: as a whole, or in slices of five seconds.

MSCOL divides the whole clip by its L2 norm. It trains on segments of 392 frames and evaluates test clips in consecutive
windows of 98 frames. CVSM cuts a clip into slices of 5 s, each divided by its own norm. A slice has 498 frames
and five windows, which start 100 frames apart.
"""

from typing import NamedTuple

import numpy as np

from mscol.io.audio import ANALYSIS_RATE
from mscol.mels.spectrogram import (
    CROP_FRAMES,
    HOP_SAMPLES,
    SEGMENT_FRAMES,
    SHORTEST_SAMPLES,
    WINDOW_SAMPLES,
    count_segments,
    log_mel,
)
from mscol.papers import paper_of


class Framing(NamedTuple):
    """How the encoders of a paper split a clip.

    Attributes
    ----------
    slice_seconds : int or None
        Length of the slices that are divided by their own norm; None for the whole clip.
    segment_frames : int
        Frames of a segment, from which training crops are drawn; with slices, the frames of a slice.
    hop_frames : int
        Distance between the starts of consecutive windows in a segment.
    """

    slice_seconds: int | None
    segment_frames: int
    hop_frames: int

    @property
    def hop_seconds(self):
        """Return the distance between the starts of consecutive windows in the clip."""
        return self.hop_frames * HOP_SAMPLES / ANALYSIS_RATE

    def log_mel(self, waveform, normalise_seconds=None):
        """Compute the log-mels that windows and crops of a clip are cut from.

        Slices end with the last second that contains part of the clip, so that no window consists only of the zeros that
        pad the last slice. If the last slice contains less than a second of the clip, it is not used.

        Parameters
        ----------
        waveform : np.ndarray, shape=(n_samples,)
            16 kHz.
        normalise_seconds : float, optional
            As for `mscol.mels.log_mel`; not used for slices.

        Returns
        -------
        np.ndarray, shape=(n_frames, 64), float32
        """
        if self.slice_seconds is None:
            return log_mel(waveform, normalise_seconds)
        whole, rest = divmod(len(waveform), self.slice_seconds * ANALYSIS_RATE)
        n_frames = whole * self.segment_frames
        if rest >= SHORTEST_SAMPLES:
            hop_samples = self.hop_frames * HOP_SAMPLES
            n_frames += (-(-rest // hop_samples) - 1) * self.hop_frames + CROP_FRAMES
        return log_mel(waveform, slice_seconds=self.slice_seconds)[:n_frames]

    def count_segments(self, n_frames):
        """Count the segments of clips.

        A shorter last slice counts. A shorter last segment counts only if it is the whole clip.

        Parameters
        ----------
        n_frames : int, or np.ndarray of int

        Returns
        -------
        np.ndarray of int
        """
        n_frames = np.asarray(n_frames)
        if self.slice_seconds is None:
            return count_segments(n_frames)
        return -(-n_frames // self.segment_frames)

    def count_windows(self, n_frames):
        """Count the windows of clips; no window spans two slices.

        >>> [int(FRAMINGS[paper].count_windows(2910)) for paper in ("mscol", "cvsm")]
        [29, 29]
        """
        whole, rest = np.divmod(np.asarray(n_frames), self.segment_frames)
        return whole * self._windows_in(self.segment_frames) + self._windows_in(rest)

    def window_starts(self, numbers):
        """Return the first frame in the clip of each window, given the window's number in the clip."""
        segment, window = np.divmod(numbers, self._windows_in(self.segment_frames))
        return segment * self.segment_frames + window * self.hop_frames

    def _windows_in(self, n_frames):
        return np.maximum(0, (n_frames - CROP_FRAMES) // self.hop_frames + 1)


SLICE_SECONDS = 5
_SLICE_FRAMES = 1 + (SLICE_SECONDS * ANALYSIS_RATE - WINDOW_SAMPLES) // HOP_SAMPLES
FRAMINGS = {
    "mscol": Framing(None, SEGMENT_FRAMES, CROP_FRAMES),
    "cvsm": Framing(SLICE_SECONDS, _SLICE_FRAMES, ANALYSIS_RATE // HOP_SAMPLES),
}


def framing_of(model):
    """Look up the framing of an encoder or a classifier by the paper in its name."""
    return FRAMINGS[paper_of(model)]
