"""The styles: from what each song draws its tempo, instruments, patterns and tags."""

from dataclasses import dataclass

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10), "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "bhairav": (0, 1, 4, 5, 7, 8, 11), "whole tone": (0, 2, 4, 6, 8, 10, 11),
}  # fmt: skip
# Sixteenths of a 4/4 bar: x a stroke, o a soft one. Each pattern names the pieces of `drums.PIECES`.
PATTERNS = {
    "four": {"kick": "x...x...x...x...", "open hat": "..x...x...x...x.", "clap": "....x.......x..."},
    "four busy": {"kick": "x...x...x...x...", "hat": "xoxoxoxoxoxoxoxo", "clap": "....x.......x..o"},
    "broken": {"kick": "x.....x..x......", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.xo"},
    "boom bap": {"kick": "x.....x...x.....", "snare": "....x..o.o..x...", "hat": "x.x.x.x.x.x.x.x."},
    "trap": {"kick": "x......x..x.....", "clap": "........x.......", "hat": "x.xxx.x.x.xxx.xx"},
    "rock": {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
    "rock ride": {"kick": "x..x....x.x.....", "snare": "....x.......x...", "ride": "x...x...x...x..."},
    "metal": {"kick": "x.xxx.xxx.xxx.xx", "snare": "....x.......x...", "open hat": "x...x...x...x..."},
    "pop": {"kick": "x......xx.......", "snare": "....x.......x...", "shaker": "xoxoxoxoxoxoxoxo"},
    "train": {"kick": "x.......x.......", "snare": "o.xoo.xoo.xoo.xo"},
    "soft": {"kick": "x...............", "snare": "........o.......", "shaker": "x.o.x.o.x.o.x.o."},
    "tabla": {"low hand": "x.....x...x.....", "high hand": "..x.xo..x..xxo.o"},
    "conga": {"low hand": "x..x..x.x..x..o.", "high hand": "..x..x....x..x.x", "shaker": "x.x.x.x.x.x.x.x."},
    "odd": {"tom": "x..x.....x..o...", "kick": "x......x....x..o", "ride": "..x.....x......."},
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """What a song may be made of.

    Attributes
    ----------
    tempo : (int, int)
        Beats a minute.
    modes : tuple of str
        Keys of `MODES`.
    kits, patterns : tuple of str
        Kinds of `drums.draw_kit` and keys of `PATTERNS`.
    drum_share, bass_share, voice_share : float
        The share of songs that have this stem at all; the stem other is never left out.
    basses, figures : tuple of str
        Recipes of the bass, and what it plays (`composition.bass_line`).
    parts : tuple of (tuple of str, tuple of str)
        Of the stem other: recipes to choose from and roles to choose from (`composition.other_line`);
        a song takes one to all of these parts.
    voices : tuple of str
        "female", "male", "choir", "female opera", "male opera", "rap".
    level_db : (float, float)
        RMS of the mixture, dB of full scale.
    wet, tilt_db : (float, float)
        Share of reverberation; dB an octave around 1 kHz.
    forward : tuple of str
        The stems that producers of the style mix louder.
    tags : tuple of str
        What MTAT's listeners would write.
    genre : str or None
        Of FMA-small.
    """

    tempo: tuple
    modes: tuple
    kits: tuple = ()
    patterns: tuple = ()
    drum_share: float = 0.9
    basses: tuple = ()
    figures: tuple = ()
    bass_share: float = 0.9
    parts: tuple = ()
    voices: tuple = ()
    voice_share: float = 0.0
    level_db: tuple = (-22, -16)
    wet: tuple = (0.1, 0.3)
    tilt_db: tuple = (-1.0, 1.0)
    forward: tuple = ()
    tags: tuple = ()
    genre: str | None = None


STYLES = {
    "techno": Style(
        (118, 146), ("minor", "dorian"), ("electronic",), ("four", "four busy"), 0.95,
        ("saw bass", "square bass", "sub bass"), ("offbeat", "sixteenths", "syncopated"), 0.9,
        ((("synth pluck", "synth lead"), ("arpeggio", "stabs")), (("synth pad",), ("pad",))),
        ("female",), 0.15, (-20, -14), (0.1, 0.35),
        tilt_db=(0.3, 2.0), forward=("drums", "bass"), tags=("techno", "electronic"), genre="Electronic"),
    "dance": Style(
        (112, 132), ("minor", "major"), ("electronic", "acoustic"), ("four", "broken", "four busy"), 0.95,
        ("saw bass", "square bass", "finger bass"), ("octaves", "offbeat", "syncopated"), 0.95,
        ((("synth lead", "electric piano", "piano"), ("stabs", "arpeggio")),
         (("synth pad", "strings"), ("pad",))),
        ("female", "female", "female", "male"), 0.85, (-20, -14),
        tilt_db=(-0.3, 1.2), forward=("drums",), tags=("dance", "electronic"), genre="Electronic"),
    "hip hop": Style(
        (76, 104), ("minor", "dorian"), ("electronic", "acoustic"), ("boom bap", "trap"), 0.95,
        ("sub bass", "finger bass", "square bass"), ("root", "syncopated"), 0.9,
        ((("electric piano", "piano", "strings", "vibraphone"), ("stabs", "arpeggio", "pad")),
         (("saxophone", "synth lead"), ("melody",))),
        ("rap", "rap", "rap", "female"), 0.9, (-21, -15), (0.03, 0.15),
        tilt_db=(-2.5, -0.8), forward=("bass", "vocals"), tags=("hip hop",), genre="Hip-Hop"),
    "rock": Style(
        (92, 150), ("minor", "mixolydian", "major"), ("acoustic",), ("rock", "rock ride", "broken"), 0.95,
        ("picked bass", "finger bass"), ("eighths", "root", "syncopated"), 0.95,
        ((("electric guitar", "distorted guitar"), ("strum", "stabs")),
         (("distorted guitar", "organ"), ("melody", "pad"))),
        ("male", "male", "male", "female"), 0.75, (-19, -14),
        tilt_db=(-0.5, 1.0), forward=("other",), tags=("rock",), genre="Rock"),
    "metal": Style(
        (120, 176), ("minor", "harmonic"), ("acoustic",), ("metal", "rock"), 0.95,
        ("picked bass",), ("eighths", "sixteenths"), 0.95,
        ((("distorted guitar",), ("chug", "strum")), (("distorted guitar",), ("melody", "arpeggio"))),
        ("male",), 0.6, (-17, -12), (0.03, 0.15),
        tilt_db=(0.5, 2.3), forward=("other",), tags=("metal", "rock"), genre="Rock"),
    "pop": Style(
        (84, 128), ("major", "mixolydian", "minor"), ("acoustic", "electronic"), ("pop", "rock", "broken"),
        0.9,
        ("finger bass", "picked bass", "saw bass"), ("eighths", "octaves", "syncopated"), 0.9,
        ((("piano", "electric piano", "guitar"), ("strum", "arpeggio", "stabs")),
         (("synth pad", "strings"), ("pad",)), (("synth lead", "electric guitar"), ("melody",))),
        ("female", "female", "male"), 0.95, (-20, -15),
        tilt_db=(-0.8, 0.6), forward=("vocals",), tags=("pop",), genre="Pop"),
    "country": Style(
        (88, 138), ("major", "mixolydian"), ("acoustic", "brushes"), ("train", "rock"), 0.75,
        ("upright bass", "finger bass"), ("two feel", "walk"), 0.9,
        ((("guitar",), ("strum", "picking")), (("violin", "electric guitar", "guitar"), ("melody",))),
        ("male", "male", "female"), 0.75, (-22, -16),
        tilt_db=(0.3, 1.8), forward=("other",), tags=("country",), genre="Folk"),
    "folk": Style(
        (70, 116), ("major", "dorian", "minor"), ("brushes", "hand"), ("soft", "conga"), 0.35,
        ("upright bass",), ("two feel", "root"), 0.6,
        ((("guitar", "harp"), ("picking", "strum")), (("flute", "violin", "clarinet"), ("melody",))),
        ("female", "female", "male"), 0.75, (-25, -18),
        tilt_db=(-1.5, 0.3), forward=("other",), tags=("folk",), genre="Folk"),
    "classical": Style(
        (60, 126), ("major", "minor", "harmonic"), (), (), 0.0, ("upright bass",), ("root", "walk"), 0.4,
        ((("piano", "strings", "harp", "pipe organ"), ("arpeggio", "pad")),
         (("violin", "cello", "flute", "oboe", "clarinet", "horn", "piano"), ("melody",))),
        (), 0, (-27, -18), (0.2, 0.45),
        tilt_db=(-2.2, -0.3), forward=(), tags=("classical", "classic"), genre="Instrumental"),
    "baroque": Style(
        (72, 132), ("major", "harmonic"), (), (), 0.0, ("upright bass",), ("walk",), 0.4,
        ((("harpsichord",), ("arpeggio", "picking")),
         (("violin", "flute", "oboe", "harpsichord"), ("melody",)),
         (("cello",), ("pad", "melody"))),
        (), 0, (-25, -18), (0.15, 0.35),
        tilt_db=(-0.5, 1.5), forward=(), tags=("classical", "classic"), genre="Instrumental"),
    "opera": Style(
        (56, 104), ("major", "minor", "harmonic"), (), (), 0.0, ("upright bass",), ("root",), 0.5,
        ((("strings", "piano"), ("pad", "arpeggio")), (("cello", "oboe", "horn"), ("melody",))),
        ("female opera", "male opera"), 1.0, (-25, -17), (0.2, 0.45),
        tilt_db=(-1.2, 0.3), forward=("vocals",), tags=("classical", "opera")),
    "choral": Style(
        (54, 92), ("major", "minor", "dorian"), (), (), 0.0, ("upright bass",), ("root",), 0.25,
        ((("pipe organ", "strings", "harp"), ("pad", "arpeggio")),),
        ("choir",), 1.0, (-27, -19), (0.3, 0.55),
        tilt_db=(-3, -1.2), forward=("vocals",), tags=("classical",)),
    "ambient": Style(
        (54, 84), ("dorian", "major", "minor"), ("electronic", "brushes"), ("soft", "odd"), 0.3,
        ("sub bass",), ("drone", "root"), 0.6,
        ((("synth pad", "strings"), ("pad",)),
         (("bells", "electric piano", "vibraphone", "pan flute"), ("sparse",))),
        ("choir",), 0.1, (-28, -20), (0.4, 0.65),
        tilt_db=(-3.5, -1.2), forward=(), tags=("ambient",), genre="Instrumental"),
    "new age": Style(
        (60, 96), ("major", "dorian"), ("brushes",), ("soft", "conga"), 0.3,
        ("sub bass", "upright bass"), ("root", "drone"), 0.5,
        ((("harp", "piano", "guitar"), ("arpeggio", "picking")), (("flute", "pan flute"), ("melody",)),
         (("synth pad",), ("pad",))),
        ("female",), 0.15, (-27, -19), (0.3, 0.5),
        tilt_db=(-2.2, -0.2), forward=(), tags=("new age",), genre="Instrumental"),
    "indian": Style(
        (66, 128), ("bhairav", "mixolydian", "harmonic"), ("hand",), ("tabla",), 0.8,
        ("upright bass",), ("drone",), 0.4,
        ((("sitar",), ("melody",)), (("sitar",), ("drone",)), (("flute", "violin"), ("melody",))),
        ("female",), 0.35, (-24, -17),
        tilt_db=(0.5, 2.4), forward=("other",), tags=("indian", "world"), genre="International"),
    "latin": Style(
        (88, 124), ("minor", "major", "harmonic"), ("hand", "acoustic"), ("conga",), 0.9,
        ("upright bass", "finger bass"), ("tumbao",), 0.95,
        ((("piano", "guitar"), ("stabs", "picking")),
         (("trumpet", "saxophone", "flute", "marimba"), ("melody",))),
        ("male", "male", "female"), 0.7, (-22, -16),
        tilt_db=(0, 1.5), forward=("drums",), tags=("world",), genre="International"),
    "weird": Style(
        (50, 160), ("whole tone", "bhairav", "harmonic"), ("electronic", "hand", "acoustic"), ("odd",), 0.6,
        ("square bass", "upright bass", "sub bass"), ("syncopated", "drone"), 0.6,
        ((("bells", "marimba", "clarinet", "organ", "synth lead", "violin"), ("sparse", "random")),
         (("synth pluck", "pan flute", "distorted guitar", "cello"), ("random", "sparse"))),
        ("choir", "rap"), 0.15, (-26, -14), (0.05, 0.6),
        tilt_db=(-3, 3), forward=(), tags=("weird",), genre="Experimental"),
}  # fmt: skip
