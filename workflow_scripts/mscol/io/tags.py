"""What an audio file says of itself: who plays, and what."""

from typing import NamedTuple

import soundfile

from mscol.io.audio import open_sound

# What programs write where they do not know
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
    """Texts without line breaks, "" where the file does not say."""

    artist: str = ""
    album: str = ""
    title: str = ""
    genre: str = ""


def read_tags(path):
    """Read the tags of an audio file, as far as libsndfile knows them: of mp3, flac, ogg, opus and wav, and some of others.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    Tags
        Empty ones of a file that cannot be read.
    """
    try:
        with open_sound(path) as sound:
            found = sound.copy_metadata()
    except (OSError, soundfile.LibsndfileError):
        return Tags()
    return Tags(*(_known(found.get(name, "")) for name in Tags._fields))


def _known(text):
    """A tag as one line, or nothing.

    >>> _known(" The\\n Band "), _known("Unknown Artist")
    ('The Band', '')
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return "" if line.casefold() in _NOT_KNOWN else line
