"""Notes in NSynth's layout: ``nsynth-{train,valid,test}/audio/*.wav`` and ``examples.json``.

4 s, 16 kHz, mono, 16 bits; each note is held for 3 s. No instrument occurs in two splits. As in the
original, synth_lead is in the training split only. Qualities follow from a note's parameters; two of the ten, reverb and
tempo-synced, do not occur.
"""

from dataclasses import dataclass

import numpy as np
import soundfile

from mscol.io.files import write_json
from mscol.synthesis import sounds
from mscol.synthesis.instruments import RECIPES, Instrument, draw_instrument

RATE = 16_000
SECONDS, HELD_SECONDS = 4, 3.0
FAMILIES = sorted({recipe.family for recipe in RECIPES.values()})  # in the official order
SOURCES = ("acoustic", "electronic", "synthetic")
TRAIN_ONLY = "synth_lead"
VELOCITIES = (25, 50, 75, 100, 127)
QUALITIES = (
    "bright", "dark", "distortion", "fast_decay", "long_release", "multiphonic", "nonlinear_env", "percussive", "reverb",
    "tempo-synced",
)  # fmt: skip
BRIGHT_SLOPE, DARK_SLOPE = -7.0, -13.0  # dB per octave
FADED = 0.1  # a note decays fast if at most this share of its amplitude is left at its release
# The official folder of a split, the number of notes per instrument, and the first instrument number.
SPLITS = {"train": ("train", 5, 0), "validation": ("valid", 3, 400), "test": ("test", 3, 700)}


@dataclass(frozen=True)
class Note:
    """One note of an instrument."""

    split: str
    player: Instrument
    instrument: str  # for example bass_synthetic_033
    pitch: int
    velocity: int
    seed: int

    @property
    def name(self):
        """Return the note's name, for example ``bass_synthetic_033-022-050``."""
        return f"{self.instrument}-{self.pitch:03d}-{self.velocity:03d}"


def plan(split, sizes, seed):
    """Yield the notes of a split, ``sizes["nsynth"][split]``: the k-th of every family before the next of any."""
    _, notes_each, first = SPLITS[split]
    families = FAMILIES if split == "train" else [name for name in FAMILIES if name != TRAIN_ONLY]
    for index in range(sizes["nsynth"][split]):
        turn, place = divmod(index, len(families))
        family, (own, take) = families[place], divmod(turn, notes_each)
        rng = sounds.generator(seed, "nsynth", split, family, own)
        # Instruments of a family take its kinds in turn.
        kinds = sorted(name for name, recipe in RECIPES.items() if recipe.family == family)
        player = draw_instrument(kinds[own % len(kinds)], rng)
        name = f"{family}_{RECIPES[player.name].source}_{first + own:03d}"
        pitches = rng.choice(np.arange(player.low, player.high + 1), notes_each, replace=False)
        velocities = rng.choice(VELOCITIES, notes_each)
        yield Note(split, player, name, int(pitches[take]), int(velocities[take]), seed)


def write(root, note):
    """Synthesise one note and write it."""
    rng = sounds.generator(note.seed, "nsynth note", note.name)
    sound = note.player.note(note.pitch, HELD_SECONDS, note.velocity / 127, RATE, rng)
    # A little recording noise, so that there are no long runs of exact zeros.
    wav = 0.7 * np.pad(sound, (0, SECONDS * RATE))[: SECONDS * RATE]
    wav += 10 ** (rng.uniform(-75, -55) / 20) * sounds.noise(len(wav), rng)
    target = root / f"nsynth-{SPLITS[note.split][0]}" / "audio" / f"{note.name}.wav"
    target.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(target, np.clip(wav, -1, 1), RATE, subtype="PCM_16")


def qualities_of(note):
    """Return which of the `QUALITIES` a note has, in their order."""
    timbre, velocity = note.player.timbre, note.velocity / 127
    slope = timbre["slope"] - 5 * (1 - velocity)  # as in `Instrument`
    fade = timbre.get("fade", np.inf) / (sounds.hertz(note.pitch) / 220) ** 0.5
    has = {
        "bright": slope >= BRIGHT_SLOPE,
        "dark": slope <= DARK_SLOPE,
        "distortion": timbre.get("drive", 0) >= 4,
        "fast_decay": np.exp(-HELD_SECONDS / fade) <= FADED,
        "long_release": timbre.get("release", 0) >= 0.2,
        "multiphonic": RECIPES[note.player.name].partials is not None,
        "nonlinear_env": timbre.get("attack", 0) >= 0.1,
        "percussive": timbre.get("thump", 0) >= 0.1,
    }
    return [quality for quality in QUALITIES if has.get(quality)]


def write_tables(root, notes, _):
    """Write ``examples.json`` of each split."""
    notes = sorted(notes, key=lambda note: note.name)
    instruments = sorted({note.instrument for note in notes})
    tables = {folder: {} for folder, *_ in SPLITS.values()}
    for number, note in enumerate(notes):
        recipe, qualities = RECIPES[note.player.name], qualities_of(note)
        tables[SPLITS[note.split][0]][note.name] = {
            "note": number, "note_str": note.name,
            "instrument": instruments.index(note.instrument), "instrument_str": note.instrument,
            "pitch": note.pitch, "velocity": note.velocity, "sample_rate": RATE,
            "qualities": [int(quality in qualities) for quality in QUALITIES], "qualities_str": qualities,
            "instrument_family": FAMILIES.index(recipe.family), "instrument_family_str": recipe.family,
            "instrument_source": SOURCES.index(recipe.source), "instrument_source_str": recipe.source,
        }  # fmt: skip
    for folder, rows in tables.items():
        write_json(rows, root / f"nsynth-{folder}" / "examples.json")
