"""Building blocks of all sounds: waves of one period, noise, bands and envelopes.

Conventions: waveforms are float32 of shape ``(n_samples,)``, frequencies are in Hz, times in seconds,
``rate`` is the sample rate in Hz and ``rng`` a `numpy.random.Generator`. Nothing loops over samples.
"""

import zlib

import numpy as np
from scipy import signal

TABLE_SAMPLES = 4096  # keeps the error of nearest-sample look-up below -60 dB
NYQUIST_SHARE = 0.45  # of the sample rate; upper limit of partials


def generator(*parts):
    """Create a random generator that depends only on ``parts`` (integers and strings).

    >>> generator(0, "mtat", 3).integers(1000) == generator(0, "mtat", 3).integers(1000)
    np.True_
    """
    return np.random.default_rng(
        [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in parts]
    )


def hertz(midi):
    """Convert MIDI note numbers to frequencies (69 is 440 Hz)."""
    return 440.0 * 2.0 ** ((np.asarray(midi, dtype=np.float64) - 69.0) / 12.0)


def draw(ranges, rng):
    """Draw one value from each range of a dict of (lowest, highest)."""
    return {key: float(rng.uniform(*span)) for key, span in ranges.items()}


def wavetable(numbers, amplitudes, phases):
    """Compute one period, shape ``(TABLE_SAMPLES,)``, from partials with the harmonic ``numbers``."""
    spectrum = np.zeros(TABLE_SAMPLES // 2 + 1, dtype=np.complex128)
    spectrum[numbers] = amplitudes * np.exp(1j * phases) * TABLE_SAMPLES / 2
    return np.fft.irfft(spectrum).astype(np.float32)


def look_up(tables, phase):
    """Read several `wavetable` results at the same phase in periods, shape ``(n_samples,)`` each."""
    index = (phase * TABLE_SAMPLES).astype(np.int64) & (TABLE_SAMPLES - 1)
    return [table.take(index) for table in tables]


def noise(n_samples, rng):
    """Draw white noise of unit variance."""
    return rng.standard_normal(n_samples, dtype=np.float32)


def band(sound, low, high, rate):
    """Keep the frequencies from ``low`` to ``high`` Hz, or all above ``low`` if ``rate`` is too low for ``high``."""
    top = NYQUIST_SHARE * rate
    low = min(low, 0.8 * top)
    edges, kind = ((low, high), "bandpass") if high < top else (low, "highpass")
    sections = signal.butter(2, edges, kind, fs=rate, output="sos")
    # In double precision: in single precision, denormal numbers in the decaying tail make it four times as slow.
    return signal.sosfilt(sections, sound.astype(np.float64)).astype(np.float32)


def swell(sound, attack, release, rate):
    """Fade a sound in over ``attack`` seconds and out over its last ``release`` seconds, in place."""
    rise = min(int(attack * rate), len(sound) // 3) + 1
    fall = min(int(release * rate) + 1, len(sound))
    sound[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)[: len(sound)]
    sound[len(sound) - fall :] *= np.linspace(1, 0, fall, dtype=np.float32)
    return sound


def peak_to_one(sound):
    """Scale a sound so that its largest absolute sample is 1 (silence stays silent)."""
    peak = np.abs(sound).max(initial=0.0)
    return sound / peak if peak > 0 else sound
