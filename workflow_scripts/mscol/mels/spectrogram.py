"""Compute log-mel spectrograms like `tf.signal`, without TensorFlow.

The conventions are those of ``tf.signal.linear_to_mel_weight_matrix``: HTK mel scale, triangles linear
in mel, no area normalisation, the DC bin at zero. librosa's triangles are linear in Hz and differ.
Everything is float32, and the waveform is mono at 16 kHz.
"""

import functools

import numpy as np
import scipy.fft

from mscol.errors import AudioError
from mscol.io.audio import ANALYSIS_RATE
from mscol.mels.normalising import local_inverse_norms

# MSCOL_SMC23 cola/data.py, extract_log_mel_spectrogram
WINDOW_SAMPLES = 400  # 25 ms
HOP_SAMPLES = 160  # 10 ms
FFT_SAMPLES = 1024
N_MELS = 64
LOWEST_HZ, HIGHEST_HZ = 60.0, 7800.0
FLOOR, CEILING = 1e-5, 1e8

CROP_FRAMES = 98  # input of the encoder: about 1 s
SEGMENT_FRAMES = 392  # anchor and positive are drawn from one segment: about 4 s
SHORTEST_SAMPLES = WINDOW_SAMPLES + (CROP_FRAMES - 1) * HOP_SAMPLES  # one crop: 15,920 samples

_SUMMED_SAMPLES = 1024
_GROUPED_BANDS = 16
_BLOCK_FRAMES = 128  # frames transformed at a time: about 1 MB, which fits caches


def log_mel(waveform, normalise_seconds=None, slice_seconds=None):
    """Compute the log-mel spectrogram of a mono waveform.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        Samples at 16 kHz; divided by their L2 norm here.
    normalise_seconds : float, optional
        Scale a longer waveform, at each position, to the level of a clip of this many seconds
        (`mscol.mels.normalising`). By default, divide all samples by the norm of the whole.
    slice_seconds : float, optional
        First cut the waveform into slices of this length, pad the last one with zeros, and divide each
        by its own norm. CVSM's encoders use slices of 5 s.

    Returns
    -------
    np.ndarray, shape=(n_frames, 64), float32
        Natural logarithm of mel magnitudes, which are first clipped to [1e-5, 1e8]; ``n_frames`` is
        ``1 + (n_samples - 400) // 160``, and 0 for fewer than 400 samples. With slices, the concatenated frames of
        all slices: 498 for each slice of 5 s.

    Raises
    ------
    AudioError
        If the waveform is not one-dimensional, a sample is not finite, or slices are shorter than an STFT window.

    References
    ----------
    MSCOL_SMC23 cola/data.py, extract_log_mel_spectrogram.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    if waveform.ndim != 1:
        raise AudioError(f"a waveform of shape {waveform.shape} is not mono. Average its channels first.")
    if not np.isfinite(waveform).all():
        raise AudioError("the waveform holds samples that are not finite")
    if slice_seconds is not None:
        return _log_mel_of_slices(waveform, slice_seconds)
    if len(waveform) < WINDOW_SAMPLES:
        return np.empty((0, N_MELS), np.float32)
    waveform = waveform * _inverse_norms(waveform, normalise_seconds)
    windows = np.lib.stride_tricks.sliding_window_view(waveform, WINDOW_SAMPLES)[::HOP_SAMPLES]
    mels = np.empty((len(windows), N_MELS), np.float32)
    padded = np.zeros((min(len(windows), _BLOCK_FRAMES), FFT_SAMPLES), np.float32)
    magnitudes = np.empty((len(padded), FFT_SAMPLES // 2 + 1), np.float32)
    for start in range(0, len(windows), _BLOCK_FRAMES):
        block = windows[start : start + _BLOCK_FRAMES]
        n = len(block)
        np.multiply(block, _hann_window(), out=padded[:n, :WINDOW_SAMPLES])
        np.abs(scipy.fft.rfft(padded[:n], axis=1), out=magnitudes[:n])
        for bins, bands, weights in _mel_groups():
            np.matmul(magnitudes[:n, bins], weights, out=mels[start : start + n, bands])
    return np.log(np.clip(mels, FLOOR, CEILING, out=mels), out=mels)


def _log_mel_of_slices(waveform, seconds):
    """Compute the concatenated log-mels of slices (CVSM, features)."""
    n_samples = round(seconds * ANALYSIS_RATE)
    if n_samples < WINDOW_SAMPLES:
        raise AudioError(f"slices of {seconds:g} s are shorter than a window of 25 ms. Use longer slices.")
    slices = np.pad(waveform, (0, -len(waveform) % n_samples)).reshape(-1, n_samples)
    return np.concatenate([np.empty((0, N_MELS), np.float32), *map(log_mel, slices)])


def count_segments(n_frames):
    """Count the segments of 392 frames in a clip; a clip shorter than that is one short segment."""
    return np.maximum(np.asarray(n_frames) // SEGMENT_FRAMES, 1)


def _inverse_norms(waveform, seconds):
    """Return the factor for a waveform, or one factor per sample."""
    if seconds is None or len(waveform) <= seconds * ANALYSIS_RATE:
        return _inverse_l2_norm(waveform)
    return local_inverse_norms(waveform, seconds)


def _inverse_l2_norm(waveform):
    # x * rsqrt(max(sum(x^2), 1e-9)): tf.math.l2_normalize(x, epsilon=1e-9)
    # Summed in float64, because the error of a float32 sum over half a million samples is visible in the mels;
    # float32 sums of about a thousand samples are exact enough.
    whole = len(waveform) // _SUMMED_SAMPLES * _SUMMED_SAMPLES
    parts = waveform[:whole].reshape(-1, _SUMMED_SAMPLES)
    energy = np.einsum("ij,ij->i", parts, parts).sum(dtype=np.float64)
    energy += np.square(waveform[whole:], dtype=np.float64).sum()
    if not np.isfinite(energy):  # squares overflow float32
        energy = np.square(waveform, dtype=np.float64).sum()
    return np.float32(1 / np.sqrt(max(energy, 1e-9)))


@functools.cache
def _hann_window():
    # Periodic, as tf.signal.hann_window is by default
    phase = 2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


def _hz_to_mel(hz, log):
    return np.float32(1127) * log(np.float32(1) + np.asarray(hz, np.float32) / np.float32(700))


def _log_rounded(values):
    # For a single value, TensorFlow uses the C library's logarithm, correctly rounded.
    return np.log(np.asarray(values, np.float64)).astype(np.float32)


def _log_vectorised(values):
    """Approximate the natural logarithm of an array in float32 as TensorFlow does, to the last bit.

    A mel value near 2,800 is stored in steps of 0.0002, so one bit of the logarithm changes a weight by
    6e-6. With a more accurate logarithm, the mel magnitudes of a pure tone differ from TensorFlow's by more
    than 2e-6. With the same one, they agree to 5e-7.

    References
    ----------
    The rational approximation of log(1 + x) on [sqrt(1/2) - 1, sqrt(2) - 1] that Eigen uses (coefficients
    from Eigen, GenericPacketMathFunctions.h, plog_impl_float).
    """
    mantissa, exponent = np.frexp(values)
    low = mantissa < np.float32(np.sqrt(0.5))
    x = np.where(low, 2 * mantissa, mantissa) - np.float32(1)
    numerator = np.polyval(np.array([0.18256296, 1.00000002, 1.00000002], np.float32), x)
    denominator = np.polyval(np.array([0.049616248, 0.5992325, 1.5, 1.0], np.float32), x)
    return x * numerator / denominator + (exponent - low).astype(np.float32) * np.float32(np.log(2))


@functools.cache
def _mel_groups():
    """Group neighbouring bands with the bins that contribute to them: most of the whole matrix is zero.

    Returns
    -------
    list of tuple
        A slice of bins, a slice of bands, and the part of `mel_weights` for both.
    """
    groups = []
    for first in range(0, N_MELS, _GROUPED_BANDS):
        bands = slice(first, first + _GROUPED_BANDS)
        heard = np.flatnonzero(mel_weights()[:, bands].any(axis=1))
        bins = slice(heard[0], heard[-1] + 1)
        groups.append((bins, bands, np.ascontiguousarray(mel_weights()[bins, bands])))
    return groups


@functools.cache
def mel_weights():
    """Build the matrix that turns 513 linear frequency bins into 64 mel bands.

    Returns
    -------
    np.ndarray, shape=(513, 64), float32

    References
    ----------
    The conventions of tf.signal.linear_to_mel_weight_matrix (its documentation).
    """
    # In float32 throughout, as tf.signal does (see `_log_vectorised`).
    bins_hz = np.linspace(0, ANALYSIS_RATE / 2, FFT_SAMPLES // 2 + 1)
    bins_mel = _hz_to_mel(bins_hz, _log_vectorised)[:, None]
    lowest_mel, highest_mel = _hz_to_mel([LOWEST_HZ, HIGHEST_HZ], _log_rounded)
    edges_mel = np.linspace(lowest_mel, highest_mel, N_MELS + 2, dtype=np.float32)
    lower, centre, upper = edges_mel[:-2], edges_mel[1:-1], edges_mel[2:]
    rising = (bins_mel - lower) / (centre - lower)
    falling = (upper - bins_mel) / (upper - centre)
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    return weights.astype(np.float32)
