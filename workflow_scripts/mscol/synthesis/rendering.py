"""From a song to the waveforms of its stems."""

import numpy as np
from scipy import fft

from mscol.synthesis import drums, sounds
from mscol.synthesis.composition import STEMS
from mscol.synthesis.instruments import Instrument
from mscol.synthesis.voice import Singer, sing

PEAK = 0.97  # of full scale; what 16 bits and an mp3 encoder take without clipping


def render(song, start_seconds, seconds, rate, channels):
    """Play a window of a song.

    Parameters
    ----------
    song : composition.Song
    start_seconds, seconds : float
        The window. Notes that began before it are not heard.
    rate : int
        Hz.
    channels : int
        1 or 2.

    Returns
    -------
    dict of str to np.ndarray, shape=(n_samples, channels), float32
        The four stems; a silent one is all zeros. Their sum is the mixture, whose peak is at most `PEAK`.
    """
    n_samples = round(seconds * rate)
    window = _Window(song, start_seconds, n_samples, rate)
    room = _Room(song, n_samples, rate, channels)
    stems = {}
    for stem in STEMS:
        dry = np.zeros((channels, n_samples), dtype=np.float32)
        for number, part in enumerate(song.parts[stem]):
            line = window.play(part, sounds.generator(*song.seed, "player", stem, number))
            dry += _pan(part.pan, channels)[:, None] * line
        stems[stem] = _level(room.sound(dry, stem), song.balance_db[stem])
    return _master(stems, song.level_db)


class _Window:
    """A stretch of a song at a sample rate: plays parts into lines."""

    def __init__(self, song, start_seconds, n_samples, rate):
        self.beat_seconds = 60 / song.tempo
        self.start_seconds, self.n_samples, self.rate = start_seconds, n_samples, rate

    def notes(self, part):
        """The notes of a part that begin in the window: (start s, length s, pitch, velocity)."""
        end = self.start_seconds + self.n_samples / self.rate
        for beat, beats, pitch, velocity in part.notes:
            start = beat * self.beat_seconds
            if self.start_seconds <= start < end - 0.05:
                yield start - self.start_seconds, beats * self.beat_seconds, pitch, velocity

    def play(self, part, rng):
        """The line of one part, shape ``(n_samples,)``."""
        if isinstance(part.player, Singer):
            line = [(start, min(length, self.n_samples / self.rate - start), pitch, velocity)
                    for start, length, pitch, velocity in self.notes(part)]  # fmt: skip
            return sing(part.player, line, self.n_samples, self.rate, rng)
        sound = np.zeros(self.n_samples, dtype=np.float32)
        played = {}
        for start, length, pitch, velocity in self.notes(part):
            # A sampler's economy: a note that returns sounds as it did the first time.
            key = (pitch, round(length, 2), round(velocity, 1))
            if key not in played:
                played[key] = self._one_shot(part.player, *key, rng)
            first = int(start * self.rate)
            shot = played[key][: self.n_samples - first]
            sound[first : first + len(shot)] += shot
        return sound

    def _one_shot(self, player, pitch, length, velocity, rng):
        if isinstance(player, Instrument):
            return player.note(pitch, length, velocity, self.rate, rng)
        return velocity * drums.hit(player[pitch], self.rate, rng)


class _Room:
    """The reverberation and tone of a song, applied by one multiplication of spectra."""

    def __init__(self, song, n_samples, rate, channels):
        tail = int(song.room_seconds * rate)
        self.n_samples = n_samples
        self.n_fft = fft.next_fast_len(n_samples + tail, real=True)
        rng = sounds.generator(*song.seed, "room")
        t = np.arange(tail, dtype=np.float32) / rate
        # Noise that falls by 60 dB over the length of the room's echo; 10 ms until the first of it.
        echo = rng.standard_normal((channels, tail), dtype=np.float32) * np.exp(-6.9 * t / song.room_seconds)
        echo[:, : int(0.01 * rate)] = 0
        echo /= np.sqrt((echo**2).sum(axis=1, keepdims=True))
        hz = np.maximum(np.arange(self.n_fft // 2 + 1, dtype=np.float32) * rate / self.n_fft, 30)
        self.tone = 10 ** (song.tilt_db / 20 * np.log2(hz / 1000).clip(-4, 3))
        damped = 1 / np.sqrt(1 + (hz / 4000) ** 2)  # walls and air swallow the treble
        self.echo = fft.rfft(echo, self.n_fft) * damped
        self.wet = song.wet

    def sound(self, dry, stem):
        """Dry stem in, heard stem out; shapes ``(channels, n_samples)``. Bass and drums get less echo."""
        if not dry.any():
            return dry
        wet = self.wet * {"bass": 0.15, "drums": 0.4}.get(stem, 1.0)
        spectrum = fft.rfft(dry, self.n_fft) * self.tone * ((1 - wet) + wet * self.echo)
        return fft.irfft(spectrum, self.n_fft)[:, : self.n_samples]


def _pan(pan, channels):
    """Gains of the channels, of equal power in sum."""
    if channels == 1:
        return np.ones(1, dtype=np.float32)
    angle = (pan + 1) * np.pi / 4
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def _level(stem, gain_db):
    """Bring the RMS of a stem's sounding part to ``gain_db``; silence stays silence."""
    power = np.square(stem).mean(axis=0)
    blocks = power[: len(power) // 1024 * 1024].reshape(-1, 1024).mean(axis=1)
    sounding = blocks > 1e-3 * blocks.max(initial=0.0)
    if not sounding.any():
        return np.zeros_like(stem)
    return stem * np.float32(10 ** (gain_db / 20) / np.sqrt(blocks[sounding].mean()))


def _master(stems, level_db):
    """Scale all stems alike: the mixture gets an RMS of ``level_db``, or less where its peak forbids it."""
    mixture = sum(stems.values())
    peak, rms = np.abs(mixture).max(), np.sqrt(np.square(mixture).mean())
    gain = min(10 ** (level_db / 20) / max(rms, 1e-9), PEAK / max(peak, 1e-9))
    return {stem: np.ascontiguousarray((gain * sound).T.astype(np.float32)) for stem, sound in stems.items()}
