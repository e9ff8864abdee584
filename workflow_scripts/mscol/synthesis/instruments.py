"""The pitched instruments: strings, bars, pipes, reeds, brass and synthesisers.

There are two mechanisms. STRUCK sounds (plucked and hammered strings, bars) are sums of partials that
ring out. DRIVEN sounds (bowed, blown, electronic) repeat a waveform as long as the note lasts. A `Recipe`
is an instrument's kind: a mechanism and ranges from which each single instrument draws its own timbre.
"""

from dataclasses import dataclass

import numpy as np

from mscol.synthesis import sounds
from mscol.synthesis.recipes import RECIPES
from mscol.synthesis.voice import Singer, sing


@dataclass(frozen=True)
class Instrument:
    """One instrument with its own timbre.

    Attributes
    ----------
    name : str
        Key of `recipes.RECIPES`.
    timbre : dict of str to float
        One value from each of the recipe's ranges.
    low, high : int
        The register, MIDI note numbers.
    """

    name: str
    timbre: dict
    low: int
    high: int

    def note(self, midi, seconds, velocity, rate, rng):
        """Play one note.

        Parameters
        ----------
        midi : float
            MIDI note number; any, the register is not enforced.
        seconds : float
            From the start to the release; struck sounds ring on a little.
        velocity : float
            0 to 1: loudness, and brightness with it.
        rate : int
            Hz.
        rng : np.random.Generator

        Returns
        -------
        np.ndarray, shape=(n_samples,), float32
            Longer than ``seconds`` by the release; at velocity 1 the peak is 1.
        """
        play = {"struck": _struck, "driven": _driven, "sung": _sung}[RECIPES[self.name].mechanism]
        sound = play(self.timbre, float(sounds.hertz(midi)), seconds, velocity, rate, rng)
        return sounds.peak_to_one(sound) * np.float32(0.25 + 0.75 * velocity)


def draw_instrument(name, rng):
    """Build an instrument of the kind ``name``, its timbre drawn from the recipe's ranges."""
    recipe = RECIPES[name]
    timbre = {key: float(rng.uniform(*span)) for key, span in recipe.ranges.items()}
    return Instrument(name, timbre, recipe.low, recipe.high)


def _tilted(numbers, slope_db):
    """Amplitudes of harmonics that fall by ``slope_db`` dB an octave."""
    return numbers ** (slope_db / 6.02)


def _struck(timbre, frequency, seconds, velocity, rate, rng):
    """A string or bar that is plucked or hit once.

    Models: where it is plucked (`point`: harmonics with a node there are missing), how hard (`slope`,
    with velocity), stiffness (`stiffness`: partials are sharp), or the ratios of a bar (`bar` over 0);
    faster decay of high partials (`damping`); two strings a note (`chorus`, in cents); the thump of
    the stroke (`thump`); a buzzing bridge or an overdriven amplifier (`drive`); tremolo.
    """
    release = timbre.get("release", 0.12)
    n_samples = int((seconds + release) * rate)
    numbers = sounds.harmonic_series(frequency, rate, most=28)
    if timbre.get("bar"):
        numbers = (np.arange(1, 7) * 2 + 1) ** 2 / 9.0  # the modes of a free bar, roughly
        numbers = 1 + (numbers - 1) * timbre["bar"]
    ratios = numbers * np.sqrt(1 + timbre.get("stiffness", 0.0) * numbers**2)
    amplitudes = _tilted(numbers, timbre["slope"] - 4 * (1 - velocity))
    if "point" in timbre:
        amplitudes = amplitudes * np.abs(np.sin(np.pi * numbers * timbre["point"]))
    # Low notes ring longer than high ones.
    ring = timbre["ring"] * (220.0 / frequency) ** 0.5
    decays = np.maximum(ring / (1 + timbre["damping"] * (numbers - 1)), 0.01)
    sound = sounds.decaying_partials(frequency * ratios, amplitudes, decays, n_samples, rate, rng)
    if timbre.get("chorus"):
        sharp = ratios * 2 ** (timbre["chorus"] / 1200)
        sound += sounds.decaying_partials(frequency * sharp, amplitudes, decays, n_samples, rate, rng)
    sound = _drive(sounds.peak_to_one(sound), timbre.get("drive", 0.0))
    if timbre.get("thump"):
        burst = sounds.noise(int(0.03 * rate), rng)[:n_samples]
        burst *= np.linspace(1, 0, len(burst), dtype=np.float32) ** 3
        sound[: len(burst)] += timbre["thump"] * sounds.band(burst, 150, 3000, rate)
    if timbre.get("tremolo"):
        t = np.arange(n_samples, dtype=np.float32) / rate
        sound *= 1 + timbre["tremolo"] * np.sin(2 * np.pi * 5.5 * t)
    return sound * sounds.swell(n_samples, rate, 0.002, release)


def _driven(timbre, frequency, seconds, velocity, rate, rng):
    """A string under the bow, a blown pipe, reed or horn, an oscillator.

    Models: the steady spectrum (`slope`; `odd` from 0, all harmonics, to 1, odd ones only, as in a
    stopped pipe or a square wave); an onset that is brighter or, as in brass, duller (`bloom` in dB
    an octave) and settles within `settle` s; vibrato (`vibrato` in cents) that grows; several players
    or oscillators (`players`, spread over `detune` cents); breath or bow noise; a body's resonance.
    """
    release = timbre["release"]
    n_samples = int((seconds + release) * rate)
    numbers = sounds.harmonic_series(frequency, rate)
    weights = np.where(numbers % 2, 1.0, 1.0 - timbre.get("odd", 0.0))
    slope = timbre["slope"] - 5 * (1 - velocity)
    steady = weights * _tilted(numbers, slope)
    onset = weights * _tilted(numbers, slope + timbre.get("bloom", 0.0))
    t = np.arange(n_samples) / rate
    settled = (1 - np.exp(-t / timbre.get("settle", 0.1))).astype(np.float32)
    wobble = timbre.get("vibrato", 0.0) / 1200 * np.minimum(t / 0.5, 1.0)
    sound = np.zeros(n_samples, dtype=np.float32)
    players = max(1, round(timbre.get("players", 1)))
    for offset in np.linspace(-1, 1, players) if players > 1 else (0.0,):
        speed = rng.uniform(4.6, 6.2)
        cents = offset * timbre.get("detune", 0.0) / 1200
        bend = cents + wobble * np.sin(2 * np.pi * (speed * t + rng.uniform()))
        phase = sounds.phase_of(frequency * 2.0**bend, rate) + rng.uniform()
        held = sounds.look_up(sounds.wavetable(steady, rng), phase)
        start = sounds.look_up(sounds.wavetable(onset, rng), phase)
        sound += start + settled * (held - start)
    sound = sounds.peak_to_one(sound)
    if timbre.get("body"):
        sound = sound + 1.5 * sounds.resonate(sound, timbre["body"], 0.4 * timbre["body"], rate)
    if timbre.get("breath"):
        air = sounds.band(sounds.noise(n_samples, rng), max(300, frequency), 6000, rate)
        sound = sound + timbre["breath"] * air
    sound = _drive(sound, timbre.get("drive", 0.0))
    fade = np.exp(-t / timbre["fade"]).astype(np.float32) if timbre.get("fade") else 1.0
    return sound * fade * sounds.swell(n_samples, rate, timbre["attack"], release)


def _sung(timbre, frequency, seconds, velocity, rate, rng):
    """One held note of a singer, on one vowel."""
    singer = Singer(**timbre)
    midi = 69 + 12 * np.log2(frequency / 440)
    line = [(0.0, seconds, midi, velocity)]
    return sing(singer, line, int((seconds + 0.2) * rate), rate, rng)


def _drive(sound, amount):
    """Overdrive: ``amount`` 0 leaves the sound, 10 makes it nearly square."""
    return np.tanh(sound * np.float32(1 + amount)) if amount > 0 else sound
