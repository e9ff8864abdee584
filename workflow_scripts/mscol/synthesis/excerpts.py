"""Clips as excerpts of songs, the order of the styles, and MP3 files."""

from dataclasses import dataclass

import soundfile

from mscol.synthesis.composition import compose
from mscol.synthesis.sounds import generator


@dataclass(frozen=True)
class Excerpt:
    """One clip of one song."""

    dataset: str
    split: str
    song: int  # counted from 0 within dataset and split
    style: str
    start_seconds: float
    song_seconds: float  # minimum length of the song
    seed: int

    def compose(self):
        """Compose the song, which is the same for all of its excerpts."""
        return compose(self.style, self.song_seconds, self.seed, self.dataset, self.split, self.song)


def in_turn(options, song, *seed):
    """Return the option for a song, independent of the number of songs: each cycle has every option once, shuffled."""
    cycle, place = divmod(song, len(options))
    return options[generator(*seed, "styles", cycle).permutation(len(options))[place]]


def write_mp3(path, waveform, rate):
    """Write an MP3 with variable bit rate, which encodes faster than constant bit rate; create its folder.

    Parameters
    ----------
    path : pathlib.Path
    waveform : np.ndarray, shape=(n_samples,) or (n_samples, n_channels), at ``rate`` Hz
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, rate, bitrate_mode="VARIABLE", compression_level=0.5)
