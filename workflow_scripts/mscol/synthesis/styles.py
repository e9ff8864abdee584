"""Styles: the ranges from which each song draws its tempo, players, notes, reverberation and tags.

Each style represents the tags and the genre that it names. Folk, International, Electronic and Rock have
two styles and Instrumental has four, so that these genres have more than one recipe.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """The options for a song; a string is a comma-separated list from which each song draws one item."""

    tags: str  # of MTAT; a song gets all of them
    genre: str | None  # of FMA-small
    tempo: tuple  # beats per minute
    modes: str  # of `lines.MODES`
    # For each stem, the share of songs that have it, and lines of (players, roles), of which a song has at least
    # one: recipes and roles of `lines.line`, kits and patterns of `drums`.
    drums: tuple
    bass: tuple
    vocals: tuple
    other: tuple
    level_db: tuple  # RMS of the mixture, dB of full scale
    wet: tuple  # share of reverberation
    tilt_db: tuple  # dB per octave around 1 kHz


NONE = (0.0,)
STYLES = {
    "techno": Style("techno, electronic", "Electronic", (118, 146), "minor, dorian",
        (0.95, ("electronic", "four, four busy")),
        (0.9, ("saw bass, sub bass", "offbeat, octaves, syncopated")), (0.15, ("female voice", "tune")),
        (1, ("synth pluck, synth lead", "arpeggio, stabs"), ("synth pad", "pad")),
        (-20, -14), (0.05, 0.2), (0.3, 2)),
    "dance": Style("dance, electronic", "Electronic", (112, 132), "minor, major",
        (0.95, ("electronic, acoustic", "four, broken, four busy")),
        (0.95, ("saw bass, electric bass", "octaves, offbeat, syncopated")),
        (0.85, ("female voice, female voice, male voice", "tune")),
        (1, ("synth lead, piano", "stabs, arpeggio"), ("synth pad, strings", "pad")),
        (-20, -14), (0.05, 0.2), (-0.3, 1.2)),
    "hip hop": Style("hip hop", "Hip-Hop", (76, 104), "minor, dorian",
        (0.95, ("electronic, acoustic", "boom bap, trap")),
        (0.9, ("sub bass, electric bass", "root, syncopated")), (0.9, ("rapper", "rap")),
        (1, ("piano, strings, bells", "stabs, arpeggio, pad"), ("saxophone, synth lead", "tune")),
        (-21, -15), (0.02, 0.1), (-2.5, -0.8)),
    "rock": Style("rock", "Rock", (92, 150), "minor, mixolydian, major",
        (0.95, ("acoustic", "rock, broken")), (0.95, ("electric bass", "eighths, root, syncopated")),
        (0.75, ("male voice, male voice, female voice", "tune")),
        (1, ("electric guitar, distorted guitar", "strum, stabs"), ("distorted guitar, organ", "tune, pad")),
        (-19, -14), (0.05, 0.15), (-0.5, 1)),
    "metal": Style("metal, rock", "Rock", (120, 176), "minor, harmonic",
        (0.95, ("acoustic", "metal, rock")), (0.95, ("electric bass", "eighths")),
        (0.6, ("male voice", "tune")),
        (1, ("distorted guitar", "chug, strum"), ("distorted guitar", "tune, arpeggio")),
        (-17, -12), (0.02, 0.1), (0.5, 2.3)),
    "pop": Style("pop", "Pop", (84, 128), "major, mixolydian, minor",
        (0.9, ("acoustic, electronic", "pop, rock, broken")),
        (0.9, ("electric bass, saw bass", "eighths, octaves, syncopated")),
        (0.95, ("female voice, female voice, male voice", "tune")),
        (1, ("piano, guitar", "strum, arpeggio, stabs"), ("synth pad, strings", "pad"),
            ("synth lead, electric guitar", "tune")), (-20, -15), (0.05, 0.15), (-0.8, 0.6)),
    "country": Style("country", "Folk", (88, 138), "major, mixolydian",
        (0.75, ("acoustic, brushes", "train, rock")), (0.9, ("upright bass, electric bass", "walk")),
        (0.75, ("male voice, male voice, female voice", "tune")),
        (1, ("guitar", "strum, picking"), ("violin, electric guitar, guitar", "tune")),
        (-22, -16), (0.05, 0.15), (0.3, 1.8)),
    "folk": Style("folk", "Folk", (70, 116), "major, dorian, minor",
        (0.35, ("brushes", "soft, conga")), (0.6, ("upright bass", "walk, root")),
        (0.75, ("female voice, female voice, male voice", "tune")),
        (1, ("harp, guitar, guitar", "picking, strum"), ("flute, violin, clarinet", "tune")),
        (-25, -18), (0.05, 0.15), (-1.5, 0.3)),
    "classical": Style("classical, classic", "Instrumental", (60, 126), "major, minor, harmonic",
        NONE, (0.2, ("upright bass", "root, walk")), NONE,
        (1, ("piano, harp, strings, pipe organ", "arpeggio, pad"),
            ("violin, cello, flute, clarinet, horn, piano", "tune")), (-27, -18), (0.12, 0.3), (-2.2, -0.3)),
    "baroque": Style("classical, classic", "Instrumental", (72, 132), "major, harmonic",
        NONE, (0.2, ("upright bass", "walk")), NONE,
        (1, ("harpsichord", "arpeggio, picking"), ("violin, flute, harpsichord", "tune"),
            ("cello", "pad, tune")), (-25, -18), (0.1, 0.25), (-0.5, 1.5)),
    "opera": Style("classical, opera", None, (56, 104), "major, minor, harmonic",
        NONE, (0.5, ("upright bass", "root")), (1, ("soprano, tenor", "tune")),
        (1, ("strings, piano", "pad, arpeggio"), ("cello, clarinet, horn", "tune")),
        (-25, -17), (0.12, 0.3), (-1.2, 0.3)),
    "choral": Style("classical", None, (54, 92), "major, minor, dorian",
        NONE, (0.25, ("upright bass", "root")), (1, ("choir", "pad")),
        (1, ("harp, pipe organ, strings", "pad, arpeggio")), (-27, -19), (0.2, 0.4), (-3, -1.2)),
    "ambient": Style("ambient", "Instrumental", (54, 84), "dorian, major, minor",
        (0.3, ("electronic, brushes", "soft, odd")), (0.6, ("sub bass", "root")), (0.1, ("choir", "pad")),
        (1, ("synth pad, strings", "pad"), ("bells, marimba, pan flute", "sparse")),
        (-28, -20), (0.25, 0.5), (-3.5, -1.2)),
    "new age": Style("new age", "Instrumental", (60, 96), "major, dorian",
        (0.3, ("brushes", "soft, conga")), (0.5, ("sub bass, upright bass", "root")),
        (0.15, ("female voice", "tune")),
        (1, ("harp, piano, harp", "arpeggio, picking"), ("flute, pan flute", "tune"),
            ("synth pad", "pad")), (-27, -19), (0.2, 0.35), (-2.2, -0.2)),
    "indian": Style("indian, world", "International", (66, 128), "bhairav, mixolydian, harmonic",
        (0.8, ("acoustic", "tabla")), (0.4, ("upright bass", "root")), (0.35, ("female voice", "tune")),
        (1, ("sitar", "tune"), ("sitar", "picking"), ("flute, violin", "tune")),
        (-24, -17), (0.05, 0.2), (0.5, 2.4)),
    "latin": Style("world", "International", (88, 124), "minor, major, harmonic",
        (0.9, ("acoustic", "conga")), (0.95, ("upright bass, electric bass", "tumbao")),
        (0.7, ("male voice, male voice, female voice", "tune")),
        (1, ("piano, guitar", "stabs, picking"), ("trumpet, saxophone, flute, marimba", "tune")),
        (-22, -16), (0.05, 0.2), (0, 1.5)),
    "weird": Style("weird", "Experimental", (50, 160), "whole tone, bhairav, harmonic",
        (0.6, ("electronic, acoustic", "odd")),
        (0.6, ("saw bass, upright bass, sub bass", "syncopated, root")), (0.15, ("choir, rapper", "random")),
        (1, ("bells, marimba, clarinet, organ, synth lead, violin", "sparse, random"),
            ("synth pluck, pan flute, distorted guitar, cello", "random, sparse")),
        (-26, -14), (0.05, 0.5), (-3, 3)),
}  # fmt: skip
