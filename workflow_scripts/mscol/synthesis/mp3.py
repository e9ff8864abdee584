"""Writing mp3 through libsndfile."""

import os

import soundfile


def write_mp3(path, waveform, rate, kilobits):
    """Write an mp3 of constant bit rate.

    Parameters
    ----------
    path : str or os.PathLike
        Its folder must exist.
    waveform : np.ndarray, shape=(n_samples,) or (n_samples, n_channels)
    rate : int
        Hz.
    kilobits : int
        A second.
    """
    # libsndfile's level runs from 0, the highest rate of the MPEG version, to 1, the lowest.
    highest, lowest = (320, 32) if rate >= 32_000 else (160, 8)
    soundfile.write(
        os.fspath(path), waveform, rate, format="MP3", subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT", compression_level=(highest - kilobits) / (highest - lowest),
    )  # fmt: skip
