"""Tasks of NSynth besides the family: their labels, and the clips that have none."""

import json

import pytest
from small_datasets import write_tone

from mscol.datasets import nsynth
from mscol.datasets.listed import read_listed
from mscol.datasets.tasks import write_task
from mscol.errors import DatasetError
from mscol.io.files import read_csv, read_json

# Name, pitch, velocity, source, qualities; two of each split, so that one can be spoilt
NOTES = {
    "train": [("bass_electronic_001-100-025", "electronic", ["percussive", "dark"]), ("organ_acoustic_002-021-127", "acoustic", [])],
    "valid": [("bass_synthetic_003-060-100", "synthetic", ["reverb"]), ("reed_acoustic_004-009-050", "acoustic", ["bright"])],
    "test": [("organ_electronic_005-060-127", "electronic", []), ("vocal_acoustic_006-021-075", "acoustic", ["tempo-synced"])],
}  # fmt: skip


@pytest.fixture
def root(tmp_path):
    for split, notes in NOTES.items():
        folder = tmp_path / "nsynth" / f"nsynth-{split}"
        for note, *_ in notes:
            write_tone(folder / "audio" / f"{note}.wav", 4.0)
        write_examples(tmp_path / "nsynth", split)
    return tmp_path / "nsynth"


def write_examples(root, split, **changed):
    """Write examples.json of a split; the first of its notes as told."""
    examples = {}
    for note, source, qualities in NOTES[split]:
        instrument, pitch, velocity = note.split("-")
        examples[note] = {
            "instrument_family_str": instrument.partition("_")[0],
            "instrument_source_str": source,
            "pitch": int(pitch),
            "velocity": int(velocity),
            "qualities_str": qualities,
        } | (changed if note == NOTES[split][0][0] else {})
    (root / f"nsynth-{split}" / "examples.json").write_text(json.dumps(examples))


@pytest.fixture
def written(root, manifest, tmp_path):
    """Write a task: ``written(task)`` is its clips by id, and what the log says about them."""

    def write(task):
        manifest("nsynth", root)
        of_all = [tmp_path / "manifest" / name for name in ("clips.csv", "about.json")]
        of_task = [tmp_path / task / path.name for path in of_all]
        write_task("nsynth", root, task, *of_all, *of_task)
        return read_listed(of_task[0]).set_index("id"), read_json(of_task[1])

    return write


@pytest.mark.parametrize(
    ("task", "kind", "names", "labels"),
    [
        ("pitch", "classification", ["9", "21", "60", "100"], ["100", "60", "21", "60", "9", "21"]),
        ("velocity", "classification", ["25", "50", "75", "100", "127"], ["25", "100", "127", "127", "50", "75"]),
        ("source", "classification", list(nsynth.SOURCES),
         ["electronic", "synthetic", "acoustic", "electronic", "acoustic", "acoustic"]),
        ("qualities", "tagging", list(nsynth.QUALITIES), ["dark;percussive", "reverb", "", "", "bright", "tempo-synced"]),
    ],
)  # fmt: skip
def test_notes_carry_the_labels_of_the_task_and_all_else_of_the_manifest(
    written, tmp_path, task, kind, names, labels
):
    clips, about = written(task)
    assert about["task"] == kind and about["labels"] == names
    assert list(clips["labels"]) == labels
    whole = read_csv(tmp_path / "manifest" / "clips.csv").set_index("id")
    assert clips.drop(columns="labels").equals(whole.drop(columns="labels"))
    told = read_json(tmp_path / "manifest" / "about.json")
    assert about["counts"] == told["counts"] and about["grouped_by"] == "instrument"
    assert about["rows"] == {"clips.csv": 6} and sum(about["n_train"].values()) == 2


@pytest.mark.parametrize(
    ("task", "key", "bad"),
    [
        ("pitch", "pitch", [True, 128, -1, 60.5, "60", None, [60]]),
        ("velocity", "velocity", [200]),
        ("source", "instrument_source_str", ["electric", 3, []]),
        ("qualities", "qualities_str", [["loud"], "dark", None, [3]]),
    ],
)
def test_note_whose_value_is_unknown_is_left_out_with_a_warning_and_counted(
    root, written, caplog, task, key, bad
):
    for value in bad:
        write_examples(root, "test", **{key: value})
        clips, about = written(task)
        assert len(clips) == 5 and "organ_electronic_005-060-127" not in clips.index
        assert about["counts"]["test"] == 1 and about["counts"]["left_out"] == 1
    assert f"1 of 6 clips are left out because their {task} is missing or unknown" in caplog.text
    assert caplog.text.count("organ_electronic_005") == len(bad)


def test_split_without_a_known_value_is_an_error(root, written, tmp_path):
    examples = {note: {"instrument_family_str": note.partition("_")[0]} for note, *_ in NOTES["valid"]}
    (root / "nsynth-valid" / "examples.json").write_text(json.dumps(examples))
    with pytest.raises(
        DatasetError, match="nsynth: no clip of the validation split has a known pitch. Remove"
    ):
        written("pitch")
    assert not (tmp_path / "pitch").exists()


def test_damaged_examples_are_named_by_a_task_too(root):
    (root / "nsynth-valid" / "examples.json").write_text("{")
    with pytest.raises(DatasetError, match="nsynth-valid/examples.json: expected JSON, found something else"):
        nsynth.read_task(root, "velocity")
