"""The table of segments: the position of each in the mel cache, and the sources that are active in it."""

import hashlib

import numpy as np

from mscol.errors import ConfigError
from mscol.mels import CROP_FRAMES, SEGMENT_FRAMES, count_segments

MIXTURE = "mixture"  # stands for the only source of an empty source set
ACTIVITY_SUFFIXES = {"aligned": "", "reference": "_reference"}  # activity_windows -> columns of the cache


def activity_columns(sources, windows):
    """Return the columns of the activity table that determine whether sources are active.

    >>> activity_columns(["bass"], "aligned"), activity_columns(["bass"], "reference")
    ({'bass': 'bass'}, {'bass': 'bass_reference'})

    Raises
    ------
    ConfigError
        If ``windows`` is neither ``aligned`` nor ``reference``.
    """
    if windows not in ACTIVITY_SUFFIXES:
        raise ConfigError(
            f"activity_windows: {windows!r} is unknown. Use one of {', '.join(ACTIVITY_SUFFIXES)}."
        )
    return {source: source + ACTIVITY_SUFFIXES[windows] for source in sources}


def segment_table(clips, mixture_clips, stem_clips=None, activity=None, columns=None, threshold=0.0):
    """List the segments of clips.

    Clips missing from a cache have no segments. A clip shorter than a segment is one segment of the clip's
    length.

    Parameters
    ----------
    clips : sequence of str
        Ids of the clips of a split.
    mixture_clips, stem_clips : pd.DataFrame
        Columns clip, first_frame, n_frames of the cached mixtures and stems (`MelCache.clips`);
        ``stem_clips`` is None for an empty source set.
    activity : pd.DataFrame, optional
        Columns clip, segment and those named by ``columns`` (`cache.read_activity`).
    columns : dict, optional
        For each source, its column in ``activity`` (`activity_columns`).
    threshold : float
        Mean \\|x\\| that an active source exceeds in a segment.

    Returns
    -------
    pd.DataFrame
        One row per segment, sorted by clip and segment: clip, segment; anchor_frame and positive_frame, the
        segment's first frame in the caches of mixtures and of stems; n_frames; and for each source
        (``mixture`` if there is none) a bool column, whether it is active.
    """
    found = _common_clips(clips, mixture_clips, stem_clips)
    counts = found["n_segments"].to_numpy()
    table = found.loc[found.index.repeat(counts)].reset_index(drop=True)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    table["segment"] = np.arange(len(table)) - starts
    for column in ("anchor_frame", "positive_frame"):
        table[column] += table["segment"] * SEGMENT_FRAMES
    table["n_frames"] = np.minimum(table["n_frames"], SEGMENT_FRAMES)
    table = table[["clip", "segment", "anchor_frame", "positive_frame", "n_frames"]]
    if not columns:
        return table.assign(**{MIXTURE: True})
    magnitudes = table[["clip", "segment"]].merge(activity, on=["clip", "segment"], how="left")
    active = {
        source: (magnitudes[column].astype(float) > threshold).to_numpy()
        for source, column in columns.items()
    }
    return table.assign(**active)


def fingerprint(tables, samples):
    """Compute a digest of the data that pairs are drawn from: equal for equal clips, lengths, activity and audio, wherever cached.

    Parameters
    ----------
    tables : sequence of pd.DataFrame
        From `segment_table`.
    samples : sequence of np.ndarray
        One frame of each clip of each cache, in the order of clips (`MelCache.sample`). Log-mels are
        normalised by the whole clip, so any change of a clip's audio changes all its frames. In recordings
        longer than ``mels/normalise_seconds``, only a change near the middle does.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for table in tables:
        rows = table.drop(columns=["anchor_frame", "positive_frame"])
        digest.update(rows.to_csv(index=False, lineterminator="\n").encode())
    for sample in samples:
        digest.update(np.ascontiguousarray(sample).data)
    return digest.hexdigest()[:32]


def _common_clips(clips, mixture_clips, stem_clips):
    """List the clips that are in all caches, with anchor_frame, positive_frame, n_frames and n_segments."""
    found = mixture_clips[mixture_clips["clip"].isin(clips)].rename(columns={"first_frame": "anchor_frame"})
    if stem_clips is None:
        found = found.assign(positive_frame=found["anchor_frame"])
    else:
        stems = stem_clips.rename(columns={"first_frame": "positive_frame", "n_frames": "stem_frames"})
        found = found.merge(stems, on="clip")
        # Resampled stems may lack the last frame of their mixture.
        found["n_frames"] = np.minimum(found["n_frames"], found["stem_frames"])
    found = found[found["n_frames"] >= CROP_FRAMES].sort_values("clip", ignore_index=True)
    return found.assign(n_segments=count_segments(found["n_frames"]))
