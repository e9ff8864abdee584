"""Harmony, and the notes of single lines: what a bass, an accompanist or a singer plays over the chords.

A line repeats a figure, drawn once per song, or is a tune. ``playing`` has one truth value per bar.
"""

from dataclasses import dataclass

import numpy as np

from mscol.synthesis.drums import BEATS

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10), "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "bhairav": (0, 1, 4, 5, 7, 8, 11), "whole tone": (0, 2, 4, 6, 8, 10, 11),
}  # fmt: skip
# Chord roots as degrees of the mode, one chord per bar.
PROGRESSIONS = ((0, 4, 5, 3), (0, 3, 4, 4), (5, 3, 0, 4), (0, 5, 3, 4), (0, 0, 3, 4), (0, 6, 5, 4),
                (0, 3, 0, 4), (0, 5, 1, 4), (0, 2, 3, 3), (0, 0, 6, 3))  # fmt: skip
# A figure's grid in beats, the share of the grid's positions that sound, the longest note in beats, the order of the steps
# (in turn, at random, or together), and the steps up the scale from the chord's root (7 is the octave, None a rest).
FIGURES = {
    "root": (4, 1, 4, "turn", (0,)),
    "walk": (1, 1, 1, "turn", (0, 2, 4, 5)),
    "eighths": (0.5, 1, 0.5, "turn", (0,)),
    "octaves": (0.5, 1, 0.5, "turn", (0, 7)),
    "offbeat": (0.5, 1, 0.5, "turn", (None, 0)),
    "tumbao": (0.5, 1, 1, "turn", (0, None, None, 4, None, None, 7, None)),
    "syncopated": (0.25, 0.35, 1.5, "random", (0, 0, 0, 4, 7)),
    "arpeggio": (0.25, 1, 0.5, "random", (0, 2, 4, 7, 9)),
    "picking": (0.5, 1, 1, "random", (0, 2, 4, 7, 9)),
    "rap": (0.25, 0.7, 0.3, "random", (0, 0, 0, 1, 2)),
    "pad": (4, 1, 4, "together", (0, 2, 4)),
    "strum": (0.5, 0.55, 1.5, "together", (0, 2, 4)),
    "stabs": (0.25, 0.15, 0.5, "together", (0, 2, 4)),
    "chug": (0.25, 0.7, 0.25, "together", (0, 4)),
}
TUNES = {"tune": (0.45, 3), "sparse": (0.12, 3), "random": (0.5, 9)}  # notes per eighth; leaps in semitones


@dataclass(frozen=True)
class Harmony:
    """The key and chords of a song, from which every line gets its pitches."""

    root: int
    mode: tuple
    progression: tuple

    def pitch(self, degree, low):
        """Return the lowest pitch from ``low`` upward that is the ``degree``-th of the scale (0 is the keynote)."""
        return int(low + (self.root + self.mode[degree % 7] - low) % 12)

    def above(self, bar, step, low):
        """Return the pitch ``step`` degrees above the root of a bar's chord; the root is at or above ``low``."""
        root = self.progression[bar % len(self.progression)]
        octaves, degree = divmod(root + step, 7)
        return self.pitch(root, low) + 12 * octaves + self.mode[degree] - self.mode[root]

    def nearest(self, wanted, bar=None):
        """Return the tone of the scale, or of a bar's chord, nearest to a pitch."""
        root = 0 if bar is None else self.progression[bar % len(self.progression)]
        degrees = range(7) if bar is None else (root, root + 2, root + 4)
        tones = [self.pitch(degree, int(wanted) - 5) for degree in degrees]
        return min(tones, key=lambda tone: abs(tone - wanted))


def line(role, instrument, harmony, playing, rng):
    """Compose a line.

    Parameters
    ----------
    role : str
        A key of `FIGURES` or `TUNES`.
    instrument : Instrument
        Tunes stay in its register; a figure starts in its lowest octave, or from C3 on.
    harmony : Harmony
    playing : np.ndarray, shape=(n_bars,), bool

    Returns
    -------
    tuple of (beat, beats, pitch, velocity)
    """
    if role in TUNES:
        return _tune(*TUNES[role], instrument.low + 5, instrument.high - 5, harmony, playing, rng)
    low = max(instrument.low, min(48, instrument.high - 24)) + int(rng.integers(10))
    figure = _figure(*FIGURES[role], rng)
    return tuple(
        (bar * BEATS + beat, beats, harmony.above(bar, step, low), velocity)
        for bar in np.flatnonzero(playing)
        for beat, beats, step, velocity in figure
    )


def _figure(grid, share, longest, order, steps, rng):
    """Draw the notes of a bar: (beat, beats, step, velocity)."""
    onsets = np.flatnonzero(np.append(True, rng.random(round(BEATS / grid) - 1) < share)) * float(grid)
    figure = []
    for number, (onset, end) in enumerate(zip(onsets, [*onsets[1:], BEATS], strict=True)):
        one = number % len(steps) if order == "turn" else rng.integers(len(steps))
        chosen = steps if order == "together" else steps[one : one + 1]
        beats, velocity = 0.95 * min(end - onset, longest), 0.75 if onset % 1 else 0.9
        # The strings of a strummed chord sound one after another.
        figure += [
            (onset + 0.02 * late, beats, step, velocity)
            for late, step in enumerate(chosen)
            if step is not None
        ]
    return figure


def _tune(density, leap, low, high, harmony, playing, rng):
    """Compose a tune: a repeated rhythm of two bars, and a walk over the scale with chord tones on strong beats."""
    onsets = np.flatnonzero(np.append(True, rng.random(15) < density * rng.uniform(0.7, 1.3)))  # eighths
    centre = pitch = float(np.clip(rng.uniform(62, 76), low, high))
    notes = []
    for bar in np.flatnonzero(playing):
        for onset, end in zip(onsets, [*onsets[1:], 16], strict=True):
            if onset // 8 == bar % 2:
                wanted = pitch + rng.normal(0.25 * (centre - pitch), leap)
                pitch = harmony.nearest(np.clip(wanted, centre - 10, centre + 10), None if onset % 4 else bar)
                beat = onset % 8 / 2
                length = 0.95 * min((end - onset) / 2, BEATS - beat)
                notes.append((bar * BEATS + beat, length, pitch, 0.75 if onset % 4 else 0.9))
    return tuple(notes)
