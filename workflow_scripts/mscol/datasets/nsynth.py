"""NSynth: notes of 4 s, to classify 11 instrument families, or pitch, velocity, source and qualities.

Layout: ``nsynth-{train,valid,test}/examples.json`` and ``audio/*.wav`` (mono, 16 kHz): 289,205, 12,678
and 4,096 notes. No training instrument is in another split; synth_lead is only in the training split.

Citation: J. Engel, C. Resnick, A. Roberts, S. Dieleman, D. Eck, K. Simonyan, M. Norouzi, "Neural audio
synthesis of musical notes with WaveNet autoencoders", ICML 2017.

Licence: CC BY 4.0, Google Inc.
"""

import json
import sys
from pathlib import Path

import pandas as pd

from mscol.datasets.metadata import clips_table
from mscol.errors import DatasetError

TASK = "classification"
LABELS = (
    "bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead",
    "vocal",
)  # fmt: skip

GROUPED_BY = "instrument"  # notes of one instrument are similar
_FOLDER_OF_SPLIT = {"train": "nsynth-train", "validation": "nsynth-valid", "test": "nsynth-test"}
_FAMILY_KEY = "instrument_family_str"

SOURCES = ("acoustic", "electronic", "synthetic")
QUALITIES = (
    "bright", "dark", "distortion", "fast_decay", "long_release", "multiphonic", "nonlinear_env", "percussive", "reverb",
    "tempo-synced",
)  # fmt: skip
_HIGHEST_MIDI = 127  # of pitches and velocities


def read_clips(root):
    """Read the notes that the three ``examples.json`` list.

    Parameters
    ----------
    root : str or os.PathLike
        The folder with nsynth-train, nsynth-valid and nsynth-test.

    Returns
    -------
    pd.DataFrame
        See `metadata.clips_table`.
    """
    return pd.concat(
        [_read_split(Path(root), folder, split) for split, folder in _FOLDER_OF_SPLIT.items()],
        ignore_index=True,
    )


def _read_split(root, folder, split):
    families = _read_notes(root / folder / "examples.json", _FAMILY_KEY)
    notes = list(families)
    known = [family if family in LABELS else "" for family in map(_text, families.values())]
    reasons = [
        "" if label else f"not an instrument family of NSynth ({_FAMILY_KEY}: {_text(family)!r})"
        for label, family in zip(known, families.values(), strict=True)
    ]
    paths = [f"{folder}/audio/{note}.wav" for note in notes]
    return clips_table(
        notes, paths, [split] * len(notes), known, groups=list(map(_instrument, notes)), reasons=reasons
    )


def _instrument(note):
    """Return the instrument of a note, the first part of its name.

    >>> _instrument("bass_synthetic_033-022-050")
    'bass_synthetic_033'
    """
    return note.rsplit("-", 2)[0]


def _text(family):
    return family if isinstance(family, str) else ""


def read_task(root, task):
    """Read the labels of the notes for a task other than the family.

    Parameters
    ----------
    root : str or os.PathLike
        The folder with nsynth-train, nsynth-valid and nsynth-test.
    task : str
        pitch, velocity, source or qualities.

    Returns
    -------
    kind : str
        "classification", or "tagging" for qualities.
    names : tuple of str
        All labels in order; for pitch and velocity, the numbers that occur.
    label_of : dict
        Note -> label, for notes with a label in the metadata; a note without any of the qualities has "".

    Raises
    ------
    DatasetError
        As `read_clips`.
    """
    key, read = _READERS[task]
    notes = {}
    for folder in reversed(
        _FOLDER_OF_SPLIT.values()
    ):  # if a note is in two splits, the manifest keeps the first
        notes |= _read_notes(Path(root, folder, "examples.json"), key, read)
    label_of = {note: label for note, label in notes.items() if isinstance(label, str)}
    if task == "qualities":
        return "tagging", QUALITIES, label_of
    numbers = () if task == "source" else sorted(set(label_of.values()), key=int)
    return "classification", SOURCES if task == "source" else tuple(numbers), label_of


def _number(value):
    return sys.intern(str(value)) if type(value) is int and 0 <= value <= _HIGHEST_MIDI else None


def _source(value):
    return value if value in SOURCES else None


def _qualities(values):
    """Join the qualities of a note in their official order; None if one is unknown.

    >>> _qualities(["percussive", "dark"]), _qualities([]), _qualities(["loud"])
    ('dark;percussive', '', None)
    """
    if not isinstance(values, list) or any(value not in QUALITIES for value in values):
        return None
    return sys.intern(";".join(quality for quality in QUALITIES if quality in values))


_READERS = {
    "pitch": ("pitch", _number),
    "velocity": ("velocity", _number),
    "source": ("instrument_source_str", _source),
    "qualities": ("qualities_str", _qualities),
}


def _read_notes(path, key, read=lambda value: value):
    """Map each note to ``read`` of its value for a key, or to its whole object if it has no such key.

    The hook replaces each note's object with the value while the file is read: the 289,205 objects of the
    training split would need a gigabyte.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            notes = json.load(file, object_hook=lambda note: read(note[key]) if key in note else note)
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: there is no such file; the root of a dataset of layout nsynth contains "
            "nsynth-train, nsynth-valid and nsynth-test, each with examples.json and audio/"
        ) from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: expected JSON, found something else ({error}). Get it again") from error
    if not isinstance(notes, dict):
        found = type(notes).__name__
        raise DatasetError(f"{path}: expected an object of notes, found a {found}. Get it again")
    return notes
