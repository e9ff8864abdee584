"""Embed one audio file."""

import numpy as np

from mscol.embeddings.prediction import predict
from mscol.errors import AudioError
from mscol.io.audio import load_mixture
from mscol.mels import CROP_FRAMES, N_MELS, SHORTEST_SAMPLES, log_mel
from mscol.mels.normalising import FILE, seconds_of

_FILE_BATCH = 32  # windows of one file at a time: half a minute of audio


def embed_file(path, encoder, normalise=None):
    """Embed one audio file, of any format and rate that `mscol.io.audio` decodes.

    Parameters
    ----------
    path : str or os.PathLike
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.
    normalise : float or str, optional
        To what length the level of a recording is brought (`mscol.mels.normalising`): seconds, or ``file`` to divide
        each by the norm of the whole, whatever its length. By default that of the clips that the encoder was trained
        on; where it does not say, ``file``.

    Returns
    -------
    np.ndarray, shape=(n_windows, D), float32
        One row a window of 98 frames, hop 98: row i begins at 0.98 i seconds. What is left at the end is not used.

    Raises
    ------
    AudioError
        If the file cannot be decoded, or is shorter than one window (15,920 samples at 16 kHz).
    ConfigError
        If ``normalise`` is neither ``file`` nor a number of at least 1.

    Examples
    --------
    >>> encoder = load_encoder("models/bass_vocals/seed0/encoder.keras")  # doctest: +SKIP
    >>> embed_file("song.mp3", encoder).mean(axis=0).shape  # doctest: +SKIP
    (1280,)
    """
    seconds = normalise_seconds(encoder, normalise)
    windows = window_log_mels(load_mixture(path), path, seconds)
    return predict(encoder, windows[..., None], min(_FILE_BATCH, len(windows)))


def normalise_seconds(encoder, normalise=None):
    """Say to what length the level of recordings is brought: seconds, or None for whole files.

    Parameters
    ----------
    encoder, normalise
        As for `embed_file`.

    Raises
    ------
    ConfigError
        As `embed_file`.
    """
    if normalise is None:
        normalise = getattr(encoder, "clip_seconds", None) or FILE
    return seconds_of(normalise)


def window_log_mels(waveform, path, seconds=None):
    """Cut a waveform's log-mels into windows.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        16 kHz.
    path : str or os.PathLike
        Whose it is, for the error.
    seconds : float, optional
        From `normalise_seconds`.

    Returns
    -------
    np.ndarray, shape=(n_windows, 98, 64), float32

    Raises
    ------
    AudioError
        If it is shorter than one window.
    """
    long_enough = len(waveform) >= SHORTEST_SAMPLES
    mel = log_mel(waveform, normalise_seconds=seconds) if long_enough else np.empty((0, N_MELS), np.float32)
    n_windows = len(mel) // CROP_FRAMES
    if not n_windows:
        raise AudioError(
            f"{path}: too short ({len(waveform)} samples at 16 kHz); a window takes {SHORTEST_SAMPLES}, about a second"
        )
    return mel[: n_windows * CROP_FRAMES].reshape(n_windows, CROP_FRAMES, N_MELS)
