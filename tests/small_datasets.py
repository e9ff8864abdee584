"""Writers of small datasets of real, decodable audio, and a reader of their manifests."""

import csv
import functools
import io
from pathlib import Path

import numpy as np
import soundfile

from mscol.datasets import mtat
from mscol.datasets.manifest import write_manifest
from mscol.datasets.shards import shard_names
from mscol.io.files import read_csv, read_json


def write_tone(path, seconds=1.5, rate=16_000):
    """Write a tone, its name deciding on wav, mp3, ogg or flac."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_tone(path.suffix[1:], seconds, rate))


@functools.cache  # encoding a whole MTAT clip takes half a second
def _tone(file_format, seconds, rate):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    file = io.BytesIO()
    soundfile.write(file, tone, rate, format=file_format)
    return file.getvalue()


def write_rows(path, rows, **dialect):
    """Write rows as csv, in commas unless told otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding=dialect.pop("encoding", "utf-8"), newline="") as file:
        csv.writer(file, **dialect).writerows(rows)


class Manifest:
    """The tables that `write_manifest` wrote, read back."""

    def __init__(self, folder, layout, root, options=None, n_shards=3, workers=2):
        shards = [folder / "shards" / f"{name}.csv" for name in shard_names(n_shards)]
        tables = [folder / name for name in ("clips.csv", "rejected.csv", "about.json")]
        write_manifest(layout, root, options or {}, n_shards, *tables, shards, workers)
        self.clips, self.rejected = map(read_csv, tables[:2])
        self.about = read_json(tables[2])
        self.shards = [read_csv(path) for path in shards]
        self.shard_paths = shards

    @property
    def reasons(self):
        """A mapping of path to reason."""
        return dict(zip(self.rejected["path"], self.rejected["reason"], strict=True))

    def of(self, split):
        """The ids of a split."""
        return list(self.clips.loc[self.clips["split"] == split, "id"])


MTAT_CLIPS = (  # path, seconds, tags
    ("0/train_long-0-29.mp3", 29.124, ("guitar", "choral")),
    ("b/train_untagged-0-29.mp3", 29.124, ()),
    ("b/train_short-0-29.mp3", 5.0, ("rock",)),
    ("c/valid-0-29.mp3", 29.124, ("slow", "no vocals")),
    ("d/test_long-0-29.mp3", 29.124, ("metal",)),
    ("e/test_untagged-0-29.mp3", 29.124, ()),
    ("f/test_short-0-29.mp3", 5.0, ("metal",)),
)


def mtat_rows(clips=MTAT_CLIPS):
    """The rows of annotations_final.csv; one tag is none of the 50, the order is not that of the 50."""
    tags = ["baroque", *sorted(mtat.LABELS)]
    header = ["clip_id", *tags, "mp3_path"]
    return [header] + [
        [number, *(int(tag in its) for tag in tags), path] for number, (path, _, its) in enumerate(clips, 2)
    ]


FMA_HEADER = [
    ["", "set", "set", "track", "track", "artist"],
    ["", "split", "subset", "genre_top", "title", "id"],
    ["track_id", "", "", "", "", ""],
]
FMA_ROWS = [
    ["2", "training", "small", "Hip-Hop", 'Food, "live"', "1"],
    ["10", "validation", "small", "Folk", "Freeway", "6"],
    ["99134", "test", "small", "Rock", "two\nlines", "6"],
    ["155320", "training", "large", "Rock", "not of the subset", "7"],
]
