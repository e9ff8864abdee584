"""A few seconds of a mixture and its stems, to be listened to: stems of a run are temporary, so those of one clip are made again."""

import logging
from pathlib import Path

import numpy as np

from mscol.datasets.listed import read_listed
from mscol.io import audio
from mscol.io.files import read_json, write_json
from mscol.overview.excerpts import FINE, PEAK, encode
from mscol.separation import STEMS

_CONTEXT_SECONDS = 10  # that the separator hears on either side


def code_excerpt(excerpt, clips, root, stems_of, out):
    """Code the excerpt of a mixture and its stems, all at the level that the mixture needs.

    Parameters
    ----------
    excerpt : str or os.PathLike
        JSON that says which clip, and from which second on how many (`mscol.figures.log_mels`).
    clips : str or os.PathLike
        The manifest.
    root : str or os.PathLike
        Where the dataset lies.
    stems_of : callable
        The mixture around the excerpt, shape (n_samples, 2) at 44.1 kHz, and where it begins, in seconds; the clip's id -> its stems
        by name, each a waveform of any number of channels at 44.1 kHz that begins there, too.
    out : str or os.PathLike
        Written: JSON, mp3s in base64 by name.
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
    logging.info("Coded %.1f s of %s and its stems.", seconds, about["clip"])


def separated(separate):
    """Stems for `code_excerpt`, from what `open_separator` of a separator's module returns (`mscol.separation.writing`)."""
    return lambda around, first, clip: separate(around)


def brought(root):
    """Stems for `code_excerpt`, those that a dataset brings along: ``{root}/{id}/{stem}.wav``."""

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
