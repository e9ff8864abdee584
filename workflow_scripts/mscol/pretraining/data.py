"""The data that a run trains and validates on."""

import logging
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mscol.datasets.listed import read_listed
from mscol.errors import CacheError, TrainingError
from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import HOP_SAMPLES, WINDOW_SAMPLES, count_segments
from mscol.mels.activity import read_activity
from mscol.mels.cache import MelCache
from mscol.mels.normalising import FILE, seconds_of
from mscol.pairs import MIXTURE, PairSampler, activity_columns, fingerprint, segment_table

TRAINING, VALIDATION = 0, 1  # streams of random numbers under one seed


@dataclass
class CacheFiles:
    """The files of a mel cache, one per shard, all lists in the same order of shards.

    Attributes
    ----------
    frames, index : list of paths
        Arrays and tables of the mixtures.
    stems : dict of list of paths
        Arrays of each source used; empty for a run on mixtures only.
    stems_index, activity : list of paths
        Tables of the stems and of their activity.
    """

    frames: list
    index: list
    stems: dict = field(default_factory=dict)
    stems_index: list = field(default_factory=list)
    activity: list = field(default_factory=list)


class PretrainingData(NamedTuple):
    """The data that a run trains and validates on.

    Attributes
    ----------
    training : PairSampler
    validation : PairSampler or None
        The same task, with sources in turn and as many pairs per minibatch as in training if the split has enough. None if the
        validation split has too few segments.
    n_segments : dict
        For each split, its number of segments and how many have each source active.
    fingerprint : str
        Digest of all segments and of their audio.
    clip_seconds : float
        Length of the training clips, which sets the level at which the encoder is used: 95 % of the clips that were
        divided by their own norm are at most this long, or it is the length to whose level longer recordings were scaled.
    """

    training: PairSampler
    validation: PairSampler | None
    n_segments: dict
    fingerprint: str
    clip_seconds: float


def load_data(files, clips, sources, settings, seed, options=None):
    """Open a mel cache for pretraining.

    Parameters
    ----------
    files : CacheFiles
    clips : str or os.PathLike
        Manifest: CSV with columns id and split (train, validation, test).
    sources : list of str
        Stems that positives come from; if empty, they come from the mixture.
    settings : dict
        Contains batch_size, activity_threshold, activity_windows, masks and, unless every clip was normalised as a whole,
        normalise_seconds.
    seed : int
    options : dict, optional
        How pairs are drawn: masked, silent, random (`mscol.config.models.Model.options`).

    Returns
    -------
    PretrainingData

    Raises
    ------
    TrainingError
        If a source has fewer than two active segments in the training split.
    CacheError
        If an array or a table is incomplete.
    """
    options = options or {}
    mixtures = MelCache.open(files.frames, files.index)
    stems = {source: MelCache.open(files.stems[source], files.stems_index) for source in sources}
    cached = {"mixture_clips": mixtures.clips}
    if sources:
        cached |= {
            "stem_clips": stems[sources[0]].clips,
            "activity": _whole_activity(files.activity, stems[sources[0]].clips),
            "columns": activity_columns(sources, settings["activity_windows"]),
            "threshold": settings["activity_threshold"],
        }
    manifest = read_listed(clips)
    tables = {
        split: segment_table(manifest.loc[manifest["split"] == split, "id"], **cached)
        for split in ("train", "validation")
    }
    positives = stems or {MIXTURE: mixtures}
    shared = {
        "mixtures": mixtures,
        "positives": positives,
        "batch_size": settings["batch_size"],
        "seed": seed,
        "threshold": cached.get("threshold"),
        "silent": options.get("silent", False),
        "random": options.get("random", False),
        "masks": settings["masks"] if options.get("masked") else None,
    }
    training = PairSampler(tables["train"], stream=TRAINING, name="training", **shared)
    return PretrainingData(
        training=training,
        validation=_validation_sampler(tables["validation"], shared | {"batch_size": training.n_pairs}),
        n_segments={split: _count_segments(table, positives) for split, table in tables.items()},
        fingerprint=fingerprint(tables.values(), [cache.sample() for cache in (mixtures, *stems.values())]),
        clip_seconds=_clip_seconds(mixtures.clips, tables["train"], settings.get("normalise_seconds", FILE)),
    )


def _clip_seconds(cached, segments, normalise):
    # Not the longest: one song among clips would decide. Not the median: clips of a dataset differ by a few samples.
    n_frames = np.quantile(cached.loc[cached["clip"].isin(segments["clip"]), "n_frames"], 0.95)
    longest = (n_frames * HOP_SAMPLES + WINDOW_SAMPLES) / ANALYSIS_RATE  # audio of n_frames
    return round(float(min(longest, seconds_of(normalise) or longest)), 3)


def _whole_activity(paths, stem_clips):
    activity = read_activity(paths)
    # A clip may have usable stems, but a mixture of which no degraded stems can be made.
    activity = activity[activity["clip"].isin(stem_clips["clip"])]
    expected = int(count_segments(stem_clips["n_frames"].to_numpy()).sum())
    if len(activity) != expected:
        raise CacheError(
            f"{paths[0]} and others: {len(activity)} segments, but the stems have {expected}. Delete the activity "
            "tables of all shards and run again."
        )
    return activity


def _validation_sampler(segments, shared):
    try:
        sampler = PairSampler(segments, stream=VALIDATION, name="validation", in_turn=True, **shared)
    except TrainingError as error:
        logging.warning("Training without validation: %s", error)
        return None
    if sampler.n_pairs < shared["batch_size"]:
        logging.warning(
            "Validation minibatches hold %d pairs and training minibatches %d, because the validation split has no more. "
            "The chance level of the loss is %.2f in validation and %.2f in training.",
            sampler.n_pairs, shared["batch_size"], math.log(sampler.n_pairs), math.log(shared["batch_size"]),
        )  # fmt: skip
    return sampler


def _count_segments(segments, sources):
    return {"all": len(segments), **{source: int(segments[source].sum()) for source in sources}}
