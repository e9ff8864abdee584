"""Encode a few seconds of a mixture and its stems to listen to. Stems of a run are temporary, so one clip is separated again."""

import logging
from pathlib import Path

import numpy as np

from mscol.datasets.listed import read_listed
from mscol.io import audio
from mscol.io.files import read_json, write_json
from mscol.overview.excerpts import FINE, PEAK, encode
from mscol.separation import STEMS

_CONTEXT_SECONDS = 10  # of context for the separator on either side


def code_excerpt(excerpt, clips, root, stems_of, out):
    """Encode the excerpt of a mixture and its stems, with one gain for all, which preserves their relative levels.

    Parameters
    ----------
    excerpt : str or os.PathLike
        JSON with the clip, and start and length of the excerpt in seconds (`mscol.figures.log_mels`).
    clips : str or os.PathLike
        The manifest.
    root : str or os.PathLike
        Folder of the dataset.
    stems_of : callable
        Takes the mixture around the excerpt, shape (n_samples, 2) at 44.1 kHz, its start in seconds, and the clip's id. Returns
        the stems by name, each a waveform of any number of channels at 44.1 kHz with the same start.
    out : str or os.PathLike
        Output path: JSON of mp3s in base64, by name.
    """
    about = read_json(excerpt)
    start, seconds = about["start"], about["seconds"]
    paths = read_listed(clips).set_index("id")["path"]
    mixture = audio.load_stereo(Path(root, paths[about["clip"]]))
    first = max(0.0, start - _CONTEXT_SECONDS)
    around = _part(mixture, first, start + seconds + _CONTEXT_SECONDS - first)
    sounds = {"mixture": around, **stems_of(around, first, about["clip"])}
    cuts = {name: _mono(_part(waveform, start - first, seconds)) for name, waveform in sounds.items()}
    gain = PEAK / max(max(np.abs(cut).max() for cut in cuts.values()), 1e-6)
    write_json({name: encode(gain * cut, FINE) for name, cut in cuts.items()}, out)
    logging.info("Encoded %.1f s of %s and its stems.", seconds, about["clip"])


def separated(separate):
    """Return ``stems_of`` for `code_excerpt` from the result of a separator's `open_separator` (`mscol.separation.writing`)."""
    return lambda around, first, clip: separate(around)


def brought(root):
    """Return ``stems_of`` for `code_excerpt` that reads the stems of a dataset: ``{root}/{id}/{stem}.wav``."""

    def read(around, first, clip):
        seconds = len(around) / audio.SEPARATION_RATE
        return {
            stem: _part(audio.load_stereo(Path(root, clip, f"{stem}.wav")), first, seconds) for stem in STEMS
        }

    return read


def _part(waveform, start, seconds):
    first = round(start * audio.SEPARATION_RATE)
    return waveform[first : first + round(seconds * audio.SEPARATION_RATE)]


def _mono(waveform):
    mono = np.ascontiguousarray(waveform.mean(axis=1))
    return audio.resample(mono, audio.SEPARATION_RATE, audio.ANALYSIS_RATE)
