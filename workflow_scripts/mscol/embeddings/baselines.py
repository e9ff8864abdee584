"""Baselines: representations that nothing was trained for, as functions of a waveform."""

import librosa
import numpy as np

from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import CROP_FRAMES, HOP_SAMPLES

N_MFCC = 20
WINDOW_SAMPLES = CROP_FRAMES * HOP_SAMPLES  # about a second, as the windows of the encoders


def mfcc(waveform):
    """Describe each second by statistics of its mel-frequency cepstral coefficients.

    Of 20 coefficients and their first and second differences, mean and standard deviation over the
    second: 120 values. It is what a learned representation has to beat.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,), float32
        16 kHz.

    Returns
    -------
    np.ndarray, shape=(n_windows, 120), float32
        Windows of 98 hops of 10 ms, one after another; a waveform that is shorter has one. It must hold nine
        frames (1,280 samples), of which the differences are taken.
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
