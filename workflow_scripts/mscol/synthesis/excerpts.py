"""Clips as excerpts of songs, the order of the styles, and mp3 files."""

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
    song_seconds: float  # the least length of the song
    seed: int

    def compose(self):
        """The song, the same for all of its excerpts."""
        return compose(self.style, self.song_seconds, self.seed, self.dataset, self.split, self.song)


def in_turn(options, song, *seed):
    """The option of the song-th song, however many there are: each run of songs has each once, shuffled."""
    cycle, place = divmod(song, len(options))
    return options[generator(*seed, "styles", cycle).permutation(len(options))[place]]


def write_mp3(path, waveform, rate):
    """Write an mp3 of variable bit rate, which is encoded faster than a constant one; its folder is made.

    Parameters
    ----------
    path : pathlib.Path
    waveform : np.ndarray, shape=(n_samples,) or (n_samples, n_channels), at ``rate`` Hz
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, rate, bitrate_mode="VARIABLE", compression_level=0.5)
