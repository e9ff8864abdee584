"""Composing a song: key, tempo, chords, sections, and the notes of every stem.

Time counts in beats here (4 a bar); `rendering` turns it into seconds. All lines of a song share its
key, chords and beat, so that its stems belong together.
"""

from dataclasses import dataclass, field

import numpy as np

from mscol.separation import STEMS
from mscol.synthesis.drums import draw_kit
from mscol.synthesis.instruments import Instrument, draw_instrument
from mscol.synthesis.lines import bass_line, drum_line, other_line, voice_line
from mscol.synthesis.sounds import generator
from mscol.synthesis.styles import MODES, PATTERNS, STYLES
from mscol.synthesis.voice import Singer

BEATS = 4
SECTION_SHARE = {
    "bass": 0.8,
    "drums": 0.8,
    "other": 0.75,
    "vocals": 0.75,
}  # of the sections, that a stem plays in
# Singers stand in front, as on records.
BALANCE_DB = {"bass": (-3.5, 3.0), "drums": (-3.0, 3.0), "other": (-4.0, 2.0), "vocals": (2.0, 5.5)}
FORWARD_DB = 2.5
# Chord roots as degrees of the mode, a chord a bar.
PROGRESSIONS = ((0, 4, 5, 3), (0, 3, 4, 4), (5, 3, 0, 4), (0, 5, 3, 4), (0, 0, 3, 4), (0, 6, 5, 4),
                (0, 3, 0, 4), (0, 5, 1, 4), (0, 2, 3, 3), (0, 0, 6, 3))  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One player of a stem.

    Attributes
    ----------
    player : Instrument, Singer or dict
        Who plays; a dict is a drum kit.
    kind : str
        The recipe's name, the kit's kind, or the kind of voice.
    notes : tuple of (beat, beats, pitch, velocity)
        The pitch is a MIDI note number, or the name of a piece of the kit.
    pan : float
        -1 left to 1 right.
    """

    player: Instrument | Singer | dict
    kind: str
    notes: tuple
    pan: float = 0.0


@dataclass(frozen=True)
class Song:
    """A composed song.

    Attributes
    ----------
    style : str
        Key of `styles.STYLES`.
    tempo : float
        Beats a minute.
    beats : int
        Length.
    parts : dict of str to list of Part
        For each of `STEMS`; an empty list where the song lacks the stem.
    level_db, wet, room_seconds, tilt_db : float
        RMS of the mixture in dB of full scale; share and length of reverberation; dB an octave.
    balance_db : dict of str to float
        The level of each stem beside the others.
    seed : tuple
        Of the generators of the players.
    """

    style: str
    tempo: float
    beats: int
    parts: dict
    level_db: float
    wet: float
    room_seconds: float
    tilt_db: float
    balance_db: dict
    seed: tuple = field(default=())


@dataclass(frozen=True)
class Harmony:
    """The key and chords of a song: what every line asks when it needs a pitch."""

    root: int
    mode: tuple
    progression: tuple

    def pitch(self, degree, low):
        """The lowest pitch from ``low`` on that is the ``degree``-th of the scale (0 the keynote)."""
        tone = self.root + self.mode[degree % 7]
        return int(low + (tone - low) % 12)

    def scale_pitch(self, degree, low):
        """The ``degree``-th step of the scale counted upwards from the first keynote from ``low`` on."""
        base = low + (self.root - low) % 12
        return int(base + 12 * (degree // 7) + self.mode[degree % 7])

    def chord(self, bar):
        """The three scale degrees of the chord of a bar."""
        root = self.progression[bar % len(self.progression)]
        return (root, root + 2, root + 4)


def compose(style_name, seconds, *seed):
    """Compose a song.

    Parameters
    ----------
    style_name : str
        Key of `styles.STYLES`.
    seconds : float
        The least length.
    *seed : int or str
        All that the song depends on, beside ``style_name`` and ``seconds``.

    Returns
    -------
    Song
    """
    style, rng = STYLES[style_name], generator(*seed, style_name)
    tempo = float(rng.uniform(*style.tempo))
    n_bars = int(np.ceil(seconds * tempo / 60 / BEATS))
    mode = MODES[style.modes[rng.integers(len(style.modes))]]
    progression = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    harmony = Harmony(int(rng.integers(12)), mode, progression)
    has = {"bass": rng.random() < style.bass_share, "drums": rng.random() < style.drum_share,
           "other": True, "vocals": rng.random() < style.voice_share}  # fmt: skip
    playing = _arrange(has, n_bars, BEATS * 60 / tempo, rng)
    parts = {
        "bass": _bass(style, harmony, playing["bass"], rng) if has["bass"] else [],
        "drums": _drums(style, playing["drums"], rng) if has["drums"] else [],
        "other": _other(style, harmony, playing["other"], rng),
        "vocals": _voices(style, harmony, playing["vocals"], tempo, rng) if has["vocals"] else [],
    }
    return Song(
        style_name, tempo, n_bars * BEATS, parts,
        level_db=float(rng.uniform(*style.level_db)),
        wet=float(rng.uniform(*style.wet)),
        room_seconds=float(rng.uniform(0.3, 0.9) + 1.5 * rng.uniform(*style.wet)),
        tilt_db=float(rng.uniform(*style.tilt_db)),
        balance_db={
            stem: float(rng.uniform(*BALANCE_DB[stem])) + FORWARD_DB * (stem in style.forward)
            for stem in STEMS
        },
        seed=seed,
    )  # fmt: skip


def _arrange(has, n_bars, bar_seconds, rng):
    """Say for each stem in which bars it plays: sections of 5 to 11 s, in each of which some are silent."""
    playing = {stem: np.zeros(n_bars, dtype=bool) for stem in STEMS}
    first = 0
    while first < n_bars:
        length = max(1, round(rng.uniform(5, 11) / bar_seconds))
        on = [stem for stem in STEMS if has[stem] and rng.random() < SECTION_SHARE[stem]]
        for stem in on or ["other"]:
            playing[stem][first : first + length] = True
        first += length
    return playing


def _choice(options, rng):
    return options[rng.integers(len(options))]


def _bass(style, harmony, playing, rng):
    name = _choice(style.basses, rng)
    notes = bass_line(_choice(style.figures, rng), harmony, playing, rng)
    return [Part(draw_instrument(name, rng), name, notes)]


def _drums(style, playing, rng):
    kind = _choice(style.kits, rng)
    notes = drum_line(PATTERNS[_choice(style.patterns, rng)], playing, rng)
    return [Part(draw_kit(kind, rng), kind, notes)]


def _other(style, harmony, playing, rng):
    """One to all of the style's parts; later ones rest in some of the bars of the stem."""
    count = int(rng.integers(1, len(style.parts) + 1))
    chosen = sorted(rng.permutation(len(style.parts))[:count])
    parts = []
    for number, index in enumerate(chosen):
        recipes, roles = style.parts[index]
        instrument = draw_instrument(_choice(recipes, rng), rng)
        bars = (
            playing & (rng.random(len(playing) // 4 + 1).repeat(4)[: len(playing)] < 0.75)
            if number
            else playing
        )
        notes = other_line(_choice(roles, rng), instrument, harmony, bars, rng)
        parts.append(Part(instrument, instrument.name, notes, float(rng.uniform(-0.7, 0.7))))
    return parts


def _voices(style, harmony, playing, tempo, rng):
    kind = _choice(style.voices, rng)
    if kind == "choir":
        # Four singers, two of them women, each on a tone of the chord.
        kinds = ("female", "female", "male", "male")
        return [
            Part(_singer(sex, rng), kind, voice_line("choir", sex, harmony, playing, tempo, rng, number % 3),
                 pan=0.4 * number - 0.6)
            for number, sex in enumerate(kinds)
        ]  # fmt: skip
    sex = "female" if "female" in kind else "male"
    manner = "rap" if kind == "rap" else "opera" if "opera" in kind else "song"
    return [Part(_singer(sex, rng, manner), kind, voice_line(manner, sex, harmony, playing, tempo, rng))]


def _singer(sex, rng, manner="choir"):
    timbre = draw_instrument(f"{sex} voice", rng).timbre
    if manner == "opera":
        timbre |= {"vibrato": rng.uniform(50, 90), "glide": 0.08, "slope": timbre["slope"] + 2}
    if manner == "rap":
        timbre |= {"vibrato": 0.0, "glide": 0.02}
    consonants = {"choir": 0.03, "opera": 0.06, "rap": 0.5}.get(manner, rng.uniform(0.1, 0.35))
    return Singer(**timbre, consonants=float(consonants), speech=float(manner == "rap"))
