"""The computation of an exported encoder, on any backend of Keras: from log-mel crops, or from waveforms.

Sizes stay symbolic, so that a trace is valid for any number of crops, clips and samples. Integer divisions have no negative
operands, because ONNX rounds toward zero and the other formats round down.
"""

import functools

import numpy as np
from keras import ops

from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import (
    CEILING,
    CROP_FRAMES,
    FFT_SAMPLES,
    FLOOR,
    HOP_SAMPLES,
    N_MELS,
    SHORTEST_SAMPLES,
    WINDOW_SAMPLES,
    mel_weights,
)
from mscol.mels.framing import framing_of


def embed_crops(encoder, crops):
    """Embed log-mel crops, shape (crops, 98, 64, 1) -> (crops, values)."""
    return encoder(crops, training=False)


def embed_waveforms(encoder, waveforms):
    """Embed waveforms as `mscol.embeddings.embed_file` does with ``normalise="file"``.

    Parameters
    ----------
    encoder : keras.Model
    waveforms : tensor, shape=(clips, n_samples), float32
        16 kHz, at least 15,920 samples. Each is divided by its L2 norm here; for a ``cvsm`` encoder, each slice is divided by its own.

    Returns
    -------
    tensor, shape=(clips, n_windows, values), float32
    """
    slice_seconds = framing_of(encoder).slice_seconds
    windows = _windows_of_slices(waveforms, slice_seconds) if slice_seconds else _windows(waveforms)
    n_clips, n_windows = ops.shape(windows)[:2]
    values = encoder(ops.reshape(windows, (-1, CROP_FRAMES, N_MELS, 1)), training=False)
    return ops.reshape(values, (n_clips, n_windows, encoder.output_shape[-1]))


def _windows(waveforms):
    """Compute log-mels of consecutive windows, shape (clips, windows, 98, 64); the rest at the end is not used."""
    hop_samples = CROP_FRAMES * HOP_SAMPLES
    overlap = SHORTEST_SAMPLES - hop_samples
    n_clips, n_samples = ops.shape(waveforms)
    n_windows = (n_samples - overlap) // hop_samples
    used = _normalise(waveforms)[:, : n_windows * hop_samples + overlap]
    return ops.reshape(_log_mels(used), (n_clips, n_windows, CROP_FRAMES, N_MELS))


def _windows_of_slices(waveforms, slice_seconds):
    """Compute log-mels of the seconds of slices, shape (clips, seconds, 98, 64): those that `Framing.log_mel` keeps."""
    size = slice_seconds * ANALYSIS_RATE
    n_clips, n_samples = ops.shape(waveforms)
    n_slices, rest = (
        n_samples // size + 2,
        n_samples % size,
    )  # always more than one: otherwise torch's tracer refuses a single one
    is_used = (rest + size - SHORTEST_SAMPLES) // size  # 1, or 0 if the last slice is too short
    n_seconds = n_samples // size * slice_seconds + is_used * ((rest + ANALYSIS_RATE - 1) // ANALYSIS_RATE)
    filled = ops.pad(waveforms, [[0, 0], [0, 2 * size]])[:, : n_slices * size]
    slices = _normalise(ops.reshape(filled, (-1, size)))
    seconds = ops.reshape(slices, (n_clips, n_slices * slice_seconds, ANALYSIS_RATE))[:, :n_seconds]
    windows = ops.reshape(seconds[..., :SHORTEST_SAMPLES], (-1, SHORTEST_SAMPLES))
    return ops.reshape(_log_mels(windows), (n_clips, n_seconds, CROP_FRAMES, N_MELS))


def _normalise(waveforms):
    """Divide waveforms by their L2 norms, as `mscol.mels.log_mel` does."""
    energies = ops.sum(ops.square(waveforms), axis=-1, keepdims=True)
    return waveforms * ops.rsqrt(ops.maximum(energies, 1e-9))


def _log_mels(waveforms):
    """Compute log-mels, shape (n, samples) -> (n, frames, 64), with the Fourier transform as a convolution, which every runtime has."""
    spectra = ops.conv(waveforms[..., None], ops.convert_to_tensor(_fourier_kernels()), strides=HOP_SAMPLES)
    real, imaginary = ops.split(spectra, 2, axis=-1)
    magnitudes = ops.sqrt(ops.square(real) + ops.square(imaginary))
    return ops.log(ops.clip(ops.matmul(magnitudes, ops.convert_to_tensor(mel_weights())), FLOOR, CEILING))


@functools.cache
def _fourier_kernels():
    """Return the cosines, then the sines, of each bin, times a periodic Hann window, shape (400, 1, 1026), float32."""
    n = np.arange(WINDOW_SAMPLES)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW_SAMPLES)
    phases = 2 * np.pi * np.outer(n, np.arange(FFT_SAMPLES // 2 + 1)) / FFT_SAMPLES
    kernels = np.concatenate([np.cos(phases), np.sin(phases)], axis=1) * window[:, None]
    return kernels[:, None].astype(np.float32)
