"""Drum kits: membranes, cymbals, claps and shakers, each a one-shot that is played again and again."""

import numpy as np

from mscol.synthesis import sounds

# The pieces of a kit, in the order in which they draw their timbre.
PIECES = ("kick", "snare", "hat", "open hat", "tom", "clap", "ride", "shaker", "low hand", "high hand")


def draw_kit(kind, rng):
    """Draw the timbre of a kit.

    Parameters
    ----------
    kind : str
        "acoustic", "electronic" or "brushes"; it moves the ranges of pitch, length and noise.
    rng : np.random.Generator

    Returns
    -------
    dict of str to dict of str to float
        For each of `PIECES` its frequency, sweep, decay and so on; see `hit`.
    """
    electronic, soft = kind == "electronic", kind == "brushes"
    kick = {
        "hz": rng.uniform(42, 58),
        "sweep": rng.uniform(1.5, 4.5) * (1 + electronic),
        "decay": rng.uniform(0.06, 0.14) * (1 + 1.2 * electronic),
        "click": rng.uniform(0.1, 0.7),
    }
    snare = {
        "hz": rng.uniform(160, 240),
        "sweep": 0.4,
        "decay": rng.uniform(0.04, 0.1),
        "noise": rng.uniform(0.5, 1.2) + soft,
        "low": rng.uniform(500, 2200),
        "high": rng.uniform(6000, 12000),
        "noise_decay": rng.uniform(0.05, 0.16),
    }
    hat = {
        "noise": 1.0,
        "low": rng.uniform(4500, 8000),
        "high": 16000.0,
        "noise_decay": rng.uniform(0.012, 0.045),
        "metal": rng.uniform(0, 0.8) * (not soft),
    }
    tom = {"hz": rng.uniform(80, 140), "sweep": rng.uniform(0.3, 1.0), "decay": rng.uniform(0.1, 0.25)}
    clap = {
        "noise": 1.0,
        "low": rng.uniform(700, 1200),
        "high": rng.uniform(2500, 5000),
        "noise_decay": rng.uniform(0.05, 0.14),
        "flam": rng.uniform(0.008, 0.014),
    }
    ride = dict(
        hat, low=rng.uniform(3000, 5000), noise_decay=rng.uniform(0.2, 0.45), metal=rng.uniform(0.5, 1.2)
    )
    shaker = {
        "noise": 1.0,
        "low": rng.uniform(3000, 6000),
        "high": 11000.0,
        "noise_decay": rng.uniform(0.03, 0.06),
    }
    low_hand = {"hz": rng.uniform(75, 120), "sweep": rng.uniform(-0.3, 0.5), "decay": rng.uniform(0.12, 0.3)}
    high_hand = {
        "hz": rng.uniform(260, 420),
        "sweep": 0.05,
        "decay": rng.uniform(0.05, 0.18),
        "noise": rng.uniform(0.1, 0.4),
        "low": 900.0,
        "high": 5000.0,
        "noise_decay": 0.015,
    }
    open_hat = dict(hat, noise_decay=rng.uniform(0.12, 0.3))
    pieces = (kick, snare, hat, open_hat, tom, clap, ride, shaker, low_hand, high_hand)
    return dict(zip(PIECES, pieces, strict=True))


def hit(piece, rate, rng):
    """Sound one stroke: a membrane whose pitch falls, noise in a band, metallic partials, a click.

    Parameters
    ----------
    piece : dict of str to float
        ``hz``, ``sweep`` (how much higher the pitch starts, in multiples), ``decay`` s; ``noise`` from
        ``low`` to ``high`` Hz over ``noise_decay`` s, ``flam`` s apart for a clap; ``metal``; ``click``.
    rate : int
    rng : np.random.Generator

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32
        Peak 1.
    """
    longest = max(piece.get("decay", 0.0), piece.get("noise_decay", 0.0), 0.02)
    n_samples = int(6 * longest * rate)
    t = np.arange(n_samples) / rate
    sound = np.zeros(n_samples)
    if "hz" in piece:
        pitch = piece["hz"] * (1 + piece["sweep"] * np.exp(-t / (0.25 * piece["decay"])))
        sound += np.sin(2 * np.pi * sounds.phase_of(pitch, rate)) * np.exp(-t / piece["decay"])
    if piece.get("noise"):
        fall = np.exp(-t / piece["noise_decay"])
        if piece.get("flam"):
            fall += sum(
                np.where(t > k * piece["flam"], np.exp(-(t - k * piece["flam"]) / 0.004), 0) for k in (1, 2)
            )
        hiss = sounds.band(sounds.noise(n_samples, rng), piece["low"], piece["high"], rate)
        sound += piece["noise"] * fall * sounds.peak_to_one(hiss)
    if piece.get("metal"):
        partials = rng.uniform(3000, 9500, 8)
        decays = np.full(8, piece["noise_decay"])
        sound += (
            piece["metal"]
            * 0.3
            * sounds.decaying_partials(partials, np.ones(8), decays, n_samples, rate, rng)
        )
    if piece.get("click"):
        sound += piece["click"] * np.exp(-t / 0.002) * sounds.noise(n_samples, rng) * 0.5
    return sounds.peak_to_one((sound * np.minimum(1, (n_samples / rate - t) / 0.005)).astype(np.float32))
