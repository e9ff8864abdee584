"""Songs in FMA-small's layout: ``fma_small/000/000002.mp3`` and ``fma_metadata/tracks.csv``.

30 s, stereo, MP3. The sample rate is 22.05 kHz instead of the original's mostly 44.1 kHz: analysis ends at 8 kHz, and encoding at
44.1 kHz would take most of the time of synthesising the embedded datasets. Every track is a different song by a different artist.
"""

import pandas as pd

from mscol.synthesis.excerpts import Excerpt, in_turn, write_mp3
from mscol.synthesis.rendering import render
from mscol.synthesis.sounds import generator
from mscol.synthesis.styles import STYLES

RATE, SECONDS = 22_050, 30
LATEST_START = 20.0
GENRES = sorted({style.genre for style in STYLES.values() if style.genre})
# The official name of a split, and its first track number here.
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


def plan(split, sizes, seed):
    """Yield the tracks of a split, ``sizes["fma"][split]``, with the eight genres in turn."""
    for song in range(sizes["fma"][split]):
        genre = in_turn(GENRES, song, seed, "fma", split)
        styles = [name for name, style in STYLES.items() if style.genre == genre]
        rng = generator(seed, "fma", split, song, "excerpt")
        style, start = styles[rng.integers(len(styles))], float(rng.uniform(0, LATEST_START))
        yield Excerpt("fma", split, song, style, start, SECONDS + LATEST_START, seed)


def track_number(clip):
    """Return the track's unique id; ids have gaps, like the official ones."""
    return SPLITS[clip.split][1] + 37 * clip.song


def write(root, clip):
    """Render one track and write it."""
    number = track_number(clip)
    stems = render(clip.compose(), clip.start_seconds, SECONDS, RATE, channels=2, mix=True)
    write_mp3(root / "fma_small" / f"{number // 1000:03d}" / f"{number:06d}.mp3", stems["mixture"], RATE)


def write_tables(root, clips, _):
    """Write the table with its three header rows; unknown values stay empty."""
    rows = {}
    for clip in sorted(clips, key=track_number):
        rows[track_number(clip)] = {
            ("album", "title"): f"Demo {clip.split}", ("artist", "id"): track_number(clip), ("artist", "name"): "mscol synthesis",
            ("set", "split"): SPLITS[clip.split][0], ("set", "subset"): "small",
            ("track", "duration"): SECONDS, ("track", "genre_top"): STYLES[clip.style].genre,
            ("track", "title"): f"{clip.style.capitalize()} {clip.song + 1}",
        }  # fmt: skip
    columns = [(level, name) for level, names in COLUMNS.items() for name in names.split()]
    table = pd.DataFrame(
        [[row.get(column, "") for column in columns] for row in rows.values()],
        index=pd.Index(rows, name="track_id"),
        columns=pd.MultiIndex.from_tuples(columns),
    )
    (root / "fma_metadata").mkdir()
    table.to_csv(root / "fma_metadata" / "tracks.csv", encoding="utf-8", lineterminator="\n")
