"""Which crops of a dataset are embedded, and in what order."""

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
    """Which crops of a split are embedded, and in what order.

    Attributes
    ----------
    first_frames : np.ndarray, int, shape=(n_segments, K) or (n_windows,)
        Where each crop starts, counted as `MelCache.clips` counts.
    index : pd.DataFrame
        Says which row is what: columns clip, segment (a row a segment), or for test clips clip,
        first_window, n_windows (a row a clip).
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
        logging.warning("%s: %d of %d clips are not in the mel cache.", split, n_missing, len(wanted))
    if (present["n_frames"] < CROP_FRAMES).any():
        short = present.loc[present["n_frames"] < CROP_FRAMES, "clip"].iloc[0]
        raise CacheError(
            f"clip {short}: shorter than one crop of {CROP_FRAMES} frames; make the mel cache again"
        )
    return present


def draw_crops(present, crops_per_segment, seed, split, framing=FRAMINGS["mscol"]):
    """Draw crops of each segment of the given clips.

    Segments have 392 frames, hop 392; a clip with fewer than two is one segment of its whole length,
    so that the crops of an NSynth note (398 frames) are crops of the note (METHOD, "Downstream").

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames; sorted by clip, so that nothing depends on the order of files.
    crops_per_segment : int
    seed : int
    split : str
        Goes into the generator's seed: what one split draws does not depend on another.
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
    """List the segments of clips, and where crops of each may begin.

    Parameters
    ----------
    present : pd.DataFrame
        clip, first_frame, n_frames.
    framing : mscol.mels.framing.Framing

    Returns
    -------
    table : pd.DataFrame
        clip and segment (counted within the clip); a row a segment.
    first_frame : np.ndarray, shape=(n_segments,), int
        Of each segment, counted as in ``present``.
    latest : np.ndarray, shape=(n_segments,), int
        The last frame of the segment, counted within it, at which a crop may begin.
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
    """Make the generator of one split: what it draws does not depend on other splits."""
    return np.random.default_rng([seed, zlib.crc32(split.encode())])


def window_crops(present, framing=FRAMINGS["mscol"]):
    """List the windows of 98 frames of whole clips, one after the other.

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
    """Make the table of test clips: clip, first_window, n_windows."""
    return pd.DataFrame(
        {"clip": clips, "first_window": np.cumsum(n_windows) - n_windows, "n_windows": n_windows}
    )


def _count_within(lengths):
    """0, 1, ... within each of consecutive groups: [2, 3] gives [0, 1, 0, 1, 2]."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
