"""The length of a file, found without decoding it, and whether the file is truncated.

The header is used if it states the length; where libsndfile only estimates, frames are counted (`mpeg`). A truncated file, such
as an interrupted download, often decodes without an error, so the length in its header is compared with its content.
"""

import os
from typing import NamedTuple

from mscol.io import audio, mpeg

TOLERANCE_SECONDS = 0.1
_UNKNOWN_BYTES = (
    0x7FFFF000  # and above: the size in a wav that was written to a pipe, whose writer cannot know it
)
_MOST_CHUNKS = 1_000  # a damaged file may have millions of empty chunks
_LAST_BYTES = 65_536  # longest ogg page


class Length(NamedTuple):
    """The length of a file.

    Attributes
    ----------
    seconds : float
        From its header, or counted.
    cut : str
        What is missing, as a phrase; "" if the file is complete.
    """

    seconds: float
    cut: str


def measure(path):
    """Measure a file without decoding it.

    Returns
    -------
    Length

    Raises
    ------
    AudioError, DiskError
        As `mscol.io.audio.probe`.
    """
    about = audio.read_header(path)
    held = about.frames / about.samplerate
    try:
        if about.format == "MP3":
            return _measure_mp3(path, held)
        if about.format == "OGG":
            return Length(
                held, "" if _ends(path) else f"it breaks off after {held:.3f} s, without an end page"
            )
        promised = {"WAV": _wav_seconds, "WAVEX": _wav_seconds, "AIFF": _aiff_seconds}.get(about.format)
        return _compare(promised(path, about.samplerate) if promised else None, held)
    except OSError as error:
        raise audio.unreadable(path, error) from error


def _compare(promised, held):
    if promised is None or promised <= held + TOLERANCE_SECONDS:
        return Length(held, "")
    return Length(promised, f"its header says {promised:.3f} s, but it holds {held:.3f} s")


def _measure_mp3(path, by_header):
    found = mpeg.read_mpeg(path)
    if found is None:
        return Length(by_header, "")
    seconds_a_frame = found.frame_samples / found.rate
    if found.promised_frames is None:
        return Length(mpeg.count_frames(path, found) * seconds_a_frame, "")
    if found.promised_bytes is not None and mpeg.held_bytes(path, found) >= found.promised_bytes:
        return Length(by_header, "")
    missing = (found.promised_frames - mpeg.count_frames(path, found)) * seconds_a_frame
    return _compare(by_header, by_header - missing)


def _chunks(path, order):
    """Yield name and size of the chunks of a RIFF, RIFX or FORM file, and the file at the start of the chunk's data."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        position = 12
        for _ in range(_MOST_CHUNKS):
            if position + 8 > size:
                return
            file.seek(position)
            name, length = file.read(4), int.from_bytes(file.read(4), order)
            yield name, length, file
            position += 8 + length + length % 2


def _wav_seconds(path, rate):
    """Return the seconds that a wav's header states; None if the file is as long as the header says, or it does not say."""
    with open(path, "rb") as file:
        riff = file.read(8)
    order = {b"RIFF": "little", b"RIFX": "big"}.get(riff[:4])
    if order is None or int.from_bytes(riff[4:], order) + 8 <= os.path.getsize(path):
        return None
    bytes_a_second = 0
    for name, length, file in _chunks(path, order):
        if name == b"fmt ":
            bytes_a_second = int.from_bytes(file.read(12)[8:], order)
        elif name == b"data":
            is_known = bytes_a_second and length < _UNKNOWN_BYTES
            return length / bytes_a_second if is_known else None
    return None


def _aiff_seconds(path, rate):
    for name, _, file in _chunks(path, "big"):
        if name == b"COMM":
            return int.from_bytes(file.read(6)[2:]) / rate
    return None


def _ends(path):
    """Return whether the last page of an ogg file is complete and marked as the last."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - _LAST_BYTES))
        data = file.read()
    page = data.rfind(b"OggS")
    if page < 0 or len(data) < page + 27:
        return False
    n_segments = data[page + 26]
    segments = data[page + 27 : page + 27 + n_segments]
    return bool(data[page + 5] & 4) and len(data) >= page + 27 + n_segments + sum(segments)
