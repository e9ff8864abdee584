"""Render a song to the waveforms of its stems or its mixture."""

import numpy as np
from scipy import fft, signal

from mscol.synthesis import drums, sounds
from mscol.synthesis.composition import STEMS

PEAK = 0.97  # of full scale; avoids clipping in 16-bit files and in the MP3 encoder
LEAD_SECONDS = (
    0.05  # before the direct sound in a room's response, because the equaliser spreads it to both sides
)


def render(song, start_seconds, seconds, rate, channels, mix=False):
    """Render a window of a song.

    Parameters
    ----------
    song : composition.Song
    start_seconds, seconds : float
        Start and length of the window. Notes that begin before it are left out.
    rate : int
        Hz.
    channels : int
        1 or 2.
    mix : bool
        Whether to return only the sum of the stems, which is faster than the stems.

    Returns
    -------
    dict of str to np.ndarray, shape=(n_samples, channels), float32
        The four stems (zeros for silent ones), or their sum as "mixture", whose peak is at most `PEAK`.
    """
    room = _room(song, rate, channels)
    dry = _dry_stems(song, start_seconds, seconds, rate, channels)
    if mix:
        dry = {"mixture": sum(dry.values())}
    heard = {name: _in_room(sound, room, rate) for name, sound in dry.items()}
    gain = _gain(sum(heard.values()), song.level_db)
    return {name: np.ascontiguousarray((gain * sound).T) for name, sound in heard.items()}


def _dry_stems(song, start_seconds, seconds, rate, channels):
    """Render the stems without reverberation, at the song's balance, shape ``(channels, n_samples)`` each."""
    stems = {stem: np.zeros((channels, round(seconds * rate)), dtype=np.float32) for stem in STEMS}
    for stem, dry in stems.items():
        for number, part in enumerate(song.parts[stem]):
            rng = sounds.generator(*song.seed, "player", stem, number)
            played = _play(part, song.tempo, start_seconds, dry.shape[1], rate, rng)
            # Equal-power panning
            left, right = np.cos((part.pan + 1) * np.pi / 4), np.sin((part.pan + 1) * np.pi / 4)
            for channel, gain in zip(dry, (left, right) if channels == 2 else (1,), strict=True):
                channel += np.float32(gain) * played
        dry *= _balance(dry, song.balance_db[stem])
    return stems


def _play(part, tempo, start_seconds, n_samples, rate, rng):
    """Render the line of one part, shape ``(n_samples,)``."""
    sound = np.zeros(n_samples, dtype=np.float32)
    shots = {}
    for beat, beats, pitch, velocity in part.notes:
        start = beat * 60 / tempo - start_seconds
        if not 0 <= start < n_samples / rate - 0.05:
            continue
        drum = isinstance(part.player, dict)
        key = pitch if drum else (pitch, round(beats * 60 / tempo, 2), round(velocity, 1))
        if key not in shots:  # like a sampler: a repeated note sounds the same each time
            shots[key] = drums.hit(part.player[key], rate, rng) if drum else part.player.note(*key, rate, rng)
        first = int(start * rate)
        shot = shots[key][: n_samples - first]
        sound[first : first + len(shot)] += shot * np.float32(velocity) if drum else shot
    return sound


def _balance(stem, level_db):
    """Return the factor that scales the RMS of a stem's sounding part to ``level_db``; 0 for silence."""
    power = np.square(stem).mean(axis=0)
    blocks = power[: len(power) // 1024 * 1024].reshape(-1, 1024).mean(axis=1)
    sounding = blocks[blocks > 1e-3 * blocks.max(initial=0.0)]
    return np.float32(10 ** (level_db / 20) / np.sqrt(sounding.mean()) if len(sounding) else 0)


def _room(song, rate, channels):
    """Compute the impulse response of a song's room and equaliser, shape ``(channels, n)``, delayed by `LEAD_SECONDS`."""
    rng = sounds.generator(*song.seed, "room")
    seconds = 2 * song.wet + rng.uniform(0.3, 0.9)
    n_samples = fft.next_fast_len(int((seconds + 2 * LEAD_SECONDS) * rate), real=True)
    t = np.arange(n_samples, dtype=np.float32) / rate - LEAD_SECONDS
    # Noise that decays by 60 dB over the reverberation time and starts after 10 ms.
    echo = rng.standard_normal((channels, n_samples), dtype=np.float32)
    echo *= np.where((t > 0.01) & (t < seconds), np.exp(-6.9 * t / seconds), 0)
    echo *= song.wet / np.sqrt(np.square(echo).sum(axis=1, keepdims=True))
    direct = np.zeros(n_samples, dtype=np.float32)
    direct[int(LEAD_SECONDS * rate)] = 1 - song.wet
    hz = np.maximum(fft.rfftfreq(n_samples, 1 / rate), 30).astype(np.float32)
    tone = 10 ** (song.tilt_db / 20 * np.log2(hz / 1000).clip(-4, 3))
    swallowed = 1 / np.sqrt(1 + (hz / 4000) ** 2)  # absorption by walls and air, which keep low frequencies
    return fft.irfft(tone * (fft.rfft(direct) + swallowed * fft.rfft(echo)), n_samples)


def _in_room(dry, room, rate):
    """Apply the room's response to a dry sound, shape ``(channels, n_samples)``."""
    if not dry.any():
        return dry
    lead = int(LEAD_SECONDS * rate)
    return signal.oaconvolve(dry, room, axes=1)[:, lead : lead + dry.shape[1]]


def _gain(mixture, level_db):
    """Return the factor that scales a mixture to an RMS of ``level_db``, or less if the peak would exceed `PEAK`."""
    peak, rms = np.abs(mixture).max(), np.sqrt(np.square(mixture).mean())
    return np.float32(min(10 ** (level_db / 20) / max(rms, 1e-9), PEAK / max(peak, 1e-9)))
