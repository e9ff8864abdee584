"""Baselines: representations without training, as functions of a waveform."""

import librosa
import numpy as np

from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import CROP_FRAMES, HOP_SAMPLES

N_MFCC = 20
WINDOW_SAMPLES = CROP_FRAMES * HOP_SAMPLES  # about a second, like the windows of the encoders


def mfcc(waveform):
    """Describe each second by statistics of its mel-frequency cepstral coefficients (MFCC).

    The 120 values are mean and standard deviation over the second of 20 coefficients and of their first and
    second differences. A learned representation should do better than this baseline.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,), float32
        16 kHz.

    Returns
    -------
    np.ndarray, shape=(n_windows, 120), float32
        Consecutive windows of 98 hops of 10 ms. A shorter waveform gives one window; it needs at least nine
        frames (1,280 samples) for the differences.
    """
    n_windows = max(1, len(waveform) // WINDOW_SAMPLES)
    coefficients = librosa.feature.mfcc(
        y=waveform,
        sr=ANALYSIS_RATE,
        n_mfcc=N_MFCC,
        n_fft=512,
        win_length=400,
        hop_length=HOP_SAMPLES,
        n_mels=64,
    )
    parts = [coefficients, librosa.feature.delta(coefficients), librosa.feature.delta(coefficients, order=2)]
    frames = np.concatenate(parts).T[: n_windows * CROP_FRAMES]
    windows = frames.reshape(n_windows, -1, frames.shape[-1])
    return np.concatenate([windows.mean(axis=1), windows.std(axis=1)], axis=1).astype(np.float32)
