"""NSynth: families, splits, and damaged metadata."""

import json

import pytest

from mscol.datasets import nsynth
from mscol.errors import DatasetError


def test_notes_carry_family_split_and_path(nsynth_root, manifest):
    made = manifest("nsynth", nsynth_root)
    assert made.of("train") == ["synth_lead_acoustic_001-060-100"]
    assert made.of("validation") == ["bass_acoustic_001-060-100"]
    assert list(made.clips["labels"]) == ["bass", "synth_lead", "vocal"]
    assert made.clips["path"][0] == "nsynth-valid/audio/bass_acoustic_001-060-100.wav"
    assert made.about["task"] == "classification" and len(made.about["labels"]) == 11
    assert list(made.clips["group"]) == [clip.split("-")[0] for clip in made.clips["id"]]
    assert made.about["grouped_by"] == "instrument" and made.about["n_train"]["vocal"] == 0
    assert list(made.clips["recording"]) == list(made.clips["id"]) and set(made.clips["artist"]) == {""}
    assert set(made.clips["cleaned"]) == {1} and set(made.clips["duration"]) == {4.0}


def test_note_without_or_with_an_unknown_family_is_rejected(nsynth_root, manifest):
    path = nsynth_root / "nsynth-train" / "examples.json"
    notes = json.loads(path.read_text())
    notes |= {"drum": {"instrument_family_str": "drum"}, "none": {"pitch": 3}, "number": 3, "list": [1]}
    path.write_text(json.dumps(notes))
    made = manifest("nsynth", nsynth_root)
    assert made.reasons["nsynth-train/audio/drum.wav"].endswith("(instrument_family_str: 'drum')")
    assert all(reason.startswith("not an instrument family") for reason in made.reasons.values())
    assert set(made.rejected["id"]) == {"drum", "none", "number", "list"}


def test_hostile_note_names_are_rejected_and_written_legibly(nsynth_root, manifest):
    path = nsynth_root / "nsynth-train" / "examples.json"
    family = {"instrument_family_str": "bass"}
    notes = json.loads(path.read_text()) | {
        "": family,
        "a\nb": family,
        "\ud800": family,
        "../../../x": family,
    }
    path.write_text(json.dumps(notes))
    made = manifest("nsynth", nsynth_root)
    reasons = dict(zip(made.rejected["id"], made.rejected["reason"], strict=True))
    assert reasons["a\\nb"] == reasons["\\ud800"] == "unusable name: id or path contain a control character"
    assert reasons["../../../x"] == "the path is outside the dataset's root"
    assert reasons[""].startswith("unusable id: ''")


def test_note_of_two_splits_is_kept_in_the_first(nsynth_root, manifest):
    path = nsynth_root / "nsynth-test" / "examples.json"
    twice = {"bass_acoustic_001-060-100": {"instrument_family_str": "bass"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | twice))
    made = manifest("nsynth", nsynth_root)
    assert "duplicate id" in made.reasons["nsynth-test/audio/bass_acoustic_001-060-100.wav"]
    assert made.of("validation") == ["bass_acoustic_001-060-100"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": {"pitch": 3}, ', "nsynth-valid/examples.json: expected JSON, found something else"),
        ("", "nsynth-valid/examples.json: expected JSON, found something else"),
        ("[1, 2]", "nsynth-valid/examples.json: expected an object of notes, found a list"),
    ],
)
def test_malformed_examples_are_named(nsynth_root, content, message):
    (nsynth_root / "nsynth-valid" / "examples.json").write_text(content)
    with pytest.raises(DatasetError, match=message):
        nsynth.read_clips(nsynth_root)


def test_examples_that_are_not_text_are_named(nsynth_root):
    (nsynth_root / "nsynth-valid" / "examples.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="expected JSON, found something else"):
        nsynth.read_clips(nsynth_root)


def test_missing_examples_are_named(nsynth_root):
    (nsynth_root / "nsynth-test" / "examples.json").unlink()
    with pytest.raises(DatasetError, match="nsynth-test/examples.json: there is no such file; the root"):
        nsynth.read_clips(nsynth_root)


def test_split_without_notes_stops_with_a_sentence(nsynth_root, manifest):
    (nsynth_root / "nsynth-test" / "examples.json").write_text("{}")
    with pytest.raises(
        DatasetError, match="nsynth: no usable clip for the test split: the metadata list none"
    ):
        manifest("nsynth", nsynth_root)
