"""FMA-small: 8,000 clips of 30 s in 8 balanced genres.

Layout: ``fma_metadata/tracks.csv`` (three header rows) and ``fma_small/000/000002.mp3``: 6,400 training, 800
validation and 800 test clips. Known faults: 099134, 108925 and 133297 contain no audio; 098565, 098567 and
098569 are shorter than 30 s.

Citation: M. Defferrard, K. Benzi, P. Vandergheynst, X. Bresson, "FMA: a dataset for music analysis",
ISMIR 2017.

Licence: CC BY 4.0 for the metadata; each track has its artist's licence (column ``track.license``).
"""

from pathlib import Path

from mscol.datasets.metadata import clips_table, known_split, read_table
from mscol.errors import ConfigError

TASK = "classification"
LABELS = ("Hip-Hop", "Pop", "Instrumental", "Rock", "Electronic", "International", "Experimental", "Folk")

GROUPED_BY = "artist"  # songs of one artist are similar
RECORDING_OPTIONS = ("track", "album")

_COLUMNS = ("track_id", "set.split", "set.subset", "track.genre_top", "artist.id")
_NO_ALBUM = ("", "-1")  # of single tracks


def read_clips(root, recording="track"):
    """Read the tracks of subset "small" that ``tracks.csv`` lists.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds fma_metadata and fma_small.
    recording : str
        "track": each track is a recording. "album": the tracks of an album count as excerpts of one recording.

    Returns
    -------
    pd.DataFrame
        See `metadata.clips_table`. The id is the track's number with six digits.

    Raises
    ------
    ConfigError
        If ``recording`` is unknown.
    """
    if recording not in RECORDING_OPTIONS:
        raise ConfigError(
            f"recording of a dataset of layout fma: {recording!r} is unknown. Set it to track or album"
        )
    by_album = recording == "album"
    table = read_table(
        Path(root, "fma_metadata", "tracks.csv"),
        hint="the root of a dataset of layout fma contains fma_metadata and fma_small",
        columns=[*_COLUMNS, "album.id"] if by_album else _COLUMNS,
        delimiter=",",
        header_rows=3,
    )
    albums = table.columns["album.id"] if by_album else [""] * len(table.lines)
    rows = zip(*(table.columns[name] for name in _COLUMNS), albums, strict=True)
    small = [
        (track.zfill(6), split, genre, artist, album)
        for track, split, subset, genre, artist, album in rows
        if subset == "small"
    ]
    return clips_table(
        ids=[track for track, *_ in small],
        paths=[f"fma_small/{track[:3]}/{track}.mp3" for track, *_ in small],
        splits=[known_split(split) for _, split, *_ in small],
        labels=[genre if genre in LABELS else "" for _, _, genre, *_ in small],
        groups=[artist for *_, artist, _ in small],
        recordings=["" if album in _NO_ALBUM else album for *_, album in small],
        artists=[artist for *_, artist, _ in small],
        reasons=[_objection(track, genre) for track, _, genre, *_ in small],
    )


def _objection(track, genre):
    if not (track.isascii() and track.isdigit()):
        return f"the track id {track!r} is not a number"
    if genre not in LABELS:
        return f"not a genre of FMA-small (track.genre_top: {genre!r})"
    return ""
