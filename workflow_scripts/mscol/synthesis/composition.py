"""Compose a song: key, tempo, chords, sections, and the notes of every stem.

Time is in beats here (4 per bar); `rendering` converts it to seconds. All lines of a song share its
key, chords and beat, so that its stems belong together.
"""

from dataclasses import dataclass

import numpy as np

from mscol.separation import STEMS
from mscol.synthesis.drums import BEATS, KITS, draw_kit, drum_line
from mscol.synthesis.instruments import RECIPES, Instrument, draw_instrument
from mscol.synthesis.lines import MODES, PROGRESSIONS, Harmony, line
from mscol.synthesis.sounds import draw, generator
from mscol.synthesis.styles import STYLES

# Share of the sections that a stem plays in; its level relative to the others (vocals are loudest)
SECTION_SHARE = {"bass": 0.8, "drums": 0.8, "other": 0.75, "vocals": 0.75}
BALANCE_DB = {"bass": (-3, 3.5), "drums": (-2.5, 3.5), "other": (-3.5, 2.5), "vocals": (2, 6)}


@dataclass(frozen=True)
class Part:
    """One player of a stem and its notes."""

    player: Instrument | dict  # a dict is a drum kit
    name: str  # of the recipe, or the kind of kit
    notes: tuple  # of (beat, beats, pitch, velocity); pitch is a MIDI note number or a piece of the kit
    pan: float  # -1 left to 1 right


@dataclass(frozen=True)
class Song:
    """A composed song."""

    style: str  # key of `styles.STYLES`
    tempo: float  # beats per minute
    parts: dict  # for each of `STEMS` a list of Part, empty if the song lacks the stem
    balance_db: dict  # level of each stem relative to the others
    level_db: float  # RMS of the mixture in dB of full scale
    wet: float  # share of reverberation
    tilt_db: float  # dB per octave
    seed: tuple  # seed of the players' random generators


def compose(style_name, seconds, *seed):
    """Compose a song.

    Parameters
    ----------
    style_name : str
        Key of `styles.STYLES`.
    seconds : float
        Minimum length.
    *seed : int or str
        Everything else that the song depends on.

    Returns
    -------
    Song
    """
    style, rng = STYLES[style_name], generator(style_name, *seed)
    tempo = float(rng.uniform(*style.tempo))
    bar_seconds = BEATS * 60 / tempo
    mode = MODES[_choice(style.modes, rng)]
    harmony = Harmony(int(rng.integers(12)), mode, PROGRESSIONS[rng.integers(len(PROGRESSIONS))])
    stems = [stem for stem in STEMS if rng.random() < getattr(style, stem)[0]]
    playing = _arrange(stems, int(np.ceil(seconds / bar_seconds)), bar_seconds, rng)
    parts = {stem: [] for stem in STEMS}
    for stem in stems:
        _, *lines = getattr(style, stem)
        for chosen in sorted(rng.permutation(len(lines))[: rng.integers(1, len(lines) + 1)]):
            parts[stem].append(_part(*lines[chosen], harmony, playing[stem], rng))
    sound = draw({"level_db": style.level_db, "wet": style.wet, "tilt_db": style.tilt_db}, rng)
    sound["tilt_db"] += rng.normal(0, 0.7)  # every studio sounds different
    return Song(style_name, tempo, parts, draw(BALANCE_DB, rng), **sound, seed=seed)


def _choice(options, rng):
    options = options.split(", ")
    return options[rng.integers(len(options))]


def _arrange(stems, n_bars, bar_seconds, rng):
    """Draw for each stem the bars in which it plays: sections of 5 to 11 s, in each of which some stems are silent."""
    playing = {stem: np.zeros(n_bars, dtype=bool) for stem in STEMS}
    first = 0
    while first < n_bars:
        length = max(1, round(rng.uniform(5, 11) / bar_seconds))
        on = [stem for stem in stems if rng.random() < SECTION_SHARE[stem]]
        for stem in on or ["other"]:
            playing[stem][first : first + length] = True
        first += length
    return playing


def _part(players, roles, harmony, playing, rng):
    name, role = _choice(players, rng), _choice(roles, rng)
    if name in KITS:
        return Part(draw_kit(name, rng), name, drum_line(role, playing, rng), pan=0.0)
    player = draw_instrument(name, rng)
    # Bass and vocals are panned to the centre.
    side = 0.0 if RECIPES[name].family in ("bass", "vocal") else rng.uniform(-0.7, 0.7)
    return Part(player, name, line(role, player, harmony, playing, rng), float(side))
