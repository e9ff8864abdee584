"""Measure the size of a dataset without reading all its audio."""

import importlib
import logging
import statistics
from dataclasses import dataclass
from pathlib import Path

from mscol.datasets import SPLITS
from mscol.errors import AudioError
from mscol.io import audio
from mscol.io.files import read_csv
from mscol.mels import CROP_FRAMES, HOP_SAMPLES, WINDOW_SAMPLES, count_segments

# Lengths of complete clips (METHOD, "Datasets"); an MTAT clip has 29.124 s
OFFICIAL_SECONDS = {"mtat": 29.124, "nsynth": 4.0, "fma": 30.0}
_PROBED_FILES = 50


@dataclass(frozen=True)
class DatasetSize:
    """The size of a dataset.

    Attributes
    ----------
    clips : dict
        Split -> number of clips.
    clip_seconds : float
        Mean length of a clip.
    source : str
        Where the size comes from, for people.
    """

    clips: dict
    clip_seconds: float
    source: str

    @property
    def n_clips(self):
        """Number of clips in all splits."""
        return sum(self.clips.values())

    @property
    def seconds(self):
        """Total length of all splits, s."""
        return self.n_clips * self.clip_seconds

    @property
    def clip_frames(self):
        """Number of log-mel frames per clip."""
        samples = int(self.clip_seconds * audio.ANALYSIS_RATE)
        return max(0, 1 + (samples - WINDOW_SAMPLES) // HOP_SAMPLES)

    @property
    def windows(self):
        """Number of windows of all test clips."""
        return self.clips["test"] * (self.clip_frames // CROP_FRAMES)

    def segments(self, split):
        """Return the number of segments in a split."""
        return self.clips[split] * int(count_segments(self.clip_frames))


def measure_dataset(layout, root, options, manifest, demo_sizes=None):
    """Measure the size of a dataset.

    Parameters
    ----------
    layout : str
    root : str or os.PathLike
    options : dict
        Options of the layout, as for `write_manifest`.
    manifest : str or os.PathLike
        Path of its clips.csv, which is read if it exists.
    demo_sizes : dict, optional
        For an embedded dataset: split -> number of clips to synthesise.

    Returns
    -------
    DatasetSize

    Raises
    ------
    DatasetError
        If there is no manifest and the metadata are missing or do not match the layout.
    """
    if Path(manifest).is_file():
        clips = read_csv(manifest)
        return DatasetSize(_count(clips), float(clips["duration"].mean()), "its manifest")
    if demo_sizes is not None:
        return DatasetSize(dict(demo_sizes), OFFICIAL_SECONDS[layout], "the sizes in the config")
    reader = importlib.import_module(f"mscol.datasets.{layout}")
    clips = reader.read_clips(root, **options)
    clips = clips[clips["reason"] == ""]
    if layout not in OFFICIAL_SECONDS:
        seconds, source = _probe(root, clips["path"])
        return DatasetSize(_count(clips), seconds, source)
    seconds = OFFICIAL_SECONDS[layout]
    clips = clips.assign(duration=seconds)
    clips = reader.select(clips, **options) if hasattr(reader, "select") else clips
    return DatasetSize(_count(clips), seconds, f"its metadata, clips of {seconds:g} s as published")


def _count(clips):
    return {split: int((clips["split"] == split).sum()) for split in SPLITS}


def _probe(root, paths):
    """Compute the mean length from the headers of some files, evenly spread."""
    step = max(1, len(paths) // _PROBED_FILES)
    lengths = []
    for path in paths.iloc[::step]:
        try:
            lengths.append(audio.probe(Path(root, path)))
        except AudioError as error:
            logging.warning("Left out of the mean length: %s", error)
    if not lengths:
        return 0.0, "its table, without the length of a clip: no header could be read"
    return statistics.mean(lengths), f"its table and the headers of {len(lengths)} files"
