"""Resampling of separated and of brought stems."""

import unicodedata

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.errors import AudioError, SeparationError
from mscol.io import audio
from mscol.separation import STEMS
from mscol.separation.resampling import check_brought_stems, resample_brought_stems, resample_stems


def write_stems(folder, rate=44_100, names=STEMS, seconds=2.0):
    """Noise of a level of its own for each stem."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for level, name in enumerate(names, start=1):
        noise = 0.1 * level * rng.uniform(-1, 1, (round(seconds * rate), 2))
        soundfile.write(folder / f"{name}.wav", noise, rate, subtype="FLOAT")


def bring(tmp_path, manifest):
    resample_brought_stems(
        manifest, tmp_path / "brought", tmp_path / "out", tmp_path / "rejected.csv", workers=2
    )
    return tmp_path / "out", pd.read_csv(tmp_path / "rejected.csv", dtype=str)


@pytest.mark.parametrize("clip", ["é's", "0001.wav"])
def test_resampled_stems_are_what_load_mono_gives(tmp_path, clip):
    write_stems(tmp_path / "in" / "0" / clip)
    resample_stems(tmp_path / "in", tmp_path / "out", workers=2)
    for stem in STEMS:
        waveform, rate = soundfile.read(tmp_path / "out" / "0" / clip / f"{stem}.wav", dtype="float32")
        assert rate == 16_000
        assert waveform.shape == (32_000,)
        np.testing.assert_array_equal(waveform, audio.load_mono(tmp_path / "in" / "0" / clip / f"{stem}.wav"))


def test_a_folder_without_stems_makes_a_folder_without_stems(tmp_path):
    (tmp_path / "in").mkdir()
    resample_stems(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out").is_dir() and not list((tmp_path / "out").iterdir())


def test_a_damaged_separated_stem_stops_the_job_and_leaves_nothing(tmp_path):
    write_stems(tmp_path / "in" / "a")
    (tmp_path / "in" / "a" / "bass.wav").write_text("cut short")
    with pytest.raises(AudioError, match=r"bass\.wav: cannot be decoded"):
        resample_stems(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_brought_stems_of_any_rate_are_used(tmp_path, write_manifest):
    write_stems(tmp_path / "brought" / "0" / "a b", rate=16_000)
    write_stems(tmp_path / "brought" / "c", rate=48_000)
    folder, rejected = bring(
        tmp_path, write_manifest(("0/a b", "x.mp3"), ("c", "y.mp3"), ("t", "z.mp3", "test"))
    )
    assert rejected.empty
    for clip in ("0/a b", "c"):
        assert sorted(file.stem for file in (folder / clip).iterdir()) == list(STEMS)
        assert soundfile.info(folder / clip / "drums.wav").frames == 32_000
    assert not (folder / "t").exists()


def test_brought_stems_are_found_in_the_other_unicode_form(tmp_path, write_manifest):
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    write_stems(tmp_path / "brought" / decomposed)
    folder, rejected = bring(tmp_path, write_manifest((composed, "x.mp3")))
    assert rejected.empty and len(list((folder / composed).iterdir())) == 4


def test_missing_and_misnamed_brought_stems_are_named(tmp_path, write_manifest):
    write_stems(tmp_path / "brought" / "a", names=("bass", "Drums", "other", "vocal"))
    write_stems(tmp_path / "brought" / "b")
    folder, rejected = bring(tmp_path, write_manifest(("a", "a.mp3"), ("b", "b.mp3"), ("c", "c.mp3")))
    assert [path.name for path in folder.iterdir()] == ["b"]
    reasons = dict(zip(rejected["id"], rejected["reason"], strict=True))
    assert "drums.wav, vocals.wav" in reasons["a"] and "Drums.wav, vocal.wav" in reasons["a"]
    assert "bass.wav, drums.wav, other.wav, vocals.wav. Add them." in reasons["c"]


def test_a_brought_stem_of_another_length_is_rejected(tmp_path):
    write_stems(tmp_path / "brought" / "a", seconds=1.5)
    clips = pd.DataFrame({"id": ["a"], "duration": [2.0]})
    assert (
        "bass.wav lasts 1.50 s and its clip 2.00 s" in check_brought_stems(tmp_path / "brought", clips)["a"]
    )


def test_a_brought_stem_that_does_not_decode_leaves_no_part_of_its_clip(tmp_path, write_manifest):
    write_stems(tmp_path / "brought" / "a")
    samples = np.full((88_200, 2), np.nan)
    soundfile.write(tmp_path / "brought" / "a" / "vocals.wav", samples, 44_100, subtype="FLOAT")
    folder, rejected = bring(tmp_path, write_manifest(("a", "a.mp3")))
    assert not list(folder.iterdir())
    assert "vocals.wav: contains samples that are not finite" in rejected["reason"][0]


def test_a_missing_folder_of_brought_stems_is_an_error(tmp_path, write_manifest):
    with pytest.raises(SeparationError, match="brought: there is no such folder"):
        bring(tmp_path, write_manifest(("a", "a.mp3")))
