"""Apply perturbations to a waveform: mono at 16 kHz, float32. The length stays the same.

Nothing is normalised, and only `clip_share` clips: samples above full scale stay there.
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

# Samples of delay of LAME's encoder and of any decoder (LAME, technical FAQ: 576 and 528 + 1)
_MP3_DELAY = 576 + 529
_LOWPASS_ORDER = 8


def perturber(name):
    """Return `perturb` for a named perturbation: a function of a waveform and the clip's id."""
    perturbation = parse_perturbation(name)
    return lambda waveform, clip: perturb(waveform, perturbation, clip)


def perturb(waveform, perturbation, clip):
    """Perturb a clip. The result is always the same.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,), float32
        16 kHz.
    perturbation : mscol.perturbations.grammar.Perturbation
    clip : str
        Id of the clip. Together with the name of the perturbation it seeds the noise, so all models hear the same.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32

    Raises
    ------
    AudioError
        If nothing audible is left, or a library fails on this clip.
    """
    drawn = [generator_of(perturbation, clip)] if perturbation.kind == "noise" else []
    try:
        perturbed = EFFECTS[perturbation.kind](waveform, perturbation.amount, *drawn)
    except (AudioError, soundfile.LibsndfileError, librosa.ParameterError) as error:
        raise AudioError(f"{clip}: {perturbation.name} failed ({error})") from error
    if len(perturbed) != len(waveform) or not np.isfinite(perturbed).all():
        raise AudioError(
            f"{clip}: {perturbation.name} returned samples that are not finite, or too few samples"
        )
    return perturbed.astype(np.float32, copy=False)


def generator_of(perturbation, clip):
    """Return the random generator of a clip's noise."""
    digest = hashlib.sha256(f"{perturbation.name}/{clip}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def add_noise(waveform, decibels, generator):
    """Add white Gaussian noise at a signal-to-noise ratio over the clip as a whole; silence stays silent."""
    noise = generator.standard_normal(len(waveform), np.float32)
    power = np.square(waveform, dtype=np.float64).mean()
    return waveform + noise * np.float32(np.sqrt(power) * 10 ** (-decibels / 20))


def apply_gain(waveform, decibels):
    """Make a clip louder or quieter."""
    return waveform * np.float32(10 ** (decibels / 20))


def clip_share(waveform, percent):
    """Clip at the level that this percentage of the samples exceeds."""
    magnitudes = np.abs(waveform)
    level = np.percentile(magnitudes, 100 - percent)
    if level == 0 and magnitudes.any():
        raise AudioError(f"more than {100 - percent:g} % of its samples are zero, so nothing would be left")
    return np.clip(waveform, -level, level)


def code_as_mp3(waveform, kilobits):
    """Encode as mp3 with a constant bit rate and decode it, aligned in time with the input."""
    file = io.BytesIO(encode_mp3(waveform, kilobits))
    decoded, _ = soundfile.read(file, dtype="float32")
    # Decoders remove delay and padding if an Info frame states them; at a low bit rate, that frame is too small to do so.
    start = _MP3_DELAY if len(decoded) > len(waveform) else 0
    return decoded[start : start + len(waveform)]


def shift_pitch(waveform, semitones):
    """Shift the pitch and keep the tempo, by a phase vocoder and resampling."""
    return librosa.effects.pitch_shift(waveform, sr=ANALYSIS_RATE, n_steps=semitones)


def filter_lowpass(waveform, cutoff):
    """Apply a Butterworth low-pass of order 8 forwards and backwards: no delay, -6 dB at the cut-off, -96 dB an octave above."""
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
