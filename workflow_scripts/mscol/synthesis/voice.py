"""The singing voice: a glottal source through the formants of the vocal tract.

A whole line is sung at once, so that pitch glides from note to note and vowels melt into each other.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from mscol.synthesis import sounds

# The first three formants of five vowels of an adult man in Hz (after Peterson & Barney, JASA 1952).
VOWELS = {
    "a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010),
    "o": (570, 840, 2410), "u": (300, 870, 2240),
}  # fmt: skip
FORMANT_GAINS = (1.0, 0.6, 0.3)
FORMANT_WIDTHS_HZ = (90, 120, 170)
CONSONANT_BANDS_HZ = ((1200, 3500), (3500, 7500))  # "h", "k", "sh" and "s", "t"


@dataclass(frozen=True)
class Singer:
    """How one person sings.

    Attributes
    ----------
    formants : float
        Factor on the formants of a man; 1.1 to 1.25 makes a woman.
    slope : float
        Fall of the glottal spectrum in dB an octave.
    vibrato, vibrato_hz : float
        Its depth in cents and its speed.
    breath : float
        Noise in the voice, relative to the tone.
    glide : float
        Seconds from one pitch to the next.
    consonants : float
        Loudness of the noise at the start of syllables.
    speech : float
        0 sings; 1 lets each syllable fall by three semitones, as in rap.
    """

    formants: float
    slope: float
    vibrato: float
    vibrato_hz: float
    breath: float
    glide: float
    consonants: float = 0.0
    speech: float = 0.0


def sing(singer, line, n_samples, rate, rng):
    """Sing a line of notes.

    Parameters
    ----------
    singer : Singer
    line : list of (start, seconds, midi, velocity)
        Notes in the order of their starts, which may touch but should not overlap.
    n_samples, rate : int
        Length of the result; its rate in Hz.
    rng : np.random.Generator
        Draws vowels and consonants.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32
        Peak 1, or silence when ``line`` is empty.
    """
    if not line:
        return np.zeros(n_samples, dtype=np.float32)
    vowels = rng.integers(len(VOWELS), size=len(line))
    loudness = _loudness(line, n_samples, rate)
    pitch = _pitch(singer, line, n_samples, rate)
    lowest = float(sounds.hertz(min(note[2] for note in line)))
    numbers = sounds.harmonic_series(lowest * 1.5, rate, most=60)
    pulse = sounds.wavetable(numbers ** (singer.slope / 6.02), rng)
    glottis = sounds.look_up(pulse, sounds.phase_of(sounds.hertz(pitch), rate))
    if singer.breath:
        glottis = glottis + singer.breath * sounds.noise(n_samples, rng)
    voice = _vocal_tract(singer, glottis * loudness, line, vowels, rate)
    voice = sounds.peak_to_one(voice)
    if singer.consonants:
        voice = voice + singer.consonants * _consonants(line, n_samples, rate, rng)
    return sounds.peak_to_one(voice)


def _loudness(line, n_samples, rate):
    times, values = [], []
    for start, seconds, _, velocity in line:
        times += [start, start + min(0.05, seconds / 3), start + 0.7 * seconds, start + 0.98 * seconds]
        values += [0.0, velocity, 0.85 * velocity, 0.0]
    return sounds.breakpoints(times, values, n_samples, rate)


def _pitch(singer, line, n_samples, rate):
    times, values = [], []
    for start, seconds, midi, _ in line:
        times += [start + min(singer.glide, seconds / 2), start + seconds]
        values += [midi, midi - 3 * singer.speech]
    t = np.arange(n_samples) / rate
    vibrato = singer.vibrato / 100 * np.sin(2 * np.pi * singer.vibrato_hz * t)
    return sounds.breakpoints(times, values, n_samples, rate) + vibrato


def _vocal_tract(singer, glottis, line, vowels, rate):
    """Filter the source once for each vowel that occurs and blend by who is sung when."""
    n_fft = fft.next_fast_len(len(glottis) + rate // 10, real=True)
    hz = np.maximum(fft.rfftfreq(n_fft, 1 / rate), 1.0).astype(np.float32)
    times = np.array([(start, start + 0.8 * seconds) for start, seconds, *_ in line]).ravel()
    spectrum = np.zeros(len(hz), dtype=np.complex64)
    for number, formants in enumerate(VOWELS.values()):
        if number in vowels:
            sung = np.repeat(vowels == number, 2).astype(float)
            share = sounds.breakpoints(times, sung, len(glottis), rate)
            spectrum += fft.rfft(glottis * share, n_fft) * _formant_response(hz, formants, singer.formants)
    return fft.irfft(spectrum, n_fft)[: len(glottis)]


def _formant_response(hz, formants, factor):
    """The transfer function of three resonances side by side: second-order band-passes of unit gain."""
    response = np.zeros(len(hz), dtype=np.complex64)
    for centre, width, gain in zip(formants, FORMANT_WIDTHS_HZ, FORMANT_GAINS, strict=True):
        centre = np.float32(centre * factor)
        response += gain / (1 + 1j * (centre / width) * (hz / centre - centre / hz))
    return response


def _consonants(line, n_samples, rate, rng):
    """Short noises before the notes: of each syllable one of the bands, or none."""
    hiss = np.zeros(n_samples, dtype=np.float32)
    kinds = rng.integers(len(CONSONANT_BANDS_HZ) + 1, size=len(line))
    for number, (low, high) in enumerate(CONSONANT_BANDS_HZ):
        bursts = np.zeros(n_samples, dtype=np.float32)
        for (start, *_, velocity), kind in zip(line, kinds, strict=True):
            if kind == number:
                first, length = max(0, int((start - 0.03) * rate)), int(0.06 * rate)
                window = np.hanning(length).astype(np.float32)[: n_samples - first]
                bursts[first : first + len(window)] += velocity * window
        if bursts.any():
            hiss += bursts * sounds.band(sounds.noise(n_samples, rng), low, high, rate)
    return hiss
