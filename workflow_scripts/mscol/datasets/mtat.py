"""MagnaTagATune: 25,863 clips of 29.1 s with 188 tags, of which the 50 most frequent are used.

Layout: ``{0..f}/*.mp3`` (mono, 16 kHz), ``annotations_final.csv``, ``clip_info_final.csv`` (artists; optional).
The file of a clip is named artist-album-track-title-start-end.mp3.

Split by folder: 0-b train (18,706 clips), c validation (1,825), d-f test (5,329) without the three
files of zero bytes. The cleaned split keeps clips that have at least one of the 50 tags and are longer
than 29.1 s: 15,244, 1,529 and 4,332.

Citation: E. Law, K. West, M. Mandel, M. Bay, J. S. Downie, "Evaluation of algorithms using games: the
case of music tagging", ISMIR 2009. Cleaned split: J. Lee, J. Nam, "Multi-level and multi-scale feature
aggregation using pretrained convolutional neural networks for music auto-tagging", IEEE SPL 24(8), 2017.

Licence: see `RECORDINGS` in mscol/pages/cards.py.
"""

import logging
import re
from pathlib import Path

from mscol.datasets.metadata import clips_table, read_table, tags_of_flags
from mscol.errors import ConfigError

TASK = "tagging"
LABELS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano",
    "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing",
    "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal",
    "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice", "new age", "dance", "male voice",
    "female vocal", "beats", "harp", "cello", "no voice", "weird", "country", "metal", "female voice",
    "choral",
)  # fmt: skip

WHOLE_FILES_ONLY = True
CLEANED_LONGER_THAN_SECONDS = 29.1  # Lee & Nam; a complete clip has 29.124 s
SPLIT_OPTIONS = ("cleaned", "folder")
GROUP_OPTIONS = ("song", "artist")
GROUPED_BY = "song"  # unless the option `group` is set
_SPLIT_OF_FOLDER = dict.fromkeys("0123456789ab", "train") | {"c": "validation"} | dict.fromkeys("def", "test")


def read_clips(root, split="cleaned", group="song"):
    """Read the clips that ``annotations_final.csv`` lists.

    Parameters
    ----------
    root : str or os.PathLike
        The folder with the folders 0 to f and the csv files.
    split : str
        See `select`.
    group : str
        "song" or "artist": clips of one group do not count as independent.

    Returns
    -------
    pd.DataFrame
        See `metadata.clips_table`. ``cleaned`` is 1 if a clip has one of the 50 tags; `select` then
        checks the durations.

    Raises
    ------
    ConfigError
        If ``split`` or ``group`` is unknown.
    DatasetError
        If a table is invalid, or annotations_final.csv is missing.
    """
    _check_split(split)
    if group not in GROUP_OPTIONS:
        raise ConfigError(
            f"group of a dataset of layout mtat: {group!r} is unknown. Set it to song or artist"
        )
    table = read_table(
        Path(root, "annotations_final.csv"),
        hint="the root of a dataset of layout mtat contains it and the folders 0 to f",
        columns=["mp3_path", *LABELS],
        delimiter="\t",
    )
    paths = table.columns["mp3_path"]
    folders = [path.partition("/")[0] for path in paths]
    labels = tags_of_flags(table, LABELS)
    songs, artists = [_song(path) for path in paths], _artists(root, paths)
    return clips_table(
        ids=[path.removesuffix(".mp3") for path in paths],
        paths=paths,
        splits=[_SPLIT_OF_FOLDER.get(folder, folder) for folder in folders],
        labels=labels,
        groups={"song": songs, "artist": artists}[group],
        recordings=songs,
        artists=artists,
        cleaned=[int(tags != "") for tags in labels],
    )


def _song(path):
    """Return the song of a clip.

    >>> _song("f/american_baroque-dances_and_suites-25-le_petit_rien-88-117.mp3")
    'f/american_baroque-dances_and_suites-25-le_petit_rien'
    """
    return re.sub(r"(-\d+-\d+)?\.mp3$", "", path)


def _artists(root, paths):
    """Return the artist of each clip from ``clip_info_final.csv``, or else from the name of the clip's file."""
    infos, named = Path(root, "clip_info_final.csv"), {}
    if infos.exists():
        hint, columns = "get it again, or remove it", ["mp3_path", "artist"]
        # Not strict: titles, which are not used, may contain quotes.
        table = read_table(infos, hint, columns, delimiter="\t", strict=False)
        named = {path: artist.strip() for path, artist in zip(*table.columns.values(), strict=True)}
    return [named.get(path) or _artist(path) for path in paths]


def _artist(path):
    """Return the artist of a clip from the name of its file.

    >>> _artist("f/american_baroque-dances_and_suites-25-le_petit_rien-88-117.mp3")
    'american_baroque'
    """
    return path.rpartition("/")[2].partition("-")[0]


def select(clips, split="cleaned", group="song"):
    """Choose the clips of the manifest by their durations.

    Parameters
    ----------
    clips : pd.DataFrame
        Usable clips as `read_clips` returns them, with a column ``duration`` in seconds.
    split : str
        "cleaned": training and validation contain only clips of the cleaned list. "folder": they contain all
        clips of their folders. The test split contains all clips either way, and ``cleaned`` marks those of the list.
    group : str
        Ignored.

    Returns
    -------
    pd.DataFrame
    """
    _check_split(split)
    long_enough = clips["duration"] > CLEANED_LONGER_THAN_SECONDS
    clean = (clips["cleaned"] == 1) & long_enough
    if not clean[clips["split"] == "test"].any():
        logging.warning("No test clip is in the cleaned list; the filtered evaluation will be empty.")
    is_test = clips["split"] == "test"
    if split == "folder":
        return clips.assign(cleaned=(clean | ~is_test).astype(int))
    left_out = ~clean & ~is_test
    logging.info(
        "The cleaned split leaves out %d training and validation clips: %d without one of the %d tags, "
        "%d not longer than %s s.",
        left_out.sum(), (left_out & (clips["cleaned"] == 0)).sum(), len(LABELS),
        (left_out & ~long_enough).sum(), CLEANED_LONGER_THAN_SECONDS,
    )  # fmt: skip
    return clips.assign(cleaned=clean.astype(int))[~left_out]


def _check_split(split):
    if split not in SPLIT_OPTIONS:
        raise ConfigError(
            f"split of a dataset of layout mtat: {split!r} is unknown. Set it to cleaned or folder"
        )
