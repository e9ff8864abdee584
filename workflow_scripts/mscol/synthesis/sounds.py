"""The building blocks of all instruments: partials, wavetables, envelopes, noise and resonances.

Conventions: waveforms are float32 of shape ``(n_samples,)``, frequencies are in Hz, times in seconds,
``rate`` is the sample rate in Hz and ``rng`` a `numpy.random.Generator`. Nothing loops over samples.
"""

import zlib

import numpy as np
from scipy import signal

TABLE_SAMPLES = 4096  # nearest-sample look-up then errs by less than -60 dB
NYQUIST_SHARE = 0.45  # of the sample rate; no partial lies above


def generator(*parts):
    """Make a random generator that depends on ``parts`` (integers and strings) alone.

    >>> generator(0, "mtat", 3).integers(1000) == generator(0, "mtat", 3).integers(1000)
    np.True_
    """
    return np.random.default_rng(
        [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in parts]
    )


def hertz(midi):
    """Turn MIDI note numbers into frequencies (69 is 440 Hz)."""
    return 440.0 * 2.0 ** ((np.asarray(midi, dtype=np.float64) - 69.0) / 12.0)


def decaying_partials(frequencies, amplitudes, decays, n_samples, rate, rng):
    """Sum sine waves that each die away by itself: the sound of a string or bar left to ring.

    Parameters
    ----------
    frequencies, amplitudes, decays : array_like, shape=(n_partials,)
        Hz; linear; seconds until a partial has fallen to 1/e. Partials too high for ``rate`` are left out.
    n_samples, rate : int
    rng : np.random.Generator
        Draws the phases.
    """
    seconds = np.arange(n_samples, dtype=np.float32) / np.float32(rate)
    sound = np.zeros(n_samples, dtype=np.float32)
    phases = rng.uniform(0, 2 * np.pi, len(frequencies))
    for frequency, amplitude, decay, phase in zip(frequencies, amplitudes, decays, phases, strict=True):
        if frequency < NYQUIST_SHARE * rate:
            # After seven time constants nothing is left to hear.
            t = seconds[: int(7 * decay * rate) + 1]
            sound[: len(t)] += (
                np.float32(amplitude) * np.exp(t * np.float32(-1 / decay))
                * np.sin(t * np.float32(2 * np.pi * frequency) + np.float32(phase))
            )  # fmt: skip
    return sound


def harmonic_series(frequency, rate, most=48):
    """The harmonics 1, 2, ... of ``frequency`` that ``rate`` can carry, at most ``most`` and at least one."""
    return np.arange(1, max(2, min(most, int(NYQUIST_SHARE * rate / frequency)) + 1))


def wavetable(amplitudes, rng):
    """One period, shape ``(TABLE_SAMPLES,)``, of the harmonics 1, 2, ... with random phases."""
    spectrum = np.zeros(TABLE_SAMPLES // 2 + 1, dtype=np.complex128)
    phases = rng.uniform(0, 2 * np.pi, len(amplitudes))
    spectrum[1 : len(amplitudes) + 1] = amplitudes * np.exp(1j * phases) * TABLE_SAMPLES / 2
    return np.fft.irfft(spectrum).astype(np.float32)


def phase_of(frequency, rate):
    """The running phase, in periods, of an instantaneous frequency of shape ``(n_samples,)``."""
    return np.cumsum(frequency / rate)


def look_up(table, phase):
    """Read a `wavetable` at a phase in periods, shape ``(n_samples,)``."""
    return table[(phase * TABLE_SAMPLES).astype(np.int64) & (TABLE_SAMPLES - 1)]


def breakpoints(times, values, n_samples, rate):
    """Straight lines through (time in seconds, value), shape ``(n_samples,)``."""
    samples = np.asarray(times) * rate
    return np.interp(np.arange(n_samples), samples, values).astype(np.float32)


def swell(n_samples, rate, attack, release):
    """An envelope that rises in ``attack`` seconds, stays at 1 and ends with ``release`` seconds of fall."""
    end = n_samples / rate
    attack = min(attack, 0.4 * end)
    return breakpoints([0, attack, max(attack, end - release), end], [0, 1, 1, 0], n_samples, rate)


def noise(n_samples, rng):
    """White noise of unit variance."""
    return rng.standard_normal(n_samples, dtype=np.float32)


def resonate(sound, centre, bandwidth, rate):
    """Pass a sound through one resonance (two poles, unit gain at its centre)."""
    centre = min(centre, NYQUIST_SHARE * rate)
    b, a = signal.iirpeak(centre, max(centre / bandwidth, 0.3), fs=rate)
    # In double precision: in single, the decaying tail meets denormal numbers and takes four times as long.
    return signal.lfilter(b, a, sound.astype(np.float64)).astype(np.float32)


def band(sound, low, high, rate, order=2):
    """Keep the frequencies between ``low`` and ``high`` Hz; None leaves a side open."""
    top = NYQUIST_SHARE * rate
    if low is not None:
        low = min(low, 0.8 * top)
    if high is not None and high >= top:
        high = None
    if low is None and high is None:
        return sound
    kind = "lowpass" if low is None else "highpass" if high is None else "bandpass"
    edges = high if low is None else low if high is None else (low, high)
    sections = signal.butter(order, edges, kind, fs=rate, output="sos")
    return signal.sosfilt(sections, sound.astype(np.float64)).astype(np.float32)


def peak_to_one(sound):
    """Scale a sound so that its largest absolute sample is 1 (silence stays silent)."""
    peak = np.abs(sound).max(initial=0.0)
    return sound / peak if peak > 0 else sound
