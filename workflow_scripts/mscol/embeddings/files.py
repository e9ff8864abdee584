"""Embed one audio file."""

import numpy as np

from mscol.embeddings.prediction import predict
from mscol.errors import AudioError, ConfigError
from mscol.io.audio import load_mixture
from mscol.mels import CROP_FRAMES, SHORTEST_SAMPLES
from mscol.mels.framing import FRAMINGS, framing_of
from mscol.mels.normalising import FILE, seconds_of

_FILE_BATCH = 32  # windows of one file at a time: half a minute of audio


def embed_file(path, encoder, normalise=None):
    """Embed one audio file of any format and sampling rate that `mscol.io.audio` decodes.

    Parameters
    ----------
    path : str or os.PathLike
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.
    normalise : float or str, optional
        Clip length, in seconds, whose level a longer recording is scaled to (`mscol.mels.normalising`), or ``file`` to
        divide each recording by the norm of the whole. The default is the length of the encoder's training clips, or
        ``file`` if it is unknown.

    Returns
    -------
    np.ndarray, shape=(n_windows, D), float32
        One row per window of 98 frames, hop 98: row i begins at 0.98 i seconds. A shorter rest at the end is not used. A
        ``cvsm`` encoder has five windows per slice of 5 s, so that row i begins at i seconds.

    Raises
    ------
    AudioError
        If the file cannot be decoded, or is shorter than one window (15,920 samples at 16 kHz).
    ConfigError
        If ``normalise`` is neither ``file`` nor a number of at least 1, or if it is set for a ``cvsm`` encoder.

    Examples
    --------
    >>> encoder = load_encoder("models/bass_vocals/seed0/encoder.keras")  # doctest: +SKIP
    >>> embed_file("song.mp3", encoder).mean(axis=0).shape  # doctest: +SKIP
    (1280,)
    """
    seconds = normalise_seconds(encoder, normalise)
    windows = window_log_mels(load_mixture(path), path, framing_of(encoder), seconds)
    return predict(encoder, windows[..., None], min(_FILE_BATCH, len(windows)))


def normalise_seconds(encoder, normalise=None):
    """Return the clip length whose level recordings are scaled to, in seconds; None for whole files (or for slices).

    Parameters
    ----------
    encoder, normalise
        As for `embed_file`.

    Raises
    ------
    ConfigError
        As `embed_file`.
    """
    if framing_of(encoder).slice_seconds:
        if normalise is not None:
            raise ConfigError(
                "normalise: not used by cvsm encoders, which divide each slice by its own norm. Leave it out."
            )
        return None
    if normalise is None:
        normalise = getattr(encoder, "clip_seconds", None) or FILE
    return seconds_of(normalise)


def window_log_mels(waveform, path, framing=FRAMINGS["mscol"], seconds=None):
    """Cut a waveform's log-mels into windows.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        16 kHz.
    path : str or os.PathLike
        Path of the waveform's file, for the error message.
    framing : mscol.mels.framing.Framing
    seconds : float, optional
        From `normalise_seconds`.

    Returns
    -------
    np.ndarray, shape=(n_windows, 98, 64), float32

    Raises
    ------
    AudioError
        If the waveform is shorter than one window.
    """
    if len(waveform) < SHORTEST_SAMPLES:
        raise AudioError(
            f"{path}: too short ({len(waveform)} samples at 16 kHz). A window needs {SHORTEST_SAMPLES}, about a second."
        )
    mel = framing.log_mel(waveform, seconds)
    starts = framing.window_starts(np.arange(framing.count_windows(len(mel))))
    return mel[starts[:, None] + np.arange(CROP_FRAMES)]
