"""The demo's separated songs: true stems, on which the demo separator is trained and judged.

``{train,test}/{song:03d}/{bass,drums,other,vocals,mixture}.wav``: 44.1 kHz, stereo, 16 bits. The songs
come from the composer that also writes the datasets, but none occurs in them.
"""

import numpy as np
import soundfile

from mscol.io.atomic import atomic_path
from mscol.io.audio import SEPARATION_RATE, resample
from mscol.synthesis.composition import STEMS
from mscol.synthesis.planning import Excerpt, make_all, mixture_of, style_of
from mscol.synthesis.rendering import PEAK, render
from mscol.synthesis.sounds import generator
from mscol.synthesis.styles import STYLES

SPLITS = ("train", "test")
# The separator will hear MTAT at 16 kHz and FMA, which is rendered at 22.05 kHz: it trains on all widths.
RENDER_RATES = (16_000, 22_050, 44_100)
SONG_SECONDS = 40.0
# Songs with drums, voice and bass teach a separator more than a harp alone.
STEM_STYLES = tuple(name for name, style in STYLES.items() if style.voice_share and style.bass_share >= 0.4)


def make_stems(path, seed, sizes, seconds, workers):
    """Write the folders.

    Parameters
    ----------
    path : str or os.PathLike
        The folder to be made.
    seed : int
    sizes : dict of str to int
        Songs of "train" and "test".
    seconds : float
        Length of each.
    workers : int
        Threads.
    """
    excerpts = [_excerpt(split, song, seed) for split in SPLITS for song in range(sizes[split])]
    with atomic_path(path) as root:
        make_all(lambda excerpt: _write(root, excerpt, seconds), excerpts, workers, "songs with stems")


def _excerpt(split, song, seed):
    style = style_of(STEM_STYLES, song, seed, "stems", split)
    start = generator(seed, "stems", split, song, "start").uniform(0, 25)
    return Excerpt("stems", split, song, style, float(start), SONG_SECONDS, seed)


def _write(root, excerpt, seconds):
    rate = RENDER_RATES[excerpt.song % len(RENDER_RATES)]
    stems = render(excerpt.compose(), excerpt.start_seconds, seconds, rate, channels=2)
    n_samples = round(seconds * SEPARATION_RATE)
    sounds = {stem: _fitted(resample(stems[stem], rate, SEPARATION_RATE), n_samples) for stem in STEMS}
    # Resampling overshoots a little.
    gain = 32767 * min(1.0, PEAK / max(np.abs(mixture_of(sounds)).max(), 1e-9))
    # Whole numbers, so that the mixture is the exact sum of the stems in the files as well.
    whole = {stem: np.round(gain * sound).astype(np.int16) for stem, sound in sounds.items()}
    whole["mixture"] = sum(whole.values())
    folder = root / excerpt.split / f"{excerpt.song:03d}"
    folder.mkdir(parents=True)
    for name, sound in whole.items():
        soundfile.write(folder / f"{name}.wav", sound, SEPARATION_RATE, subtype="PCM_16")


def _fitted(sound, n_samples):
    """A stereo sound cut, or filled up with silence, to ``n_samples``."""
    return np.pad(sound[:n_samples], ((0, max(0, n_samples - len(sound))), (0, 0)))
