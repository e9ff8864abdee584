"""The kinds of pitched instruments, as ranges of what `instruments` models.

Slopes are dB an octave, times seconds, vibrato, detune and chorus cents, resonances Hz. The ranges of
kindred kinds overlap on purpose: an instrument must be learnable, not trivial.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A kind of instrument.

    Attributes
    ----------
    family, source : str
        As NSynth names them.
    mechanism : str
        "struck", "driven" or "sung".
    low, high : int
        Register, MIDI note numbers.
    ranges : dict of str to (float, float)
    """

    family: str
    source: str
    mechanism: str
    low: int
    high: int
    ranges: dict


def _struck(family, source, low, high, **ranges):
    return Recipe(family, source, "struck", low, high, ranges)


def _driven(family, source, low, high, **ranges):
    return Recipe(family, source, "driven", low, high, ranges)


def _sung(source, low, high, **ranges):
    return Recipe("vocal", source, "sung", low, high, ranges)


RECIPES = {
    # Plucked and hammered
    "guitar": _struck("guitar", "acoustic", 43, 79, slope=(-7, -3), point=(0.1, 0.35), ring=(0.35, 0.9),
                      damping=(0.1, 0.4), stiffness=(0, 2e-4), thump=(0.05, 0.3)),
    "electric guitar": _struck("guitar", "electronic", 40, 79, slope=(-5, -1), point=(0.06, 0.3),
                               ring=(0.8, 2.0), damping=(0.05, 0.2), drive=(0, 3), chorus=(0, 8)),
    "distorted guitar": _struck("guitar", "electronic", 38, 76, slope=(-4, 0), point=(0.06, 0.25),
                                ring=(1.5, 3.0), damping=(0.02, 0.1), drive=(6, 16)),
    "sitar": _struck("guitar", "acoustic", 48, 79, slope=(-3, 1), point=(0.03, 0.12), ring=(0.9, 1.8),
                     damping=(0.02, 0.1), drive=(1, 4), chorus=(6, 18), thump=(0, 0.1)),
    "harp": _struck("guitar", "acoustic", 45, 91, slope=(-11, -7), point=(0.35, 0.5), ring=(0.8, 1.6),
                    damping=(0.2, 0.5), thump=(0, 0.1), release=(0.4, 0.6)),
    "piano": _struck("keyboard", "acoustic", 40, 88, slope=(-10, -6), point=(0.11, 0.14), ring=(0.8, 1.8),
                     damping=(0.1, 0.3), stiffness=(2e-4, 1e-3), chorus=(1, 4), thump=(0.05, 0.25)),
    "electric piano": _struck("keyboard", "electronic", 40, 84, slope=(-14, -8), ring=(0.8, 1.8),
                              damping=(0.2, 0.6), tremolo=(0, 0.4), drive=(0, 1.5), thump=(0, 0.1)),
    "harpsichord": _struck("keyboard", "acoustic", 43, 84, slope=(-2, 1), point=(0.06, 0.15),
                           ring=(0.5, 1.1), damping=(0.03, 0.1), chorus=(0, 6), thump=(0.1, 0.3)),
    "marimba": _struck("mallet", "acoustic", 48, 88, slope=(-12, -6), bar=(0.9, 1.1), ring=(0.1, 0.35),
                       damping=(0.2, 0.6), thump=(0.1, 0.4)),
    "vibraphone": _struck("mallet", "electronic", 53, 89, slope=(-14, -7), bar=(0.9, 1.1), ring=(0.8, 2.0),
                          damping=(0.1, 0.4), tremolo=(0, 0.4)),
    "bells": _struck("mallet", "synthetic", 60, 96, slope=(-7, -3), bar=(0.4, 0.8), ring=(0.7, 1.8),
                     damping=(0.03, 0.2), chorus=(0, 10)),
    # Bass
    "upright bass": _struck("bass", "acoustic", 28, 50, slope=(-11, -7), point=(0.2, 0.4), ring=(0.3, 0.6),
                            damping=(0.3, 0.7), thump=(0.1, 0.4)),
    "finger bass": _struck("bass", "electronic", 28, 52, slope=(-8, -5), point=(0.15, 0.35),
                           ring=(0.5, 1.1), damping=(0.15, 0.4), drive=(0, 1)),
    "picked bass": _struck("bass", "electronic", 28, 52, slope=(-5, -2), point=(0.08, 0.2), ring=(0.5, 1.0),
                           damping=(0.08, 0.2), drive=(0.5, 4), thump=(0.05, 0.2)),
    "saw bass": _driven("bass", "synthetic", 28, 52, slope=(-9, -5), bloom=(2, 5), settle=(0.05, 0.3),
                        attack=(0.004, 0.01), release=(0.03, 0.08), players=(1, 2.4), detune=(4, 14),
                        fade=(0.5, 2.5), drive=(0, 2)),
    "square bass": _driven("bass", "synthetic", 28, 52, slope=(-10, -6), odd=(0.8, 1.0), bloom=(1, 6),
                           settle=(0.03, 0.15), attack=(0.004, 0.01), release=(0.03, 0.06), fade=(0.4, 2)),
    "sub bass": _driven("bass", "synthetic", 28, 48, slope=(-18, -13), attack=(0.008, 0.02),
                        release=(0.04, 0.1), fade=(0.8, 3), drive=(0, 1.5)),
    # Bowed and blown
    "violin": _driven("string", "acoustic", 57, 91, slope=(-7, -4), bloom=(-4, 0), settle=(0.08, 0.2),
                      vibrato=(12, 30), attack=(0.05, 0.15), release=(0.08, 0.2), breath=(0.01, 0.05),
                      body=(900, 2600)),
    "cello": _driven("string", "acoustic", 38, 67, slope=(-8, -5), bloom=(-4, 0), settle=(0.08, 0.2),
                     vibrato=(10, 24), attack=(0.05, 0.18), release=(0.1, 0.25), breath=(0.01, 0.05),
                     body=(250, 900)),
    "strings": _driven("string", "acoustic", 45, 84, slope=(-9, -5), bloom=(-4, 0), settle=(0.1, 0.4),
                       vibrato=(8, 20), attack=(0.12, 0.4), release=(0.2, 0.4), players=(3, 3.4),
                       detune=(8, 18), breath=(0.005, 0.03), body=(500, 1600)),
    "flute": _driven("flute", "acoustic", 60, 93, slope=(-16, -9), bloom=(-3, 2), vibrato=(6, 22),
                     attack=(0.04, 0.12), release=(0.06, 0.12), breath=(0.03, 0.16)),
    "pan flute": _driven("flute", "synthetic", 57, 88, slope=(-14, -8), odd=(0.5, 0.9), vibrato=(0, 12),
                         attack=(0.02, 0.1), release=(0.06, 0.14), breath=(0.08, 0.25), fade=(1.5, 5)),
    "clarinet": _driven("reed", "acoustic", 50, 84, slope=(-9, -5), odd=(0.75, 1.0), bloom=(-3, 1),
                        vibrato=(0, 8), attack=(0.03, 0.08), release=(0.05, 0.1), breath=(0.01, 0.05)),
    "oboe": _driven("reed", "acoustic", 58, 86, slope=(-5, -2), odd=(0, 0.3), vibrato=(6, 18),
                    attack=(0.03, 0.08), release=(0.05, 0.1), breath=(0.005, 0.03), body=(1000, 1600)),
    "saxophone": _driven("reed", "acoustic", 46, 79, slope=(-7, -3), odd=(0, 0.4), bloom=(-2, 3),
                         vibrato=(6, 26), attack=(0.02, 0.07), release=(0.05, 0.12), breath=(0.03, 0.1),
                         body=(600, 1400), drive=(0, 1.5)),
    "trumpet": _driven("brass", "acoustic", 54, 84, slope=(-6, -2), bloom=(-9, -4), settle=(0.04, 0.12),
                       vibrato=(0, 14), attack=(0.02, 0.06), release=(0.05, 0.1), body=(1000, 1700)),
    "horn": _driven("brass", "acoustic", 41, 74, slope=(-10, -6), bloom=(-8, -3), settle=(0.06, 0.2),
                    vibrato=(0, 10), attack=(0.04, 0.1), release=(0.08, 0.18), players=(1, 2.4),
                    detune=(3, 10), body=(350, 800)),
    # Electric
    "organ": _driven("organ", "electronic", 40, 91, slope=(-8, -2), odd=(-0.5, 0.5), vibrato=(0, 16),
                     attack=(0.005, 0.02), release=(0.03, 0.08), drive=(0, 2)),
    "pipe organ": _driven("organ", "acoustic", 36, 91, slope=(-10, -4), odd=(0, 0.6), bloom=(-3, 0),
                          attack=(0.03, 0.09), release=(0.1, 0.3), players=(2, 3.4), detune=(1, 4),
                          breath=(0.005, 0.04)),
    "synth lead": _driven("synth_lead", "synthetic", 52, 88, slope=(-6, -2), odd=(0, 1), bloom=(0, 5),
                          settle=(0.05, 0.3), vibrato=(0, 20), attack=(0.003, 0.03), release=(0.04, 0.15),
                          players=(1, 3.4), detune=(5, 22), drive=(0, 3)),
    "synth pad": _driven("synth_lead", "synthetic", 45, 84, slope=(-10, -4), odd=(0, 0.6), bloom=(-5, 4),
                         settle=(0.3, 1.0), attack=(0.1, 0.5), release=(0.2, 0.5), players=(2, 3.4),
                         detune=(8, 24)),
    "synth pluck": _driven("synth_lead", "synthetic", 48, 88, slope=(-8, -4), odd=(0, 1), bloom=(3, 7),
                           settle=(0.03, 0.12), attack=(0.002, 0.006), release=(0.04, 0.1),
                           fade=(0.12, 0.5), players=(1, 2.4), detune=(4, 16)),
    # Voices
    "female voice": _sung("acoustic", 57, 79, formants=(1.12, 1.28), slope=(-12, -8), vibrato=(10, 40),
                          vibrato_hz=(4.8, 6.2), breath=(0.01, 0.06), glide=(0.03, 0.09)),
    "male voice": _sung("acoustic", 43, 65, formants=(0.88, 1.0), slope=(-12, -7), vibrato=(8, 35),
                        vibrato_hz=(4.6, 6.0), breath=(0.01, 0.05), glide=(0.03, 0.09)),
    "synthetic voice": _sung("synthetic", 48, 76, formants=(0.95, 1.2), slope=(-8, -4), vibrato=(0, 6),
                             vibrato_hz=(3, 6), breath=(0, 0.02), glide=(0.005, 0.02)),
}  # fmt: skip

FAMILIES = ("bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string",
            "synth_lead", "vocal")  # fmt: skip
