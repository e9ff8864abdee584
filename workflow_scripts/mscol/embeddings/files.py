"""Embed one audio file."""

import numpy as np

from mscol.embeddings.prediction import predict
from mscol.errors import AudioError
from mscol.io.audio import load_mono
from mscol.mels import CROP_FRAMES, SHORTEST_SAMPLES
from mscol.mels.framing import FRAMINGS, framing_of

_FILE_BATCH = 32  # windows of one file at a time: half a minute of audio


def embed_file(path, encoder):
    """Embed one audio file, of any format and rate that `mscol.io.audio` decodes.

    Parameters
    ----------
    path : str or os.PathLike
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.

    Returns
    -------
    np.ndarray, shape=(n_windows, D), float32
        One row a window of 98 frames, hop 98: row i begins at 0.98 i seconds. What is left at the end is not used. Of a
        ``cvsm`` encoder: five a slice of 5 s, so that row i begins at i seconds.

    Raises
    ------
    AudioError
        If the file cannot be decoded, or is shorter than one window (15,920 samples at 16 kHz).

    Examples
    --------
    >>> encoder = load_encoder("models/bass_vocals/seed0/encoder.keras")  # doctest: +SKIP
    >>> embed_file("song.mp3", encoder).mean(axis=0).shape  # doctest: +SKIP
    (1280,)
    """
    windows = window_log_mels(load_mono(path), path, framing_of(encoder))
    return predict(encoder, windows[..., None], min(_FILE_BATCH, len(windows)))


def window_log_mels(waveform, path, framing=FRAMINGS["mscol"]):
    """Cut a waveform's log-mels into windows.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        16 kHz.
    path : str or os.PathLike
        Whose it is, for the error.
    framing : mscol.mels.framing.Framing

    Returns
    -------
    np.ndarray, shape=(n_windows, 98, 64), float32

    Raises
    ------
    AudioError
        If it is shorter than one window.
    """
    if len(waveform) < SHORTEST_SAMPLES:
        raise AudioError(
            f"{path}: too short ({len(waveform)} samples at 16 kHz); a window takes {SHORTEST_SAMPLES}, about a second"
        )
    mel = framing.log_mel(waveform)
    starts = framing.window_starts(np.arange(framing.count_windows(len(mel))))
    return mel[starts[:, None] + np.arange(CROP_FRAMES)]
