"""Multitrack songs for training a separator: folders ``{song}/{bass,drums,other,vocals}.wav`` at 44.1 kHz."""

import logging
from pathlib import Path

import numpy as np

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.separation import STEMS

VALIDATION_EVERY = 8  # every eighth song is held out for validation
SILENT_PEAK = 1e-4  # -80 dB of full scale: a stem below it counts as silent


def load_songs(folder, nb_channels, shortest_samples):
    """Load all songs in a folder, in the order of their names.

    Parameters
    ----------
    folder : str or os.PathLike
    nb_channels : int
        1 averages the channels.
    shortest_samples : int
        Minimum number of samples of a song.

    Returns
    -------
    list of np.ndarray, shape=(4, nb_channels, n_samples), float32
        Stems in the order of `STEMS`.

    Raises
    ------
    SeparationError
        If there are fewer than two songs, or a song lacks a stem or is too short.
    """
    folders = sorted(path for path in Path(folder).glob("*") if path.is_dir())
    if len(folders) < 2:
        raise SeparationError(
            f"{folder}: {len(folders)} songs with stems. Training a separator needs at least two."
        )
    return [_load_song(path, nb_channels, shortest_samples) for path in folders]


def _load_song(folder, nb_channels, shortest_samples):
    stems = []
    for stem in STEMS:
        path = folder / f"{stem}.wav"
        if not path.is_file():
            raise SeparationError(f"{path}: there is no such stem. A song needs {', '.join(STEMS)}.")
        waveform = audio.load_stereo(path).T
        stems.append(waveform.mean(axis=0, keepdims=True) if nb_channels == 1 else waveform)
    n_samples = min(waveform.shape[1] for waveform in stems)
    if n_samples < shortest_samples:
        seconds = shortest_samples / audio.SEPARATION_RATE
        raise SeparationError(
            f"{folder}: shorter than a training sequence ({seconds} s). Leave the song out."
        )
    return np.stack([waveform[:, :n_samples] for waveform in stems])


def split_songs(songs, target):
    """Split songs into training and validation songs: every eighth, or else the last one, is for validation.

    If the target is silent in all validation songs, a loss relative to its energy is meaningless. Then all songs are for
    training, and those in which the target sounds are also for validation.

    Parameters
    ----------
    songs : list of np.ndarray
        From `load_songs`.
    target : int
        Index into `STEMS`.

    Returns
    -------
    train, validation : list of np.ndarray

    Raises
    ------
    SeparationError
        If the target sounds in none of the songs.
    """
    sounding = [index for index, song in enumerate(songs) if np.abs(song[target]).max() > SILENT_PEAK]
    if not sounding:
        raise SeparationError("is silent in all songs, so no separator can be trained for it")
    kept = set(range(VALIDATION_EVERY - 1, len(songs), VALIDATION_EVERY)) or {len(songs) - 1}
    if kept.isdisjoint(sounding):
        logging.warning(
            "The target is silent in all validation songs. It is validated on the %d songs in which it sounds, "
            "which are also training songs.",
            len(sounding),
        )
        return songs, [songs[index] for index in sounding]
    return (
        [song for index, song in enumerate(songs) if index not in kept],
        [song for index, song in enumerate(songs) if index in kept],
    )
