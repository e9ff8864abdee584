"""MagnaTagATune: 25,863 clips of 29.1 s with 188 tags, of which the 50 most used are learned.

Layout: ``{0..f}/*.mp3`` (mono, 16 kHz), ``annotations_final.csv``, ``clip_info_final.csv`` (artists; need not be there).
A clip's file is called artist-album-track-title-start-end.mp3.

Split by folder: 0-b train (18,706 clips), c validation (1,825), d-f test (5,329) without the three
files of zero bytes. The cleaned split keeps clips with one of the 50 tags at least that are longer
than 29.1 s: 15,244, 1,529 and 4,332.

Citation: E. Law, K. West, M. Mandel, M. Bay, J. S. Downie, "Evaluation of algorithms using games: the
case of music tagging", ISMIR 2009. Cleaned split: J. Lee, J. Nam, "Multi-level and multi-scale feature
aggregation using pretrained convolutional neural networks for music auto-tagging", IEEE SPL 24(8), 2017.

Licence: `RECORDINGS` of mscol/pages/cards.py has it.
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
CLEANED_LONGER_THAN_SECONDS = 29.1  # Lee & Nam; a whole clip has 29.124 s
SPLIT_OPTIONS = ("cleaned", "folder")
GROUP_OPTIONS = ("song", "artist")
GROUPED_BY = "song"  # unless the option `group` says otherwise
_SPLIT_OF_FOLDER = dict.fromkeys("0123456789ab", "train") | {"c": "validation"} | dict.fromkeys("def", "test")


def read_clips(root, split="cleaned", group="song"):
    """Read the clips that ``annotations_final.csv`` lists.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds the folders 0 to f and the csv files.
    split : str
        See `select`.
    group : str
        "song" or "artist": which clips are not taken for independent.

    Returns
    -------
    pd.DataFrame
        See `metadata.clips_table`. ``cleaned`` is 1 where a clip has one of the 50 tags; `select`
        adds what the durations say.

    Raises
    ------
    ConfigError
        If ``split`` or ``group`` is unknown.
    DatasetError
        If a table is not as promised, or annotations_final.csv is missing.
    """
    _check_split(split)
    if group not in GROUP_OPTIONS:
        raise ConfigError(f"group of a dataset of layout mtat: {group!r} is not known; say song or artist")
    table = read_table(
        Path(root, "annotations_final.csv"),
        hint="the root of a dataset of layout mtat holds it beside the folders 0 to f",
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
    """Name the song of a clip.

    >>> _song("f/american_baroque-dances_and_suites-25-le_petit_rien-88-117.mp3")
    'f/american_baroque-dances_and_suites-25-le_petit_rien'
    """
    return re.sub(r"(-\d+-\d+)?\.mp3$", "", path)


def _artists(root, paths):
    """Name the artist of each clip as ``clip_info_final.csv`` does; where it says nothing, as the clip's file is called."""
    infos, named = Path(root, "clip_info_final.csv"), {}
    if infos.exists():
        hint, columns = "get it anew, or take it away", ["mp3_path", "artist"]
        # Not strict: titles may hold quotes, and are not wanted here.
        table = read_table(infos, hint, columns, delimiter="\t", strict=False)
        named = {path: artist.strip() for path, artist in zip(*table.columns.values(), strict=True)}
    return [named.get(path) or _artist(path) for path in paths]


def _artist(path):
    """Name the artist of a clip off its file.

    >>> _artist("f/american_baroque-dances_and_suites-25-le_petit_rien-88-117.mp3")
    'american_baroque'
    """
    return path.rpartition("/")[2].partition("-")[0]


def select(clips, split="cleaned", group="song"):
    """Choose the clips of the manifest, now that durations are known.

    Parameters
    ----------
    clips : pd.DataFrame
        Usable clips as `read_clips` gives them, with a column ``duration`` in seconds.
    split : str
        "cleaned": training and validation hold only clips of the cleaned list. "folder": they hold all
        clips of their folders. The test split holds all either way, and ``cleaned`` tells them apart.
    group : str
        Decides nothing here.

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
        raise ConfigError(f"split of a dataset of layout mtat: {split!r} is not known; say cleaned or folder")
