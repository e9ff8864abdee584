"""Notes in NSynth's layout: ``nsynth-{train,valid,test}/audio/*.wav`` and ``examples.json``.

4 s, 16 kHz, mono, 16 bits; each note is held for 3 s. No instrument occurs in two splits.
"""

from dataclasses import dataclass

import numpy as np
import soundfile

from mscol.io.atomic import atomic_path
from mscol.io.files import write_json
from mscol.synthesis import sounds
from mscol.synthesis.instruments import Instrument, draw_instrument
from mscol.synthesis.planning import make_all
from mscol.synthesis.recipes import FAMILIES, RECIPES

RATE = 16_000
SECONDS, HELD_SECONDS = 4, 3.0
SOURCES = ("acoustic", "electronic", "synthetic")
VELOCITIES = (25, 50, 75, 100, 127)
# The official folder of a split, the notes of an instrument in it, and the first of its instrument numbers.
SPLITS = {"train": ("train", 5, 0), "validation": ("valid", 3, 400), "test": ("test", 3, 700)}


@dataclass(frozen=True)
class Note:
    """One note: who plays what."""

    split: str
    instrument: Instrument
    number: int
    pitch: int
    velocity: int

    @property
    def instrument_name(self):
        """For example ``bass_synthetic_033``."""
        recipe = RECIPES[self.instrument.name]
        return f"{recipe.family}_{recipe.source}_{self.number:03d}"

    @property
    def name(self):
        """For example ``bass_synthetic_033-022-050``."""
        return f"{self.instrument_name}-{self.pitch:03d}-{self.velocity:03d}"


def make_nsynth(path, seed, sizes, workers):
    """Write the dataset.

    Parameters
    ----------
    path : str or os.PathLike
        The folder to be made.
    seed : int
    sizes : dict of str to int
        Notes of "train", "validation" and "test"; families take turns.
    workers : int
        Threads.
    """
    notes = [note for split in SPLITS for note in _plan(split, sizes[split], seed)]
    with atomic_path(path) as root:
        for folder, *_ in SPLITS.values():
            (root / f"nsynth-{folder}" / "audio").mkdir(parents=True)
        make_all(lambda note: _write(root, note, seed), notes, workers, "notes")
        numbers = {name: k for k, name in enumerate(sorted(note.name for note in notes))}
        instruments = {name: k for k, name in enumerate(sorted({note.instrument_name for note in notes}))}
        for split, (folder, *_) in SPLITS.items():
            rows = {note.name: _describe(note, numbers[note.name], instruments[note.instrument_name])
                    for note in sorted(notes, key=lambda note: note.name) if note.split == split}  # fmt: skip
            write_json(rows, root / f"nsynth-{folder}" / "examples.json")


def _plan(split, count, seed):
    """The notes of a split: the k-th note of every family before the next of any."""
    _, notes_each, first = SPLITS[split]
    players = {}
    for index in range(count):
        turn, place = divmod(index, len(FAMILIES))
        family, (own, take) = FAMILIES[place], divmod(turn, notes_each)
        rng = sounds.generator(seed, "nsynth", split, family, own)
        kinds = sorted(name for name, recipe in RECIPES.items() if recipe.family == family)
        if (family, own) not in players:
            # Instruments of a family take its kinds in turn.
            instrument = draw_instrument(kinds[own % len(kinds)], rng)
            pitches = rng.choice(np.arange(instrument.low, instrument.high + 1), notes_each, replace=False)
            players[family, own] = instrument, pitches, rng.choice(VELOCITIES, notes_each)
        instrument, pitches, velocities = players[family, own]
        yield Note(split, instrument, first + own, int(pitches[take]), int(velocities[take]))


def _write(root, note, seed):
    folder = SPLITS[note.split][0]
    rng = sounds.generator(seed, "nsynth note", note.name)
    sound = note.instrument.note(note.pitch, HELD_SECONDS, note.velocity / 127, RATE, rng)
    # A little noise of the recording, so that no sample is an exact zero for long.
    wav = 0.7 * np.pad(sound, (0, SECONDS * RATE))[: SECONDS * RATE]
    wav += 10 ** (rng.uniform(-75, -55) / 20) * sounds.noise(len(wav), rng)
    target = root / f"nsynth-{folder}" / "audio" / f"{note.name}.wav"
    soundfile.write(target, np.clip(wav, -1, 1), RATE, subtype="PCM_16")


def _describe(note, number, instrument_number):
    recipe = RECIPES[note.instrument.name]
    return {
        "note": number, "note_str": note.name,
        "instrument": instrument_number, "instrument_str": note.instrument_name,
        "pitch": note.pitch, "velocity": note.velocity, "sample_rate": RATE,
        "qualities": [0] * 10, "qualities_str": [],
        "instrument_family": FAMILIES.index(recipe.family), "instrument_family_str": recipe.family,
        "instrument_source": SOURCES.index(recipe.source), "instrument_source_str": recipe.source,
    }  # fmt: skip
