"""Count the frames of an mp3: without a Xing, Info or VBRI frame, libsndfile estimates the number from the file size.

The estimate counts tags as music and is far off if the bit rate varies, and libsndfile stops decoding there.
"""

import functools
import io
import os
from typing import NamedTuple

# ISO/IEC 11172-3 and 13818-3, layer III; kbit/s and Hz, by the version's two bits (3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5)
_BITRATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_SEARCHED_BYTES = 65_536  # searched for the first frame, from the end of the tags on


class Mpeg(NamedTuple):
    """The start of an mp3's audio, and the content of its header frame.

    Attributes
    ----------
    start : int
        Position of the first frame, in bytes.
    header : bytes
        The first four bytes of that frame.
    promised_frames, promised_bytes : int or None
        From the Xing, Info or VBRI frame; None if it is missing or does not say.
    """

    start: int
    header: bytes
    promised_frames: int | None = None
    promised_bytes: int | None = None

    @property
    def frame_samples(self):
        """Samples per frame and channel."""
        return 1152 if _version(self.header) == 3 else 576

    @property
    def rate(self):
        """Sample rate in Hz."""
        return _RATES[_version(self.header)][self.header[2] >> 2 & 3]


def read_mpeg(path):
    """Find and read the first frame of an mp3 after its ID3v2 tags, which may have any size.

    Returns
    -------
    Mpeg or None
        None if there is no frame of layer III, or its bit rate is "free".
    """
    with open(path, "rb") as file:
        start = 0
        while (tag := file.read(10))[:3] == b"ID3" and len(tag) == 10:
            size = sum(byte << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True))
            start += 10 + size + (10 if tag[5] & 0x10 else 0)
            file.seek(start)
        file.seek(start)
        data = file.read(_SEARCHED_BYTES)
    place = _next_frame(data, 0, None)
    if place is None:
        return None
    found = Mpeg(start + place, bytes(data[place : place + 4]))
    return found._replace(**_promises(data[place:], found.header))


def count_frames(path, mpeg):
    """Count the complete frames of an mp3 without decoding them; the header frame does not count.

    Parameters
    ----------
    path : str or os.PathLike
    mpeg : Mpeg
        From `read_mpeg`.

    Returns
    -------
    int
    """
    with open(path, "rb") as file:
        file.seek(mpeg.start)
        data = file.read()
    sizes = _frame_sizes(_kind(mpeg.header))
    position, end, count = 0, len(data), 0
    while position is not None and position + 4 <= end:
        size = sizes.get(data[position + 1 : position + 3]) if data[position] == 0xFF else None
        if size is None:
            position = _next_frame(data, position + 1, _kind(mpeg.header))
        elif position + size > end:
            break
        else:
            position += size
            count += 1
    return count - (mpeg.promised_frames is not None and count > 0)


def with_length(path, mpeg, n_frames):
    """Return an mp3 as a file-like object without tags, with an Info frame in front that states the number of frames."""
    version, _ = kind = _kind(mpeg.header)
    is_mono = mpeg.header[3] >> 6 == 3
    side_bytes = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}[
        version == 3, is_mono
    ]
    header = bytes([0xFF, mpeg.header[1] | 1, 0x90 | mpeg.header[2] & 0x0C, mpeg.header[3]])
    info = header + bytes(side_bytes) + b"Info" + (1).to_bytes(4) + n_frames.to_bytes(4)
    info = info.ljust(_frame_sizes(kind)[header[1:3]], b"\0")
    with open(path, "rb") as file:
        file.seek(mpeg.start)
        return io.BytesIO(info + file.read())


def held_bytes(path, mpeg):
    """Return the number of bytes from the first frame of a file to its end."""
    return os.path.getsize(path) - mpeg.start


def _version(header):
    return header[1] >> 3 & 3


def _kind(header):
    """Return version and index of the sample rate, which are the same in all frames of a file."""
    return _version(header), header[2] >> 2 & 3


@functools.cache
def _frame_sizes(kind=None):
    """Map bytes 1 and 2 of each layer III header, optionally of one kind, to the frame's size in bytes."""
    sizes = {}
    for version, rates in _RATES.items():
        for place, rate in enumerate(rates):
            if kind in (None, (version, place)):
                for bits in range(1, 15):
                    size = (
                        (144 if version == 3 else 72)
                        * 1000
                        * _BITRATES[3 if version == 3 else 2][bits]
                        // rate
                    )
                    for padding, private, unprotected in (
                        (a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)
                    ):
                        second = 0xE0 | version << 3 | 1 << 1 | unprotected
                        third = bits << 4 | place << 2 | padding << 1 | private
                        sizes[bytes((second, third))] = size + padding
    return sizes


def _next_frame(data, position, kind):
    """Find the next frame that is followed by another frame or by the end."""
    sizes = _frame_sizes(kind)
    while (position := data.find(b"\xff", position)) >= 0:
        size = sizes.get(data[position + 1 : position + 3])
        if size is not None:
            after = data[position + size : position + size + 3]
            same = _frame_sizes(_kind(data[position : position + 4]))
            if (len(after) < 3 or (after[0] == 0xFF and after[1:] in same)) and position + size <= len(data):
                return position
        position += 1
    return None


def _promises(data, header):
    """Return the frames and bytes that a Xing, Info or VBRI frame states, if the first frame is one."""
    vbri = data.find(b"VBRI", 36, 40)
    if vbri >= 0:
        return {
            "promised_bytes": int.from_bytes(data[vbri + 10 : vbri + 14]),
            "promised_frames": int.from_bytes(data[vbri + 14 : vbri + 18]),
        }
    tags = [place for name in (b"Xing", b"Info") if (place := data.find(name, 4, 46)) >= 0]
    if not tags:
        return {}
    flags, fields = int.from_bytes(data[tags[0] + 4 : tags[0] + 8]), tags[0] + 8
    promises = {}
    for flag, name in ((1, "promised_frames"), (2, "promised_bytes")):
        if flags & flag:
            promises[name] = int.from_bytes(data[fields : fields + 4])
            fields += 4
    return promises
