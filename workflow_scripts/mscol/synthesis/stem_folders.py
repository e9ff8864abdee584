"""The demo's songs with true stems, on which the demo separator is trained and evaluated.

``{train,test}/{song:03d}/{bass,drums,other,vocals,mixture}.wav``: 44.1 kHz, stereo, 16 bits. The songs
are composed like those of the datasets, but none of them is in a dataset.
"""

import numpy as np
import soundfile

from mscol.io.audio import SEPARATION_RATE, resample
from mscol.synthesis.excerpts import Excerpt, in_turn
from mscol.synthesis.rendering import PEAK, render
from mscol.synthesis.sounds import generator
from mscol.synthesis.styles import STYLES

SPLITS = ("train", "test")
# The separator is applied to MTAT at 16 kHz and to FMA, which is rendered at 22.05 kHz: it trains on all bandwidths.
RENDER_RATES = (16_000, 22_050, 44_100)
SECONDS, LATEST_START = 10.0, 25.0
# A separator learns more from songs with drums, voice and bass than from a harp alone.
STEM_STYLES = tuple(name for name, style in STYLES.items() if style.vocals[0] and style.bass[0] >= 0.4)


def plan(split, sizes, seed):
    """Yield the songs of a split, ``sizes["stems"][split]``, and the length of each file."""
    seconds = float(sizes.get("stem_seconds", SECONDS))
    for song in range(sizes["stems"][split]):
        style = in_turn(STEM_STYLES, song, seed, "stems", split)
        start = float(generator(seed, "stems", split, song, "start").uniform(0, LATEST_START))
        yield Excerpt("stems", split, song, style, start, LATEST_START + 15.0, seed), seconds


def write(root, job):
    """Render the stems of one song and write them with their sum."""
    clip, seconds = job
    rate = RENDER_RATES[clip.song % len(RENDER_RATES)]
    # Slightly longer: the resampled sound is then cut.
    stems = render(clip.compose(), clip.start_seconds, seconds + 0.1, rate, channels=2)
    n_samples = round(seconds * SEPARATION_RATE)
    sounds = {stem: resample(stems[stem], rate, SEPARATION_RATE)[:n_samples] for stem in stems}
    # Resampling overshoots slightly.
    gain = 32767 * min(1.0, PEAK / max(np.abs(sum(sounds.values())).max(), 1e-9))
    # Integers, so that the mixture is the exact sum of the stems in the files too.
    whole = {stem: np.round(gain * sound).astype(np.int16) for stem, sound in sounds.items()}
    whole["mixture"] = sum(whole.values())
    folder = root / clip.split / f"{clip.song:03d}"
    folder.mkdir(parents=True)
    for name, sound in whole.items():
        soundfile.write(folder / f"{name}.wav", sound, SEPARATION_RATE, subtype="PCM_16")


def write_tables(root, clips, _):
    """Do nothing: this layout has no tables."""
