"""Choose the crops of a dataset that are embedded, and their order."""

import logging
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.mels import CROP_FRAMES
from mscol.mels.framing import FRAMINGS


@dataclass(frozen=True)
class Crops:
    """The crops of a split that are embedded, in order.

    Attributes
    ----------
    first_frames : np.ndarray, int, shape=(n_segments, K) or (n_windows,)
        First frame of each crop, counted as in `MelCache.clips`.
    index : pd.DataFrame
        Meaning of the rows: columns clip and segment (one row per segment), or for test clips clip, first_window and
        n_windows (one row per clip).
    """

    first_frames: np.ndarray
    index: pd.DataFrame


def select_clips(cached, clips, split):
    """Return the clips of one split that are in the cache, sorted by their id.

    Parameters
    ----------
    cached : pd.DataFrame
        `MelCache.clips`: clip, first_frame, n_frames.
    clips : pd.DataFrame
        The manifest: id, split.
    split : str

    Returns
    -------
    pd.DataFrame
        Rows of ``cached``.
    """
    wanted = clips.loc[clips["split"] == split, "id"]
    present = cached[cached["clip"].isin(wanted)].sort_values("clip", ignore_index=True)
    if len(present) < len(wanted):
        n_missing = len(wanted) - len(present)
        logging.warning(
            "%s: %d of %d clips are missing from the mel cache and are left out.",
            split, n_missing, len(wanted),
        )  # fmt: skip
    if (present["n_frames"] < CROP_FRAMES).any():
        short = present.loc[present["n_frames"] < CROP_FRAMES, "clip"].iloc[0]
        raise CacheError(
            f"clip {short}: shorter than one crop of {CROP_FRAMES} frames. Recompute the mel cache."
        )
    return present


def draw_crops(present, crops_per_segment, seed, split, framing=FRAMINGS["mscol"]):
    """Draw random crops of each segment of the given clips.

    Segments have 392 frames and do not overlap. A clip with room for only one is one segment of its whole length, so that
    crops of an NSynth note (398 frames) cover the whole note (METHOD, "Downstream").

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames; sorted by clip, so that the result does not depend on the order of files.
    crops_per_segment : int
    seed : int
    split : str
        Part of the generator's seed: the crops of one split do not depend on another split.
    framing : mscol.mels.framing.Framing

    Returns
    -------
    Crops
        ``first_frames`` of shape (n_segments, crops_per_segment).
    """
    table, first_frame, latest = list_segments(present, framing)
    offsets = split_generator(seed, split).integers(
        0, latest[:, None], size=(len(table), crops_per_segment), endpoint=True
    )
    return Crops(first_frame[:, None] + offsets, table)


def list_segments(present, framing=FRAMINGS["mscol"]):
    """List the segments of clips and the frames at which their crops may begin.

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames.
    framing : mscol.mels.framing.Framing

    Returns
    -------
    table : pd.DataFrame
        clip and segment (counted within the clip); one row per segment.
    first_frame : np.ndarray, shape=(n_segments,), int
        First frame of each segment, counted as in ``present``.
    latest : np.ndarray, shape=(n_segments,), int
        Last frame at which a crop may begin, counted within the segment.
    """
    n_frames = present["n_frames"].to_numpy(np.int64)
    n_segments = framing.count_segments(n_frames)
    clip = np.repeat(np.arange(len(present)), n_segments)
    segment = _count_within(n_segments)
    start = segment * framing.segment_frames
    left = n_frames[clip] - start
    length = np.where(n_segments[clip] == 1, left, np.minimum(left, framing.segment_frames))
    first_frame = present["first_frame"].to_numpy(np.int64)[clip] + start
    table = pd.DataFrame({"clip": present["clip"].to_numpy()[clip], "segment": segment})
    return table, first_frame, length - CROP_FRAMES


def split_generator(seed, split):
    """Return the random generator of one split; its draws do not depend on other splits."""
    return np.random.default_rng([seed, zlib.crc32(split.encode())])


def window_crops(present, framing=FRAMINGS["mscol"]):
    """List the consecutive windows of 98 frames of whole clips.

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames.
    framing : mscol.mels.framing.Framing

    Returns
    -------
    Crops
        ``first_frames`` of shape (n_windows,).
    """
    n_windows = framing.count_windows(present["n_frames"].to_numpy(np.int64))
    first_frame = np.repeat(present["first_frame"].to_numpy(np.int64), n_windows)
    return Crops(
        first_frame + framing.window_starts(_count_within(n_windows)),
        index_windows(present["clip"], n_windows),
    )


def index_windows(clips, n_windows):
    """Return the table of test clips: clip, first_window, n_windows."""
    return pd.DataFrame(
        {"clip": clips, "first_window": np.cumsum(n_windows) - n_windows, "n_windows": n_windows}
    )


def _count_within(lengths):
    """Count from 0 within each of consecutive groups: [2, 3] gives [0, 1, 0, 1, 2]."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
