"""The tags of a clip, true of its score and its level."""

import numpy as np

from mscol.synthesis.composition import STEMS
from mscol.synthesis.styles import STYLES

HEARD_SECONDS = 2.5  # a part is heard when its notes in the clip last that long in sum
FAST_TEMPO, SLOW_TEMPO = 120, 80
LOUD_DB, QUIET_DB = -17.0, -22.0
INSTRUMENT_TAGS = {
    "guitar": ("guitar", "acoustic guitar"), "electric guitar": ("guitar", "electric guitar"),
    "distorted guitar": ("guitar", "electric guitar"), "sitar": ("sitar",), "harp": ("harp",),
    "piano": ("piano",), "electric piano": ("piano", "keyboard"),
    "harpsichord": ("harpsichord", "harpsicord"),
    "bells": ("bells",), "violin": ("violin", "strings"), "cello": ("cello", "strings"),
    "strings": ("strings",),
    "flute": ("flute",), "pan flute": ("flute",), "clarinet": ("clarinet", "woodwind"),
    "oboe": ("oboe", "woodwind"), "saxophone": ("sax",), "trumpet": ("trumpet",), "horn": ("horn",),
    "organ": ("organ",), "pipe organ": ("organ",), "synth lead": ("synth", "synthesizer"),
    "synth pad": ("synth", "synthesizer"), "synth pluck": ("synth", "synthesizer"),
    "saw bass": ("synth", "bass"), "square bass": ("synth", "bass"), "sub bass": ("bass",),
}  # fmt: skip
VOICE_TAGS = ("vocal", "vocals", "voice")
NO_VOICE_TAGS = ("no vocal", "no vocals", "no voice", "no voices", "no singing", "no singer", "instrumental")
FEMALE_TAGS = ("female", "woman", "female vocal", "female vocals", "female voice")
MALE_TAGS = ("male", "man", "male vocal", "male vocals", "male voice")


def tags_of(song, start_seconds, seconds, level_db):
    """Tell what a listener could write about a clip.

    Parameters
    ----------
    song : composition.Song
    start_seconds, seconds : float
        The clip.
    level_db : float
        RMS of the clip in dB of full scale.

    Returns
    -------
    set of str
        Tags of MTAT's 188.
    """
    lengths = {
        stem: [(part, _sounding_seconds(song, part, start_seconds, seconds)) for part in song.parts[stem]]
        for stem in STEMS
    }
    heard = {stem: [part for part, length in lengths[stem] if length >= HEARD_SECONDS] for stem in STEMS}
    silent = {stem for stem in STEMS if not any(length for _, length in lengths[stem])}
    tags = set(STYLES[song.style].tags)
    for part in heard["bass"] + heard["other"]:
        tags.update(INSTRUMENT_TAGS.get(part.kind, ()))
    # What is heard in passing is neither claimed nor denied.
    tags.update(("no drums", "no beat") if "drums" in silent else _drum_tags(heard["drums"]))
    tags.update(NO_VOICE_TAGS if "vocals" in silent else _voice_tags(heard["vocals"]))
    if sum(map(len, heard.values())) == 1:
        tags.add("solo")
    if song.tempo >= FAST_TEMPO:
        tags.update(("fast", "quick"))
    elif song.tempo <= SLOW_TEMPO:
        tags.add("slow")
    if level_db >= LOUD_DB:
        tags.add("loud")
    elif level_db <= QUIET_DB:
        tags.update(("quiet", "soft"))
    return tags


def _sounding_seconds(song, part, start_seconds, seconds):
    """The summed lengths of the notes of a part that begin in the clip."""
    if not part.notes:
        return 0.0
    starts, lengths = np.array([note[:2] for note in part.notes], dtype=float).T * (60 / song.tempo)
    inside = (starts >= start_seconds) & (starts < start_seconds + seconds)
    return float(lengths[inside].sum())


def _drum_tags(parts):
    if not parts:
        return ()
    return ("drums", "beat", "percussion") + (("beats",) if parts[0].kind == "electronic" else ())


def _voice_tags(parts):
    if not parts:
        return ()
    kind = parts[0].kind
    if kind == "choir":
        return (*VOICE_TAGS, "singing", "choir", "choral", "voices")
    if kind == "rap":
        return (*VOICE_TAGS, *MALE_TAGS, "rap", "talking")
    opera = {"female opera": ("female opera", "soprano"), "male opera": ("male opera",)}.get(kind, ())
    return (*VOICE_TAGS, "singing", *(FEMALE_TAGS if "female" in kind else MALE_TAGS), *opera)
