"""Tags of audio files: artist, album, title and genre."""

from typing import NamedTuple

import soundfile

from mscol.io.audio import open_sound

# Placeholders that programs write for unknown values
_NOT_KNOWN = {
    "unknown",
    "unknown artist",
    "unknown album",
    "unknown title",
    "various",
    "various artists",
    "artist",
}


class Tags(NamedTuple):
    """Tags without line breaks; "" for a missing tag."""

    artist: str = ""
    album: str = ""
    title: str = ""
    genre: str = ""


def read_tags(path):
    """Read the tags of an audio file that libsndfile supports: of mp3, flac, ogg, opus and wav, and some of other formats.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    Tags
        Empty if the file cannot be read.
    """
    try:
        with open_sound(path) as sound:
            found = sound.copy_metadata()
    except (OSError, soundfile.LibsndfileError):
        return Tags()
    return Tags(*(_known(found.get(name, "")) for name in Tags._fields))


def _known(text):
    """Return a tag as one line; "" for a placeholder.

    >>> _known(" The\\n Band "), _known("Unknown Artist")
    ('The Band', '')
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return "" if line.casefold() in _NOT_KNOWN else line
