"""Drums: kits of one-shot sounds, and the patterns that they play.

MTAT's tags "drums" and "beat" require any kit, "beats" an electronic one. The patterns distinguish styles.
"""

import numpy as np

from mscol.synthesis import sounds

BEATS = 4  # per bar
# Ranges of the parameters of `hit` for the pieces of a kit, and the changes of each kind of kit.
PIECES = {
    "kick": {"hz": (42, 58), "sweep": (1.5, 4.5), "decay": (0.06, 0.14), "click": (0.1, 0.7)},
    "snare": {"hz": (160, 240), "sweep": (0.4, 0.4), "decay": (0.04, 0.1), "noise": (0.5, 1.2),
              "low": (500, 2200), "high": (6000, 12000), "noise_decay": (0.05, 0.16)},
    "hat": {"noise": (1, 1), "low": (4500, 8000), "high": (16000, 16000), "noise_decay": (0.012, 0.045)},
    "open hat": {"noise": (1, 1), "low": (3000, 8000), "high": (16000, 16000), "noise_decay": (0.12, 0.35)},
    "clap": {"noise": (1, 1), "low": (700, 1200), "high": (2500, 5000), "noise_decay": (0.05, 0.14),
             "flam": (0.008, 0.014)},
    "shaker": {"noise": (1, 1), "low": (3000, 6000), "high": (11000, 11000), "noise_decay": (0.03, 0.06)},
    "low hand": {"hz": (75, 120), "sweep": (-0.3, 0.6), "decay": (0.12, 0.3)},
    "high hand": {"hz": (260, 420), "sweep": (0.05, 0.05), "decay": (0.05, 0.18), "noise": (0.1, 0.4),
                  "low": (900, 900), "high": (5000, 5000), "noise_decay": (0.015, 0.015)},
}  # fmt: skip
KITS = {
    "acoustic": {},
    "electronic": {"kick": {"sweep": (3, 9), "decay": (0.13, 0.31)}},
    "brushes": {"snare": {"noise": (1.5, 2.2)}, "kick": {"click": (0, 0.1)}},
}
# Sixteenths of a 4/4 bar: x is a stroke, o a soft stroke.
PATTERNS = {
    "four": {"kick": "x...x...x...x...", "open hat": "..x...x...x...x.", "clap": "....x.......x..."},
    "four busy": {"kick": "x...x...x...x...", "hat": "xoxoxoxoxoxoxoxo", "clap": "....x.......x..o"},
    "broken": {"kick": "x.....x..x......", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.xo"},
    "boom bap": {"kick": "x.....x...x.....", "snare": "....x..o.o..x...", "hat": "x.x.x.x.x.x.x.x."},
    "trap": {"kick": "x......x..x.....", "clap": "........x.......", "hat": "x.xxx.x.x.xxx.xx"},
    "rock": {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
    "metal": {"kick": "x.xxx.xxx.xxx.xx", "snare": "....x.......x...", "open hat": "x...x...x...x..."},
    "pop": {"kick": "x......xx.......", "snare": "....x.......x...", "shaker": "xoxoxoxoxoxoxoxo"},
    "train": {"kick": "x.......x.......", "snare": "o.xoo.xoo.xoo.xo"},
    "soft": {"kick": "x...............", "snare": "........o.......", "shaker": "x.o.x.o.x.o.x.o."},
    "tabla": {"low hand": "x.....x...x.....", "high hand": "..x.xo..x..xxo.o"},
    "conga": {"low hand": "x..x..x.x..x..o.", "high hand": "..x..x....x..x.x", "shaker": "x.x.x.x.x.x.x.x."},
    "odd": {"low hand": "x..x.....x..o...", "kick": "x......x....x..o", "open hat": "..x.....x......."},
}  # fmt: skip
LOUDNESS = {"x": 1.0, "o": 0.5, "hat": 0.4, "open hat": 0.4, "shaker": 0.35}  # 1 for all other pieces


def draw_kit(kind, rng):
    """Draw the timbre of a kit of a kind in `KITS`: for each piece, the parameters of `hit`."""
    return {piece: sounds.draw(ranges | KITS[kind].get(piece, {}), rng) for piece, ranges in PIECES.items()}


def hit(piece, rate, rng):
    """Synthesise one stroke: a membrane with falling pitch, noise in a band, a click.

    Parameters
    ----------
    piece : dict of str to float
        ``hz``, which starts higher by ``sweep`` times itself and decays over ``decay`` s; ``noise`` from ``low`` to
        ``high`` Hz over ``noise_decay`` s, repeated after ``flam`` s for a clap; ``click``.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32
        Peak 1.
    """
    n_samples = int(6 * max(piece.get("decay", 0.0), piece.get("noise_decay", 0.0)) * rate)
    t = np.arange(n_samples) / rate
    sound = np.zeros(n_samples)
    if "hz" in piece:
        settle = 0.25 * piece["decay"]
        phase = piece["hz"] * (t + piece["sweep"] * settle * (1 - np.exp(-t / settle)))
        sound += np.sin(2 * np.pi * phase) * np.exp(-t / piece["decay"])
    if "noise" in piece:
        fall = np.exp(-t / piece["noise_decay"])
        if "flam" in piece:
            fall += np.exp(-(t % piece["flam"]) / 0.004) * (t < 3 * piece["flam"])
        hiss = sounds.band(sounds.noise(n_samples, rng), piece["low"], piece["high"], rate)
        sound += piece["noise"] * fall * sounds.peak_to_one(hiss)
    if "click" in piece:
        sound += piece["click"] * np.exp(-t / 0.002) * sounds.noise(n_samples, rng) * 0.5
    return sounds.peak_to_one(sounds.swell(sound.astype(np.float32), 0, 0.005, rate))


def drum_line(pattern, playing, rng):
    """Repeat a pattern of `PATTERNS`, swung or straight, with a few random changes per song, and fills.

    Returns the same as `lines.line`, with pieces of the kit as pitches; ``playing`` has one truth value per bar.
    """
    swing = float(rng.choice([0.0, 0.0, 0.12, 0.2])) / 4
    strokes = []
    for piece, row in PATTERNS[pattern].items():
        for step, mark in enumerate(row):
            if rng.random() < 0.05:
                mark = "o" if mark == "." else "."
            if mark != ".":
                loud = LOUDNESS[mark] * LOUDNESS.get(piece, 1.0)
                strokes.append((step / 4 + swing * (step % 2), piece, loud))
    notes = []
    for bar in np.flatnonzero(playing):
        fill = bar % 4 == 3 and rng.random() < 0.6
        notes += [
            (bar * BEATS + beat, 0.25, piece, loud * rng.uniform(0.8, 1.0))
            for beat, piece, loud in strokes
            if not fill or beat < 3
        ]
        if fill:
            piece = str(rng.choice(["snare", "low hand", "high hand"]))
            notes += [(bar * BEATS + 3 + step / 4, 0.25, piece, 0.6 + 0.1 * step) for step in range(4)]
    return tuple(notes)
