"""Which files an export embeds, and which it leaves out, each with its name and why."""

import logging
import os
from pathlib import Path

import pandas as pd

from mscol.errors import AudioError
from mscol.io.files import write_csv

SUFFIXES = (".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav")
MOST_NAMED = 10  # of what is left out, on a terminal; all of it is in a file
_NO_AUDIO = f"its name does not end as that of an audio file ({', '.join(SUFFIXES)})"


def find_audio(paths):
    """List audio files, those in folders included.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files, taken as they are, and folders, searched for names that end as audio files do.

    Returns
    -------
    files : list of pathlib.Path
        Each once; those of a folder sorted.
    left_out : list of tuple
        Other files in these folders, and folders that cannot be read, with the reason.

    Raises
    ------
    AudioError
        If there is no audio file.
    """
    found, left_out = {}, {}
    for path in paths:
        found |= dict.fromkeys(_search(path, left_out) if path.is_dir() else [path])
    if not found:
        raise AudioError(
            f"no audio file in {', '.join(map(str, paths))} (looked for names that end in {', '.join(SUFFIXES)})"
        )
    return list(found), [(path, reason) for path, reason in left_out.items() if path not in found]


def write_left_out(left_out, output):
    """Write what was left out beside a table, and say where; remove what an earlier run left there.

    Parameters
    ----------
    left_out : list of tuple
        Path and reason of each; if there are none, nothing is written.
    output : str or os.PathLike
        The table; ``songs.parquet`` has ``songs.rejected.csv`` beside it, with the columns path and reason.
    """
    path = Path(output).with_suffix(".rejected.csv")
    ours = {path.resolve(), Path(output).resolve()}  # of an earlier run, where it lies among the audio
    rows = [(spelled(file), spelled(reason)) for file, reason in left_out if file.resolve() not in ours]
    if not rows:
        path.unlink(missing_ok=True)
        return
    write_csv(pd.DataFrame(rows, columns=["path", "reason"]), path)
    logging.info("What was left out, with the reasons, is listed in %s (%d).", path, len(rows))


def spelled(text):
    """A path, or what is said of one, as it can be written: names need not be UTF-8, but tables must.

    >>> spelled(Path("b\\udcffss.wav"))
    'b\\\\xffss.wav'
    """
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _search(folder, left_out):
    files = list(_files_below(folder, set(), left_out))
    inside = sorted(path for path in files if path.suffix.lower() in SUFFIXES)
    others = sorted(path for path in files if path.suffix.lower() not in SUFFIXES)
    left_out |= dict.fromkeys(others, _NO_AUDIO)
    if others:
        logging.info(
            "%s: %d audio files; %d others, whose names do not end as audio files do, are left out: %s.",
            folder, len(inside), len(others), _name_some(path.relative_to(folder) for path in others),
        )  # fmt: skip
    else:
        logging.info("%s: %d audio files.", folder, len(inside))
    return inside


def _name_some(paths):
    """Some names, and how many more there are.

    >>> _name_some("abc"), _name_some("abcdefghijkl")
    ('a, b, c', 'a, b, c, d, e, f, g, h, i, j and 2 more')
    """
    names = [str(path) for path in paths]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _files_below(folder, seen, left_out):
    """Yield all files below a folder, in those that links lead to, too, each folder once: links may lead round in circles."""
    real = folder.resolve()
    if real in seen:
        return
    seen.add(real)
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        logging.warning(
            "%s: this folder cannot be read (%s); what is in it is left out.", folder, error.strerror
        )
        left_out[folder] = f"this folder cannot be read ({error.strerror})"
        return
    for path in inside:
        if path.is_dir():
            yield from _files_below(path, seen, left_out)
        else:
            yield path
