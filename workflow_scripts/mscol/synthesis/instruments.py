"""Pitched instruments and voices: all repeat one period of a wave that changes over time.

The amplitudes of the wave's partials fall with a slope. Some partials are missing (a stopped pipe, the point where a string is
plucked); resonances boost others (a body, the formants of a voice). A second wave makes the onset, brighter or, as in
brass, duller, and fades into the first. `RECIPES` lists the kinds of instruments with their families and tags:
every family of NSynth has at least two timbres, and every instrument and voice among MTAT's 50 tags has at least
one. The ranges of related kinds overlap on purpose: recognising an instrument must be possible, but not trivial.
"""

from dataclasses import dataclass

import numpy as np

from mscol.synthesis import sounds

MOST_HARMONICS = 48
# The first three formants of five vowels of an adult man in Hz (after Peterson & Barney, JASA 1952).
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
FORMANT_WIDTHS_HZ, FORMANT_GAINS = (90, 120, 170), (1.0, 0.6, 0.3)
THUMP_BAND_HZ = (150, 3000)
CONSONANT_BANDS_HZ = ((1200, 3500), (3500, 7500), None)  # "h", "k"; "sh", "s", "t"; no consonant
SUNG = ("vocal", "vocals", "voice")
FEMALE = (*SUNG, "female", "woman", "female vocal", "female voice")
MALE = (*SUNG, "male", "man", "male vocal", "male voice")


@dataclass(frozen=True)
class Recipe:
    """A kind of instrument."""

    family: str  # of NSynth
    source: str  # acoustic, electronic or synthetic, as in NSynth
    tags: tuple  # MTAT's tags of clips in which it is heard
    low: int  # the register, MIDI note numbers
    high: int
    # str to (float, float): slopes and blooms in dB per octave, times in s, pitches in cents, bodies in Hz
    ranges: dict
    partials: tuple | None = None  # partials that are not harmonics, in fifths of the pitch


def _recipe(family, source, tags, low, high, partials=None, **ranges):
    return Recipe(family, source, tuple(tags), low, high, ranges, partials)


BOWED = {"bloom": (-4, 0), "settle": (0.08, 0.25), "vibrato": (10, 28), "breath": (0.01, 0.05),
         "attack": (0.05, 0.18), "release": (0.08, 0.25)}  # fmt: skip
BLOWN = {"attack": (0.02, 0.1), "release": (0.05, 0.13)}
SINGING = {"vibrato": (8, 40), "breath": (0.01, 0.06), "glide": (0.02, 0.05), "consonants": (0.05, 0.35)}
TRAINED = {"vibrato": (45, 90), "slope": (-9, -5), "glide": (0.04, 0.08), "consonants": (0.03, 0.08)}
RECIPES = {
    # Plucked and hammered: a bright onset settles, and the sound fades
    "guitar": _recipe("guitar", "acoustic", ["guitar"], 43, 79, slope=(-9, -5), point=(0.1, 0.35),
        bloom=(3, 7), settle=(0.05, 0.2), fade=(0.3, 0.9), thump=(0.05, 0.3)),
    "electric guitar": _recipe("guitar", "electronic", ["guitar"], 40, 79, slope=(-7, -3), point=(0.06, 0.3),
        bloom=(1, 5), settle=(0.1, 0.5), fade=(0.8, 2), drive=(0, 3)),
    "distorted guitar": _recipe("guitar", "electronic", ["guitar"], 38, 76, slope=(-5, -1),
        point=(0.06, 0.25), bloom=(0, 3), settle=(0.2, 0.6), fade=(1.5, 3), drive=(6, 16)),
    "sitar": _recipe("guitar", "acoustic", ["sitar"], 48, 79, slope=(-4, 0), point=(0.03, 0.12),
        bloom=(-2, 2), settle=(0.2, 0.6), fade=(0.8, 1.8), drive=(1, 4), players=(2, 2), detune=(3, 9)),
    "harp": _recipe("guitar", "acoustic", ["harp"], 45, 91, slope=(-13, -9), point=(0.35, 0.5), bloom=(3, 7),
        settle=(0.05, 0.2), fade=(0.7, 1.6), thump=(0, 0.1), release=(0.4, 0.6)),
    "piano": _recipe("keyboard", "acoustic", ["piano"], 40, 88, slope=(-12, -8), point=(0.11, 0.14),
        bloom=(3, 6), settle=(0.1, 0.4), fade=(0.8, 1.8), players=(2, 2), detune=(1, 3), thump=(0.05, 0.25)),
    "harpsichord": _recipe("keyboard", "acoustic", ["harpsichord"], 43, 84, slope=(-3, 0),
        point=(0.06, 0.15), bloom=(0, 2), settle=(0.1, 0.4), fade=(0.5, 1.1), thump=(0.1, 0.3)),
    "marimba": _recipe("mallet", "acoustic", [], 48, 88, partials=(5, 20, 46), slope=(-12, -6),
        bloom=(2, 5), settle=(0.02, 0.06), fade=(0.1, 0.35), thump=(0.1, 0.4)),
    "bells": _recipe("mallet", "synthetic", [], 60, 96, partials=(5, 10, 12, 15, 20, 30), slope=(-8, -3),
        bloom=(1, 5), settle=(0.1, 0.5), fade=(0.7, 1.8)),
    # Bass
    "upright bass": _recipe("bass", "acoustic", [], 28, 50, slope=(-13, -9), point=(0.2, 0.4), bloom=(3, 6),
        settle=(0.05, 0.2), fade=(0.2, 0.5), thump=(0.1, 0.4)),
    "electric bass": _recipe("bass", "electronic", [], 28, 52, slope=(-9, -4), point=(0.08, 0.35),
        bloom=(2, 5), settle=(0.05, 0.3), fade=(0.3, 0.8), drive=(0, 3), thump=(0, 0.15)),
    "saw bass": _recipe("bass", "synthetic", ["synth"], 28, 52, slope=(-9, -5), odd=(0, 1), bloom=(1, 6),
        settle=(0.03, 0.3), fade=(0.2, 1.2), players=(1, 2.4), detune=(4, 14), drive=(0, 2)),
    "sub bass": _recipe("bass", "synthetic", [], 28, 48, slope=(-18, -13), fade=(0.4, 1.5), drive=(0, 1.5)),
    # Bowed and blown: an onset settles into a sustained tone
    "violin": _recipe("string", "acoustic", ["violin", "strings"], 57, 91, slope=(-7, -4), body=(900, 2600),
        **BOWED),
    "cello": _recipe("string", "acoustic", ["cello", "strings"], 38, 67, slope=(-8, -5), body=(250, 900),
        **BOWED),
    "strings": _recipe("string", "acoustic", ["strings"], 45, 84, slope=(-9, -5), body=(500, 1600),
        players=(3, 3), detune=(8, 18), **BOWED | {"attack": (0.12, 0.4), "release": (0.2, 0.4)}),
    "flute": _recipe("flute", "acoustic", ["flute"], 60, 93, slope=(-16, -9), bloom=(-3, 2), vibrato=(6, 22),
        breath=(0.03, 0.16), **BLOWN),
    "pan flute": _recipe("flute", "synthetic", ["flute"], 57, 88, slope=(-14, -8), odd=(0.5, 0.9),
        breath=(0.08, 0.25), fade=(2, 6), **BLOWN),
    "clarinet": _recipe("reed", "acoustic", [], 50, 84, slope=(-9, -5), odd=(0.75, 1), bloom=(-3, 1),
        vibrato=(0, 8), breath=(0.01, 0.05), **BLOWN),
    "saxophone": _recipe("reed", "acoustic", [], 46, 79, slope=(-7, -2), odd=(0, 0.4), bloom=(-2, 3),
        vibrato=(6, 26), breath=(0.02, 0.1), body=(600, 1500), drive=(0, 1.5), **BLOWN),
    "trumpet": _recipe("brass", "acoustic", [], 54, 84, slope=(-6, -2), bloom=(-9, -4), settle=(0.04, 0.12),
        vibrato=(0, 14), body=(1000, 1700), **BLOWN),
    "horn": _recipe("brass", "acoustic", [], 41, 74, slope=(-10, -6), bloom=(-8, -3), settle=(0.06, 0.2),
        vibrato=(0, 10), players=(1, 2.4), detune=(3, 10), body=(350, 800), **BLOWN),
    # Electric and similar
    "organ": _recipe("organ", "electronic", [], 40, 91, slope=(-8, -2), odd=(-0.5, 0.5), vibrato=(0, 16)),
    "pipe organ": _recipe("organ", "acoustic", [], 36, 91, slope=(-10, -4), odd=(0, 0.6), bloom=(-3, 0),
        attack=(0.03, 0.09), release=(0.1, 0.3), players=(2, 3.4), detune=(1, 4), breath=(0.005, 0.04)),
    "synth lead": _recipe("synth_lead", "synthetic", ["synth"], 52, 88, slope=(-6, -2), odd=(0, 1),
        bloom=(0, 5), settle=(0.05, 0.3), vibrato=(0, 20), players=(1, 3.4), detune=(5, 22), drive=(0, 3)),
    "synth pad": _recipe("synth_lead", "synthetic", ["synth"], 45, 84, slope=(-10, -4), settle=(0.3, 1),
        odd=(0, 0.6), bloom=(-5, 4), attack=(0.1, 0.5), release=(0.2, 0.5), players=(2, 3), detune=(8, 24)),
    "synth pluck": _recipe("synth_lead", "synthetic", ["synth"], 48, 88, slope=(-8, -4), odd=(0, 1),
        bloom=(3, 7), settle=(0.03, 0.12), fade=(0.12, 0.5), players=(1, 2.4), detune=(4, 16)),
    # Voices
    "female voice": _recipe("vocal", "acoustic", [*FEMALE, "singing"], 57, 79, formants=(1.12, 1.28),
        slope=(-12, -8), **SINGING),
    "male voice": _recipe("vocal", "acoustic", [*MALE, "singing"], 43, 65, formants=(0.88, 1),
        slope=(-12, -7), **SINGING),
    "soprano": _recipe("vocal", "acoustic", [*FEMALE, "singing", "opera"], 62, 84, formants=(1.12, 1.28),
        **TRAINED),
    "tenor": _recipe("vocal", "acoustic", [*MALE, "singing", "opera"], 48, 70, formants=(0.88, 1), **TRAINED),
    "rapper": _recipe("vocal", "acoustic", MALE, 43, 65, formants=(0.88, 1), slope=(-11, -6), fall=(2, 4),
        breath=(0.02, 0.06), glide=(0.01, 0.02), consonants=(0.3, 0.6)),
    "choir": _recipe("vocal", "acoustic", [*SUNG, "singing", "choir", "choral"], 45, 79, formants=(0.9, 1.25),
        slope=(-12, -8), players=(3, 4.4), detune=(8, 20), attack=(0.08, 0.2), release=(0.15, 0.3),
        **SINGING | {"consonants": (0, 0)}),
}  # fmt: skip


@dataclass(frozen=True)
class Instrument:
    """One instrument with its own timbre."""

    name: str  # key of `RECIPES`
    timbre: dict  # str to float: a value from each of the recipe's ranges
    low: int  # the register, MIDI note numbers
    high: int

    def note(self, midi, seconds, velocity, rate, rng):
        """Synthesise one note.

        Parameters
        ----------
        midi, seconds : float
            MIDI note number, which may lie outside the register; time from the start to the release.
        velocity : float
            Loudness and brightness, 0 to 1.
        rate : int
            Hz.

        Returns
        -------
        np.ndarray, shape=(n_samples,), float32
            Longer than ``seconds`` by the release; at velocity 1 the peak is 1.
        """
        timbre, frequency = self.timbre, float(sounds.hertz(midi))
        release = timbre.get("release", 0.1)
        t = np.arange(int((seconds + release) * rate)) / rate
        sound = sounds.peak_to_one(self._wave(frequency, t, velocity, rate, rng))
        if "breath" in timbre:  # like breath, differences of noise are brighter than noise
            sound += timbre["breath"] * np.diff(sounds.noise(len(t) + 1, rng))
        if "drive" in timbre:
            sound = np.tanh(sound * np.float32(1 + timbre["drive"]))
        if "fade" in timbre:  # low notes ring longer than high ones
            sound *= np.exp(t.astype(np.float32) * np.float32(-((frequency / 220) ** 0.5) / timbre["fade"]))
        sounds.swell(sound, timbre.get("attack", 0.003), release, rate)
        _start_with_noise(sound, timbre, rate, rng)
        return sounds.peak_to_one(sound) * np.float32(0.25 + 0.75 * velocity)

    def _wave(self, frequency, t, velocity, rate, rng):
        """Compute the wave of all players or strings of a note, with the shape of ``t``."""
        timbre, partials = self.timbre, RECIPES[self.name].partials
        fold = 5 if partials else 1  # periods of the pitch per period of the wave
        numbers = np.array(partials or range(1, MOST_HARMONICS + 1))
        audible = numbers[numbers * frequency / fold < sounds.NYQUIST_SHARE * rate]
        numbers = audible if len(audible) else numbers[:1]
        phases = rng.uniform(0, 2 * np.pi, len(numbers))
        slope = timbre["slope"] - 5 * (1 - velocity)
        # The sustained wave and the onset's wave; a voice starts from another vowel.
        slopes = (slope, slope + timbre.get("bloom", 0.0))
        spectra = [self._amplitudes(numbers / fold, frequency, slope, rng) for slope in slopes]
        tables = [sounds.wavetable(numbers, spectrum, phases) for spectrum in spectra]
        players = round(timbre.get("players", 1))
        held = onset = np.float32(0)
        for place in np.linspace(-1, 1, players) if players > 1 else (0.0,):
            pitch = frequency * 2 ** (place * timbre.get("detune", 0.0) / 1200)
            waves = sounds.look_up(tables, (_phase(pitch, t, timbre, rng) + rng.uniform()) / fold)
            held, onset = held + waves[0], onset + waves[1]
        return held + np.exp(t.astype(np.float32) / np.float32(-timbre.get("settle", 0.1))) * (onset - held)

    def _amplitudes(self, ratios, frequency, slope, rng):
        """Compute the amplitudes of partials at ``ratios`` of the pitch; for a voice, on a random vowel."""
        timbre = self.timbre
        amplitudes = ratios ** (slope / 6.02)
        amplitudes *= np.where(ratios % 2 == 1, 1.0, 1.0 - timbre.get("odd", 0.0))
        if "point" in timbre:
            amplitudes *= np.abs(np.sin(np.pi * ratios * timbre["point"]))
        if "body" in timbre:
            amplitudes *= 1 + 1.5 * _resonance(ratios * frequency, timbre["body"], 0.4 * timbre["body"])
        if "formants" in timbre:
            vowel = zip(VOWELS[rng.integers(len(VOWELS))], FORMANT_WIDTHS_HZ, FORMANT_GAINS, strict=True)
            amplitudes *= sum(
                gain * _resonance(ratios * frequency, timbre["formants"] * hz, width)
                for hz, width, gain in vowel
            )
        return amplitudes


def draw_instrument(name, rng):
    """Build an instrument of the kind ``name`` with a timbre drawn from the recipe's ranges."""
    recipe = RECIPES[name]
    timbre = sounds.draw(recipe.ranges, rng)
    timbre["slope"] += rng.normal(0, 2)  # instruments of one kind differ in brightness
    return Instrument(name, timbre, recipe.low, recipe.high)


def _resonance(hz, centre, width):
    """Compute the gain of a resonance, 1 at its centre."""
    return 1 / np.sqrt(1 + (centre / width * (hz / centre - centre / hz)) ** 2)


def _phase(frequency, t, timbre, rng):
    """Compute the phase in periods: the integral of a pitch with growing vibrato, an initial glide, and a fall."""
    octaves = 0.0  # integrated over seconds
    if timbre.get("vibrato"):
        speed = 2 * np.pi * rng.uniform(4.6, 6.2)
        swing = np.sin((speed * t + rng.uniform(0, 2 * np.pi)).astype(np.float32))
        octaves = timbre["vibrato"] / 1200 / speed * np.minimum(2 * t, 1) * swing
    if "glide" in timbre:
        scoop = rng.normal(0, 2) / 12 * timbre["glide"]
        octaves = octaves + scoop * (1 - np.exp(-t / timbre["glide"]))
    if "fall" in timbre:
        octaves = octaves - timbre["fall"] / 12 * t**2 / (2 * t[-1])
    return frequency * (t + np.log(2) * octaves)


def _start_with_noise(sound, timbre, rate, rng):
    """Add the thump of a stroke, or a consonant, in place."""
    level = timbre.get("thump") or timbre.get("consonants")
    edges = THUMP_BAND_HZ if "thump" in timbre else CONSONANT_BANDS_HZ[rng.integers(3)]
    if level and edges:
        n_samples = min(int((0.03 if "thump" in timbre else 0.06) * rate), len(sound))
        burst = sounds.noise(n_samples, rng) * np.linspace(1, 0, n_samples, dtype=np.float32) ** 2
        sound[:n_samples] += level * sounds.band(burst, *edges, rate)
