"""Songs in FMA-small's layout: ``fma_small/000/000002.mp3`` and ``fma_metadata/{tracks,genres}.csv``.

30 s, stereo, mp3. At 22.05 kHz where the original is mostly at 44.1: analysis ends at 8 kHz, and encoding at
44.1 kHz would take most of the time of making the embedded datasets. Every track is a song of its own.
"""

import pandas as pd

from mscol.io.atomic import atomic_path
from mscol.synthesis.mp3 import write_mp3
from mscol.synthesis.planning import Excerpt, make_all, mixture_of, style_of
from mscol.synthesis.rendering import render
from mscol.synthesis.sounds import generator
from mscol.synthesis.styles import STYLES

RATE, SECONDS, KILOBITS = 22_050, 30, 96
GENRES = {"International": 2, "Pop": 10, "Rock": 12, "Electronic": 15, "Folk": 17, "Hip-Hop": 21,
          "Experimental": 38, "Instrumental": 1235}  # fmt: skip
# The official name of a split and the first of its track numbers here.
SPLITS = {"train": ("training", 2), "validation": ("validation", 50_000), "test": ("test", 100_000)}
COLUMNS = {
    "album": "comments date_created date_released engineer favorites id information listens producer tags "
             "title tracks type",
    "artist": "active_year_begin active_year_end associated_labels bio comments date_created favorites id "
              "latitude location longitude members name related_projects tags website wikipedia_page",
    "set": "split subset",
    "track": "bit_rate comments composer date_created date_recorded duration favorites genre_top genres "
             "genres_all information interest language_code license listens lyricist number publisher tags "
             "title",
}  # fmt: skip


def make_fma(path, seed, sizes, workers):
    """Write the dataset.

    Parameters
    ----------
    path : str or os.PathLike
        The folder to be made.
    seed : int
    sizes : dict of str to int
        Tracks of "train", "validation" and "test"; the eight genres take turns.
    workers : int
        Threads.
    """
    excerpts = [_excerpt(split, song, seed) for split in SPLITS for song in range(sizes[split])]
    with atomic_path(path) as root:
        make_all(lambda excerpt: _write(root, excerpt), excerpts, workers, "FMA tracks")
        (root / "fma_metadata").mkdir(parents=True)
        table = _tracks(excerpts)
        table.to_csv(root / "fma_metadata" / "tracks.csv", encoding="utf-8", lineterminator="\n")
        counts = table["track", "genre_top"].value_counts()
        rows = [(number, int(counts.get(name, 0)), 0, name, number) for name, number in GENRES.items()]
        pd.DataFrame(rows, columns=["genre_id", "#tracks", "parent", "title", "top_level"]).to_csv(
            root / "fma_metadata" / "genres.csv", index=False, encoding="utf-8", lineterminator="\n"
        )


def _excerpt(split, song, seed):
    genre = style_of(tuple(GENRES), song, seed, "fma", split)
    styles = tuple(name for name, style in STYLES.items() if style.genre == genre)
    style = styles[generator(seed, "fma", split, song, "style").integers(len(styles))]
    start = generator(seed, "fma", split, song, "start").uniform(0, 20)
    return Excerpt("fma", split, song, style, float(start), SECONDS + 20.0, seed)


def track_number(excerpt):
    """The track's id: unlike each other, and like the official ones with gaps."""
    return SPLITS[excerpt.split][1] + 37 * excerpt.song


def _write(root, excerpt):
    stems = render(excerpt.compose(), excerpt.start_seconds, SECONDS, RATE, channels=2)
    number = track_number(excerpt)
    target = root / "fma_small" / f"{number // 1000:03d}" / f"{number:06d}.mp3"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_mp3(target, mixture_of(stems), RATE, KILOBITS)


def _tracks(excerpts):
    """The table with its three header rows; what is not known stays empty."""
    columns = [(level, name) for level, names in COLUMNS.items() for name in names.split()]
    rows = {track_number(excerpt): _cells(excerpt) for excerpt in excerpts}
    return pd.DataFrame(
        [[rows[number].get(column, "") for column in columns] for number in sorted(rows)],
        index=pd.Index(sorted(rows), name="track_id"),
        columns=pd.MultiIndex.from_tuples(columns),
    )


def _cells(excerpt):
    genre = STYLES[excerpt.style].genre
    return {
        ("album", "title"): f"Demo {excerpt.split}", ("album", "tags"): "[]", ("artist", "tags"): "[]",
        ("artist", "name"): "mscol synthesis", ("set", "split"): SPLITS[excerpt.split][0],
        ("set", "subset"): "small", ("track", "bit_rate"): 1000 * KILOBITS, ("track", "duration"): SECONDS,
        ("track", "genre_top"): genre, ("track", "genres"): f"[{GENRES[genre]}]",
        ("track", "genres_all"): f"[{GENRES[genre]}]", ("track", "number"): excerpt.song + 1,
        ("track", "tags"): "[]", ("track", "title"): f"{excerpt.style.capitalize()} {excerpt.song + 1}",
    }  # fmt: skip
