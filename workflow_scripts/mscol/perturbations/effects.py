"""What perturbations do to a waveform: mono at 16 kHz, float32, of the same length afterwards.

Nothing is normalised, and nothing but `clip_share` clips: what is louder than full scale stays so.
"""

import hashlib
import io

import librosa
import numpy as np
import scipy.signal
import soundfile

from mscol.errors import AudioError
from mscol.io.audio import ANALYSIS_RATE, encode_mp3
from mscol.perturbations.grammar import parse_perturbation

# Of LAME's encoder and of any decoder (LAME, technical FAQ: 576 samples and 528 + 1)
_MP3_DELAY = 576 + 529
_LOWPASS_ORDER = 8


def perturber(name):
    """Return `perturb` of one perturbation, by its name: a function of a waveform and the clip's id."""
    perturbation = parse_perturbation(name)
    return lambda waveform, clip: perturb(waveform, perturbation, clip)


def perturb(waveform, perturbation, clip):
    """Perturb a clip, always in the same way.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,), float32
        16 kHz.
    perturbation : mscol.perturbations.grammar.Perturbation
    clip : str
        Its id: with the name of the perturbation it seeds the noise, so that all models hear the same.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32

    Raises
    ------
    AudioError
        If nothing that can be heard is left, or a library fails on this clip.
    """
    drawn = [generator_of(perturbation, clip)] if perturbation.kind == "noise" else []
    try:
        perturbed = EFFECTS[perturbation.kind](waveform, perturbation.amount, *drawn)
    except (AudioError, soundfile.LibsndfileError, librosa.ParameterError) as error:
        raise AudioError(f"{clip}: {perturbation.name} is not possible ({error})") from error
    if len(perturbed) != len(waveform) or not np.isfinite(perturbed).all():
        raise AudioError(f"{clip}: {perturbation.name} gave samples that are not finite, or too few of them")
    return perturbed.astype(np.float32, copy=False)


def generator_of(perturbation, clip):
    """The generator of a clip's noise."""
    digest = hashlib.sha256(f"{perturbation.name}/{clip}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def add_noise(waveform, decibels, generator):
    """Add white Gaussian noise at a signal-to-noise ratio over the clip as a whole; silence stays silent."""
    noise = generator.standard_normal(len(waveform), np.float32)
    power = np.square(waveform, dtype=np.float64).mean()
    return waveform + noise * np.float32(np.sqrt(power) * 10 ** (-decibels / 20))


def apply_gain(waveform, decibels):
    """Make a clip louder or fainter."""
    return waveform * np.float32(10 ** (decibels / 20))


def clip_share(waveform, percent):
    """Clip at the level above which this share of the samples lies."""
    magnitudes = np.abs(waveform)
    level = np.percentile(magnitudes, 100 - percent)
    if level == 0 and magnitudes.any():
        raise AudioError(f"more than {100 - percent:g} % of its samples are zero, and nothing would be left")
    return np.clip(waveform, -level, level)


def code_as_mp3(waveform, kilobits):
    """Encode as mp3 with a constant bit rate, and decode it; times align with what was given."""
    file = io.BytesIO(encode_mp3(waveform, kilobits))
    decoded, _ = soundfile.read(file, dtype="float32")
    # Decoders take delay and padding off where an Info frame tells them; that of a low bit rate is too small to hold it.
    start = _MP3_DELAY if len(decoded) > len(waveform) else 0
    return decoded[start : start + len(waveform)]


def shift_pitch(waveform, semitones):
    """Shift the pitch and keep the tempo: a phase vocoder, then resampling."""
    return librosa.effects.pitch_shift(waveform, sr=ANALYSIS_RATE, n_steps=semitones)


def filter_lowpass(waveform, cutoff):
    """Filter by Butterworth's low-pass of order 8, forth and back: no delay, 6 dB less at the cut-off, 96 dB less an octave above."""
    sections = scipy.signal.butter(_LOWPASS_ORDER, cutoff, fs=ANALYSIS_RATE, output="sos")
    return scipy.signal.sosfiltfilt(sections, waveform)


EFFECTS = {
    "noise": add_noise,
    "gain": apply_gain,
    "clip": clip_share,
    "mp3": code_as_mp3,
    "pitch": shift_pitch,
    "lowpass": filter_lowpass,
}
