"""Separators that are Python functions of the user's: what they are given, what becomes of what they return."""

import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.errors import SeparationError
from mscol.separation.functions import open_separator, separate_shard
from mscol.separation.judging import judge_separator

# Two stems, of which drums are mono; it says on which device, and counts how often it is prepared.
THEIRS = """\
from pathlib import Path

def prepare(device):
    with open(Path(__file__).with_name("prepared"), "a") as file:
        file.write(device)
    return 0.25

def separate(waveform, share):
    assert waveform.dtype == "float32" and waveform.ndim == 2
    drums = share * waveform.mean(axis=1)
    waveform *= 1 - share
    return {"other": waveform, "drums": drums}
"""
STEMS = ["drums", "other"]


@pytest.fixture
def theirs(tmp_path):
    """Return a function that writes a separator, and names it as the config does."""

    def write(code=THEIRS):
        (tmp_path / "theirs.py").write_text(code)
        return f"{tmp_path / 'theirs.py'}:separate"

    return write


@pytest.fixture
def shard(tmp_path, write_manifest, make_stems):
    """A stereo clip, a mono one, and one that is too short."""
    (tmp_path / "audio").mkdir()
    mixture = sum(make_stems(0).values())
    waveforms = {"a": mixture, "b": mixture[:, :1], "c": mixture[:20_000]}
    for name, waveform in waveforms.items():
        soundfile.write(tmp_path / "audio" / f"{name}.wav", waveform, 44_100, subtype="FLOAT")
    return write_manifest(*((name, f"{name}.mp3") for name in waveforms), ("t", "t.mp3", "test")), mixture


def separate(tmp_path, manifest, function, stems=STEMS):
    separate_shard(
        manifest, tmp_path / "audio", tmp_path / "stems", tmp_path / "rejected.csv", function, stems, "cpu"
    )


def test_stems_of_a_function_are_written_as_they_are(tmp_path, shard, theirs):
    manifest, mixture = shard
    separate(tmp_path, manifest, theirs())
    assert {path.name for path in (tmp_path / "stems" / "a").iterdir()} == {"drums.wav", "other.wav"}
    read = {
        (clip, stem): soundfile.read(tmp_path / "stems" / clip / f"{stem}.wav", dtype="float32")[0]
        for clip in "ab"
        for stem in STEMS
    }
    np.testing.assert_allclose(read["a", "drums"], 0.25 * mixture.mean(axis=1), atol=1e-7)
    np.testing.assert_allclose(read["a", "other"], 0.75 * mixture, atol=1e-7)
    np.testing.assert_allclose(read["b", "other"], 0.75 * mixture[:, 0], atol=1e-7)
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert list(rejected["id"]) == ["c"] and "shorter than one crop" in rejected["reason"][0]
    assert (tmp_path / "prepared").read_text() == "cpu", "once"


def test_function_without_preparation_takes_the_waveform_alone(tmp_path, shard, theirs):
    manifest, _ = shard
    separate(
        tmp_path, manifest, theirs("def separate(waveform):\n    return {'vocals': waveform}"), ["vocals"]
    )
    assert (tmp_path / "stems" / "b" / "vocals.wav").is_file()


def test_stem_that_is_not_finite_costs_only_its_clip(tmp_path, shard, theirs):
    manifest, _ = shard
    nothing = "def separate(waveform):\n    return {'bass': waveform / (waveform.shape[1] - 1)}"
    with np.errstate(divide="ignore", invalid="ignore"):
        separate(tmp_path, manifest, theirs(nothing), ["bass"])
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert (
        list(rejected["id"]) == ["b", "c"]
        and "the separated stem bass has samples that are not" in rejected["reason"][0]
    )


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("waveform", r"a\.mp3: .*theirs\.py:separate returned a ndarray, expected a dict of drums and other"),
        ("{'drums': waveform}", "returned a dict that lacks other; expected drums and other. Change the function, or list"),
        ("{'drums': waveform, 'other': waveform, 'piano': waveform}", "that has piano, not a stem; expected"),
        ("{'drums': waveform, 'other': waveform.T}", r"returned other of shape \(2, 88200\), expected \(88200, 2\)"),
        ("{'drums': 'loud', 'other': waveform}", "returned drums as a str, not an array of numbers"),
        ("1 / 0", r"a\.mp3: .* failed \(ZeroDivisionError\('division by zero'\)\):\nTraceback[^/]*/.*theirs\.py\", line 2"),
    ],
)  # fmt: skip
def test_wrong_result_of_a_function_is_reported_with_what_was_expected(
    tmp_path, shard, theirs, returned, message
):
    function = theirs(f"def separate(waveform):\n    return {returned}")
    with pytest.raises(SeparationError, match=message):
        separate(tmp_path, shard[0], function)
    assert not (tmp_path / "stems").exists()


def test_more_stems_than_models_use_are_no_mistake(tmp_path, shard, theirs):
    separate(
        tmp_path,
        shard[0],
        theirs("def separate(waveform):\n    return dict.fromkeys(('bass', 'vocals'), waveform)"),
        ["bass"],
    )
    assert {path.name for path in (tmp_path / "stems" / "a").iterdir()} == {"bass.wav"}


def test_preparation_that_fails_is_shown_with_its_lines(tmp_path, theirs):
    function = theirs("def prepare(device):\n    return {}[device]\ndef separate(waveform, prepared): ...")
    with pytest.raises(SeparationError, match=r"prepare\('cpu'\) failed \(KeyError\('cpu'\)\):") as raised:
        open_separator(function, STEMS, "cpu")
    assert "line 2, in prepare" in str(raised.value) and "mscol" not in str(raised.value)


def test_gpu_that_is_not_there_is_no_device(theirs, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(SeparationError, match="device `cuda`: no GPU found"):
        open_separator(theirs(), STEMS, "cuda")


def test_function_is_judged_by_the_stems_that_it_gives(songs, tmp_path, theirs):
    judge_separator(open_separator(theirs(), STEMS, "cpu"), songs / "test", tmp_path / "table.csv", STEMS)
    table = pd.read_csv(tmp_path / "table.csv").set_index("stem")
    assert list(table.index) == STEMS and (table["n_songs"] == [1, 2]).all()


def test_empty_shard_needs_no_function(tmp_path, write_manifest):
    (tmp_path / "audio").mkdir()
    separate(tmp_path, write_manifest(), "nowhere:separate")
    assert (tmp_path / "stems").is_dir() and "nowhere" not in sys.modules
