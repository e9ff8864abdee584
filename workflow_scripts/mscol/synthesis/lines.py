"""The notes of single lines: what a bass, a kit, an accompanist or a singer plays over the chords.

Every function returns a tuple of (beat, beats, pitch, velocity); ``playing`` has one truth value a bar,
``harmony`` is a `composition.Harmony`. Rhythms are drawn once a song and repeated, as music does.
"""

import numpy as np

BEATS = 4
# (beat, beats, step): step is a degree above the chord's root; 7 is the octave.
BASS_FIGURES = {
    "root": ((0, 3.8, 0),),
    "drone": ((0, 4.0, 0),),
    "two feel": ((0, 1.4, 0), (2, 1.4, 4)),
    "walk": ((0, 0.9, 0), (1, 0.9, 2), (2, 0.9, 4), (3, 0.9, 5)),
    "eighths": tuple((step / 2, 0.45, 0) for step in range(8)),
    "sixteenths": tuple((step / 4, 0.22, 7 * (step % 4 == 2)) for step in range(16) if step % 4),
    "offbeat": tuple((beat + 0.5, 0.42, 0) for beat in range(4)),
    "octaves": tuple((step / 2, 0.42, 7 * (step % 2)) for step in range(8)),
    "tumbao": ((0, 1.3, 0), (1.5, 1.3, 4), (3, 0.9, 7)),
}


def bass_line(figure, harmony, playing, rng):
    """Play a figure of `BASS_FIGURES`, or "syncopated": one drawn for the song."""
    low = int(rng.integers(29, 37))
    if figure == "syncopated":
        steps = np.flatnonzero(rng.random(16) < 0.35)
        onsets = sorted({0, *steps.tolist()})
        lengths = np.diff([*onsets, 16])
        pattern = tuple(
            (onset / 4, 0.85 * min(length, 6) / 4, int(rng.choice([0, 0, 0, 4, 7])))
            for onset, length in zip(onsets, lengths, strict=True)
        )
    else:
        pattern = BASS_FIGURES[figure]
    notes = []
    for bar in np.flatnonzero(playing):
        root = 0 if figure == "drone" else harmony.chord(bar)[0]
        base = harmony.pitch(root, low)
        for beat, beats, step in pattern:
            pitch = base + 12 if step == 7 else harmony.pitch(root + step, base)
            notes.append((bar * BEATS + beat, beats, pitch, 0.95 if beat == 0 else 0.8))
    return tuple(notes)


def drum_line(pattern, playing, rng):
    """Repeat a pattern of `styles.PATTERNS`, swung or straight, with fills and an opening crash."""
    swing = float(rng.choice([0.0, 0.0, 0.12, 0.2])) / 4
    extra = {piece: rng.random(16) < 0.06 for piece in pattern}
    dropped = {piece: rng.random(16) < 0.04 for piece in pattern}
    notes = []
    for bar in np.flatnonzero(playing):
        start = bar * BEATS
        fill = bar % 4 == 3 and rng.random() < 0.6
        for piece, row in pattern.items():
            for step, mark in enumerate(row):
                ghost = mark == "." and extra[piece][step]
                if (mark == "." and not ghost) or dropped[piece][step] or (fill and step >= 12):
                    continue
                loud = {"x": 1.0, "o": 0.5}.get(mark, 0.35)
                loud *= {"hat": 0.4, "open hat": 0.4, "shaker": 0.35, "ride": 0.4}.get(piece, 1.0)
                notes.append(
                    (start + step / 4 + swing * (step % 2), 0.25, piece, loud * rng.uniform(0.8, 1.0))
                )
        if fill:
            piece = "high hand" if "high hand" in pattern else str(rng.choice(["snare", "tom"]))
            notes += [(start + 3 + k / 4, 0.25, piece, 0.6 + 0.1 * k) for k in range(4)]
        if bar and not playing[bar - 1] and "hat" in pattern:
            notes.append((start, 0.25, "open hat", 0.8))
    return tuple(notes)


def other_line(role, instrument, harmony, playing, rng):
    """Play a role of the accompaniment or the tune.

    Parameters
    ----------
    role : str
        Chords: "pad", "stabs", "strum", "chug"; broken chords: "arpeggio", "picking"; single notes:
        "melody", "sparse", "random"; "drone".
    instrument : Instrument
        Its register is kept.
    """
    if role in ("melody", "sparse", "random"):
        return melody(role, harmony, playing, instrument.low, instrument.high, rng)
    low = int(np.clip(rng.integers(50, 62), instrument.low, max(instrument.low, instrument.high - 14)))
    play = {"pad": _pad, "drone": _drone, "arpeggio": _broken, "picking": _broken}.get(role, _struck_chords)
    figure = _figure(role, rng)
    notes = []
    for bar in np.flatnonzero(playing):
        chord = sorted(harmony.pitch(degree, low) for degree in harmony.chord(bar))
        notes += [(bar * BEATS + beat, beats, pitch, velocity)
                  for beat, beats, pitch, velocity in play(chord, figure, low, harmony)]  # fmt: skip
    return tuple(notes)


def _figure(role, rng):
    """The rhythm and order that a role repeats all song long."""
    if role in ("arpeggio", "picking"):
        step = 0.25 if role == "arpeggio" and rng.random() < 0.5 else 0.5
        return [(k * step, step, int(rng.integers(5))) for k in range(8)]
    if role == "strum":
        return sorted({0.0, *rng.choice([1, 1.5, 2, 2.5, 3, 3.5], 4).tolist()})
    if role == "chug":
        return [k / 4 for k in range(16) if rng.random() < 0.7]
    return sorted({*rng.choice([0, 0.5, 0.75, 1.5, 2, 2.5, 2.75, 3.5], 3).tolist()})


def _pad(chord, figure, low, harmony):
    return [(0, BEATS - 0.05, pitch, 0.7) for pitch in chord]


def _drone(chord, figure, low, harmony):
    tonic = harmony.pitch(0, low)
    return [(beat, 0.9, tonic + 7 * (beat % 4 == 1), 0.6) for beat in range(BEATS)]


def _broken(chord, figure, low, harmony):
    tones = [*chord, *(pitch + 12 for pitch in chord)]
    length = figure[0][1] * len(figure)
    return [(round_ * length + beat, 1.6 * step, tones[tone], 0.9 if beat == 0 else 0.7)
            for round_ in range(int(BEATS / length)) for beat, step, tone in figure]  # fmt: skip


def _struck_chords(chord, figure, low, harmony):
    ends = [*figure[1:], BEATS]
    tones = chord if len(figure) < 6 else [chord[0], chord[0] + 7]
    # The strings of a strummed chord sound one after the other.
    return [(beat + 0.02 * k, 0.8 * min(end - beat, 1.5), pitch, 0.85 if beat == int(beat) else 0.7)
            for beat, end in zip(figure, ends, strict=True) for k, pitch in enumerate(tones)]  # fmt: skip


def melody(role, harmony, playing, low, high, rng):
    """A tune: a rhythm of two bars that returns, and a walk over the scale that rests on chord tones."""
    density = {"melody": rng.uniform(0.3, 0.6), "sparse": 0.12, "random": 0.5}[role]
    onsets = np.flatnonzero(np.append(True, rng.random(15) < density))
    lengths = np.diff(np.append(onsets, 16)) / 2
    centre = float(np.clip(rng.uniform(62, 76), low + 5, high - 5))
    notes, pitch = [], int(centre)
    for bar in np.flatnonzero(playing):
        degrees = harmony.chord(bar)
        for onset, length in zip(onsets, lengths, strict=True):
            if onset // 8 != bar % 2:
                continue
            pitch = _next_pitch(role, pitch, centre, harmony, degrees if onset % 4 == 0 else range(7), rng)
            notes.append(
                (bar * BEATS + onset % 8 / 2, 0.95 * min(length, 4.0), pitch, rng.choice([0.7, 0.9]))
            )
    return tuple((beat, min(beats, BEATS - beat % BEATS), pitch, float(v)) for beat, beats, pitch, v in notes)


def _next_pitch(role, pitch, centre, harmony, degrees, rng):
    """The scale tone nearest to a step from ``pitch`` that is drawn back to ``centre``."""
    spread = 9.0 if role == "random" else 3.0
    wanted = pitch + rng.normal(0.25 * (centre - pitch), spread)
    wanted = float(np.clip(wanted, centre - 10, centre + 10))
    tones = [harmony.pitch(degree, int(wanted) - 5) for degree in degrees]
    return min(tones, key=lambda tone: abs(tone - wanted))


def voice_line(manner, sex, harmony, playing, tempo, rng, tone=0):
    """What a singer sings.

    Parameters
    ----------
    manner : str
        "song" and "opera" sing tunes, "choir" holds chord tones, "rap" speaks in sixteenths.
    sex : str
        "female" or "male": the register.
    tempo : float
        Beats a minute; a fast song gets no more than about five syllables a second.
    tone : int
        Which of the chord's three tones a member of a choir holds.
    """
    low, high = {"female": (60, 79), "male": (41, 60)}[sex]
    if manner == "choir":
        return tuple(
            (bar * BEATS, BEATS - 0.05, harmony.pitch(harmony.chord(bar)[tone], low + 2), 0.8)
            for bar in np.flatnonzero(playing)
        )
    if manner == "rap":
        return _rap(playing, low + 4, 0.25 if tempo < 100 else 0.5, rng)
    shift = 5 if manner == "opera" else 0
    notes = melody("melody", harmony, playing, low + shift, high + shift, rng)
    # Each second bar ends with a breath.
    return tuple(note for note in notes if not (note[0] // BEATS % 2 == 1 and note[0] % BEATS >= 3))


def _rap(playing, pitch, step, rng):
    rhythm = rng.random(int(BEATS / step)) < 0.75
    return tuple(
        (bar * BEATS + k * step, 0.9 * step, pitch + float(rng.normal(0, 1.5)), float(rng.uniform(0.7, 1)))
        for bar in np.flatnonzero(playing)
        for k in np.flatnonzero(rhythm)
    )
