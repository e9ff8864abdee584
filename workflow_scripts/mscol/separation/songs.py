"""Multitrack songs that a separator is trained on: folders ``{song}/{bass,drums,other,vocals}.wav`` at 44.1 kHz."""

import logging
from pathlib import Path

import numpy as np

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.separation import STEMS

VALIDATION_EVERY = 8  # one song in eight is kept from training
SILENT_PEAK = 1e-4  # -80 dB of full scale: a stem below it does not sound


def load_songs(folder, nb_channels, shortest_samples):
    """Load all songs below a folder, in the order of their names.

    Parameters
    ----------
    folder : str or os.PathLike
    nb_channels : int
        1 averages the channels.
    shortest_samples : int
        How many samples a song must have.

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
        raise SeparationError(f"{folder}: {len(folders)} songs with stems; a separator needs two at least")
    return [_load_song(path, nb_channels, shortest_samples) for path in folders]


def _load_song(folder, nb_channels, shortest_samples):
    stems = []
    for stem in STEMS:
        path = folder / f"{stem}.wav"
        if not path.is_file():
            raise SeparationError(f"{path}: there is no such stem; a song needs {', '.join(STEMS)}")
        waveform = audio.load_stereo(path).T
        stems.append(waveform.mean(axis=0, keepdims=True) if nb_channels == 1 else waveform)
    n_samples = min(waveform.shape[1] for waveform in stems)
    if n_samples < shortest_samples:
        seconds = shortest_samples / audio.SEPARATION_RATE
        raise SeparationError(f"{folder}: shorter than a training sequence ({seconds} s); leave the song out")
    return np.stack([waveform[:, :n_samples] for waveform in stems])


def split_songs(songs, target):
    """Split songs into training and validation: every eighth, the last one at least, is for validation.

    Where the target is silent in all of these, a loss relative to its energy says nothing. Then all songs are for training, and
    those in which it sounds for validation, too.

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
        raise SeparationError("sounds in none of the songs; a separator cannot be trained for it")
    kept = set(range(VALIDATION_EVERY - 1, len(songs), VALIDATION_EVERY)) or {len(songs) - 1}
    if kept.isdisjoint(sounding):
        logging.warning(
            "The songs kept for validation are without the target: it is validated on the %d songs in which it sounds, "
            "which it is trained on, too.",
            len(sounding),
        )
        return songs, [songs[index] for index in sounding]
    return (
        [song for index, song in enumerate(songs) if index not in kept],
        [song for index, song in enumerate(songs) if index in kept],
    )
