"""Measure how loud each stem is in each segment of a clip, which determines in pretraining whether a source is active."""

import numpy as np
import pandas as pd

from mscol.io.files import read_csv
from mscol.mels import HOP_SAMPLES, SEGMENT_FRAMES
from mscol.separation import STEMS

SEGMENT_SAMPLES = SEGMENT_FRAMES * HOP_SAMPLES  # 62,720: aligned with the log-mel segments
REFERENCE_SEGMENT_SAMPLES = 64_000  # step of the reference's energy windows (METHOD, "Stems")


def mean_magnitudes(waveform, n_segments, segment_samples):
    """Compute the mean of \\|x\\| over consecutive windows, which determines whether a source is active.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        A stem at 16 kHz, before normalisation.
    n_segments : int
    segment_samples : int
        Length and step of the windows: 62,720 samples to align with the log-mel segments, or the
        reference's 64,000, which drift away from them.

    Returns
    -------
    np.ndarray, shape=(n_segments,), float32
        The last window may be shorter; a window past the end counts as silent.
    """
    magnitudes = np.zeros(n_segments, np.float32)
    for segment in range(n_segments):
        window = waveform[segment * segment_samples : (segment + 1) * segment_samples]
        if len(window):
            magnitudes[segment] = np.abs(window).mean(dtype=np.float64)
    return magnitudes


def stem_magnitudes(waveforms, n_segments):
    """Compute the magnitudes of a clip's stems in both kinds of windows.

    Parameters
    ----------
    waveforms : dict of np.ndarray, shape=(n_samples,)
        Stems at 16 kHz, before normalisation.
    n_segments : int

    Returns
    -------
    pd.DataFrame
        One row per segment; columns as in `read_activity`, without clip.
    """
    magnitudes = pd.DataFrame({"segment": np.arange(n_segments)})
    for suffix, samples in (("", SEGMENT_SAMPLES), ("_reference", REFERENCE_SEGMENT_SAMPLES)):
        for stem, waveform in waveforms.items():
            magnitudes[stem + suffix] = mean_magnitudes(waveform, n_segments, samples)
    return magnitudes


def read_activity(paths):
    """Read the activity tables of many shards as one.

    Returns
    -------
    pd.DataFrame
        Columns clip, segment, then the mean \\|x\\| of each stem in that segment (``bass``, ...) and
        in the reference's drifting window of the same number (``bass_reference``, ...). Sorted.
    """
    tables = [table for table in map(read_csv, paths) if len(table)]
    if not tables:
        return activity_table([])
    return pd.concat(tables).sort_values(["clip", "segment"], ignore_index=True)


def activity_table(segments, stems=STEMS):
    """Concatenate the magnitudes of clips: clip, segment, each stem, each stem in the reference's windows."""
    columns = ["clip", "segment", *stems, *(f"{stem}_reference" for stem in stems)]
    return pd.concat(segments)[columns] if segments else pd.DataFrame(columns=columns)
