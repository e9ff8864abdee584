"""Find the files that an export embeds, and list those that it leaves out, with the reasons."""

import logging
import os
from pathlib import Path

import pandas as pd

from mscol.errors import AudioError
from mscol.io.files import write_csv

SUFFIXES = (".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav")
MOST_NAMED = 10  # files that the terminal names; the csv lists all of them
_NO_AUDIO = f"not the extension of an audio file ({', '.join(SUFFIXES)})"


def find_audio(paths):
    """List audio files, including those in folders.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files, which are all used, and folders, which are searched for the extensions of audio files.

    Returns
    -------
    files : list of pathlib.Path
        Without duplicates; the files of a folder are sorted.
    left_out : list of tuple
        Other files in these folders and folders that cannot be read, with the reason.

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
            f"No audio file found in {', '.join(map(str, paths))}. Supported extensions: {', '.join(SUFFIXES)}."
        )
    return list(found), [(path, reason) for path, reason in left_out.items() if path not in found]


def write_left_out(left_out, output):
    """Write a csv of the files that were left out, and log its path. Remove that of an earlier run.

    Parameters
    ----------
    left_out : list of tuple
        Path and reason of each file. Nothing is written for an empty list.
    output : str or os.PathLike
        The table. ``songs.parquet`` gets ``songs.rejected.csv``, with the columns path and reason.
    """
    path = Path(output).with_suffix(".rejected.csv")
    ours = {path.resolve(), Path(output).resolve()}  # an earlier run may have written them among the audio
    rows = [(spelled(file), spelled(reason)) for file, reason in left_out if file.resolve() not in ours]
    if not rows:
        path.unlink(missing_ok=True)
        return
    write_csv(pd.DataFrame(rows, columns=["path", "reason"]), path)
    logging.info("%s lists the %d files that were left out, with the reasons.", path, len(rows))


def spelled(text):
    """Escape a path, or a text with one, for a table: file names need not be UTF-8, but tables must.

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
            "%s: %d audio files. %d files with other extensions are left out: %s.",
            folder, len(inside), len(others), _name_some(path.relative_to(folder) for path in others),
        )  # fmt: skip
    else:
        logging.info("%s: %d audio files.", folder, len(inside))
    return inside


def _name_some(paths):
    """Join the first names, and add the number of the others.

    >>> _name_some("abc"), _name_some("abcdefghijkl")
    ('a, b, c', 'a, b, c, d, e, f, g, h, i, j and 2 more')
    """
    names = [str(path) for path in paths]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _files_below(folder, seen, left_out):
    """Yield all files below a folder, also through links. Each folder is read once, because links may form loops."""
    real = folder.resolve()
    if real in seen:
        return
    seen.add(real)
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        logging.warning(
            "%s: this folder cannot be read (%s). Its files are left out.", folder, error.strerror
        )
        left_out[folder] = f"this folder cannot be read ({error.strerror})"
        return
    for path in inside:
        if path.is_dir():
            yield from _files_below(path, seen, left_out)
        else:
            yield path
