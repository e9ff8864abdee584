"""Separation of a shard's files, against the package called on each file alone."""

import numpy as np
import openunmix.predict
import openunmix.utils
import pandas as pd
import pytest
import soundfile
import torch

from mscol.errors import SeparationError
from mscol.separation import STEMS
from mscol.separation.shard import separate_shard

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def shard(tmp_path, write_manifest, make_stems):
    """Three clips with wavs, one that was never converted, and one for testing."""
    ids = ["0/é's", "b", "c"]
    for seed, name in enumerate(ids):
        path = tmp_path / "audio" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sum(make_stems(seed).values()), 44_100, subtype="FLOAT")
    rows = [(name, f"{name}.mp3") for name in (*ids, "rejected before")]
    return write_manifest(*rows, ("t", "t.mp3", "test"))


def run_shard(tmp_path, manifest, model, out="stems"):
    separate_shard(manifest, tmp_path / "audio", tmp_path / out, tmp_path / f"{out}.csv", model, device="cpu")
    return tmp_path / out, pd.read_csv(tmp_path / f"{out}.csv", dtype=str)


def test_stems_equal_those_of_the_package_called_on_the_file_alone(tmp_path, shard, separator_folder):
    folder, rejected = run_shard(tmp_path, shard, separator_folder)
    assert rejected.empty
    theirs = openunmix.utils.load_separator(str(separator_folder), targets=list(STEMS), niter=1, device="cpu")
    theirs.freeze()
    for name in ("0/é's", "b", "c"):
        waveform, rate = soundfile.read(tmp_path / "audio" / f"{name}.wav", dtype="float32")
        expected = openunmix.predict.separate(torch.from_numpy(waveform.T), rate, separator=theirs)
        for stem in STEMS:
            ours, our_rate = soundfile.read(folder / name / f"{stem}.wav", dtype="float32")
            assert our_rate == 44_100
            assert np.abs(ours).max() > 1e-3
            np.testing.assert_allclose(ours, expected[stem][0].numpy().T, atol=1e-4)


def test_separating_a_shard_twice_gives_the_same_samples(tmp_path, shard, separator_folder):
    first, _ = run_shard(tmp_path, shard, separator_folder, "first")
    second, _ = run_shard(tmp_path, shard, separator_folder, "second")
    for stem in STEMS:
        first_stem, second_stem = (
            soundfile.read(folder / "b" / f"{stem}.wav")[0] for folder in (first, second)
        )
        np.testing.assert_array_equal(first_stem, second_stem)


def test_a_clip_that_cannot_be_separated_costs_only_itself(tmp_path, shard, separator_folder):
    (tmp_path / "audio" / "b.wav").write_text("cut short")
    folder, rejected = run_shard(tmp_path, shard, separator_folder)
    assert (folder / "0" / "é's" / "vocals.wav").is_file() and (folder / "c" / "vocals.wav").is_file()
    assert not (folder / "b").exists()
    assert list(rejected["id"]) == ["b"] and list(rejected["path"]) == ["b.mp3"]
    assert "not an audio file" in rejected["reason"][0]


def test_clips_of_several_lengths_and_channels_are_separated_in_one_shard(
    tmp_path, write_manifest, make_stems, separator_folder
):
    lengths = {"a": (2.0, 2), "b": (2.0, 1), "c": (2.5, 2), "d": (2.0, 2), "e": (0.5, 2), "f": (2.0, 1)}
    (tmp_path / "audio").mkdir()
    for name, (seconds, channels) in lengths.items():
        waveform = sum(make_stems(0, seconds).values())[:, :channels]
        waveform = waveform[:, :1].repeat(2, axis=1) if name == "d" else waveform  # two equal channels
        soundfile.write(tmp_path / "audio" / f"{name}.wav", waveform, 44_100, subtype="FLOAT")
    folder, rejected = run_shard(
        tmp_path, write_manifest(*((name, f"{name}.mp3") for name in lengths)), separator_folder
    )
    assert list(rejected["id"]) == ["e"] and "shorter than one crop" in rejected["reason"][0]
    for name in "abcdf":
        seconds, channels = lengths[name]
        about = soundfile.info(folder / name / "bass.wav")
        assert (about.frames, about.channels) == (seconds * 44_100, channels)
    bass = {name: soundfile.read(folder / name / "bass.wav", always_2d=True)[0] for name in "bd"}
    np.testing.assert_allclose(bass["d"].mean(axis=1), bass["b"][:, 0], atol=1e-5)


def test_files_that_are_not_as_conversion_makes_them_cost_only_themselves(tmp_path, shard, separator_folder):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "audio" / "b.wav", rng.normal(0, 0.1, (90_000, 3)), 44_100, subtype="FLOAT")
    soundfile.write(tmp_path / "audio" / "c.wav", rng.normal(0, 0.1, (90_000, 2)), 48_000, subtype="FLOAT")
    folder, rejected = run_shard(tmp_path, shard, separator_folder)
    assert (folder / "0" / "é's" / "vocals.wav").is_file()
    assert list(rejected["id"]) == ["b", "c"]
    assert "3 channels, expected one or two" in rejected["reason"][0]
    assert "48000 Hz, expected 44100" in rejected["reason"][1]


def test_samples_that_are_not_finite_cost_only_their_clip(tmp_path, shard, separator_folder, make_stems):
    waveform = sum(make_stems(1).values()) * np.float32(3e38)  # finite, but its spectrum is not
    soundfile.write(tmp_path / "audio" / "b.wav", waveform, 44_100, subtype="FLOAT")
    folder, rejected = run_shard(tmp_path, shard, separator_folder)
    assert list(rejected["id"]) == ["b"] and "not finite" in rejected["reason"][0]
    assert (folder / "c" / "vocals.wav").is_file()


def test_a_shard_of_which_nothing_can_be_separated_is_an_error(tmp_path, shard, separator_folder):
    for path in (tmp_path / "audio").rglob("*.wav"):
        path.write_text("cut short")
    with pytest.raises(SeparationError, match="none of 3 clips could be separated"):
        run_shard(tmp_path, shard, separator_folder)
    assert not (tmp_path / "stems").exists()


def test_an_empty_shard_needs_no_model(tmp_path, write_manifest):
    (tmp_path / "audio").mkdir()
    folder, rejected = run_shard(tmp_path, write_manifest(), "no such model")
    assert folder.is_dir() and not list(folder.iterdir()) and rejected.empty
