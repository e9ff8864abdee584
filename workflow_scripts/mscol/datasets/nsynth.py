"""NSynth: notes of 4 s, for the recognition of 11 instrument families.

Layout: ``nsynth-{train,valid,test}/examples.json`` and ``audio/*.wav`` (mono, 16 kHz): 289,205, 12,678
and 4,096 notes. No instrument is in two splits; synth_lead is in the training split alone.

Citation: J. Engel, C. Resnick, A. Roberts, S. Dieleman, D. Eck, K. Simonyan, M. Norouzi, "Neural audio
synthesis of musical notes with WaveNet autoencoders", ICML 2017.

Licence: CC BY 4.0, Google Inc.
"""

import json
from pathlib import Path

import pandas as pd

from mscol.datasets.metadata import clips_table
from mscol.errors import DatasetError

TASK = "classification"
LABELS = (
    "bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead",
    "vocal",
)  # fmt: skip

GROUPED_BY = "instrument"  # whose notes sound alike
_FOLDER_OF_SPLIT = {"train": "nsynth-train", "validation": "nsynth-valid", "test": "nsynth-test"}
_FAMILY_KEY = "instrument_family_str"


def read_clips(root):
    """Read the notes that the three ``examples.json`` list.

    Parameters
    ----------
    root : str or os.PathLike
        The folder that holds nsynth-train, nsynth-valid and nsynth-test.

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
    families = _read_families(root / folder / "examples.json")
    notes = list(families)
    known = [family if family in LABELS else "" for family in map(_text, families.values())]
    reasons = [
        "" if label else f"no instrument family that NSynth knows ({_FAMILY_KEY}: {_text(family)!r})"
        for label, family in zip(known, families.values(), strict=True)
    ]
    paths = [f"{folder}/audio/{note}.wav" for note in notes]
    return clips_table(
        notes, paths, [split] * len(notes), known, groups=list(map(_instrument, notes)), reasons=reasons
    )


def _instrument(note):
    """The instrument of a note, which its name begins with.

    >>> _instrument("bass_synthetic_033-022-050")
    'bass_synthetic_033'
    """
    return note.rsplit("-", 2)[0]


def _text(family):
    return family if isinstance(family, str) else ""


def _read_families(path):
    """Map each note to its family.

    The hook replaces each note's object by its family while the file is read: the 289,205 whole objects
    of the training split would need a gigabyte.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            families = json.load(file, object_hook=lambda note: note.get(_FAMILY_KEY, note))
    except FileNotFoundError:
        raise DatasetError(
            f"{path}: there is no such file; the root of a dataset of layout nsynth holds "
            "nsynth-train, nsynth-valid and nsynth-test, each with examples.json and audio/"
        ) from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: expected JSON, found something else ({error}); get it anew") from error
    if not isinstance(families, dict):
        found = type(families).__name__
        raise DatasetError(f"{path}: expected an object of notes, found a {found}; get it anew")
    return families
