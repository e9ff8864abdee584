"""Loading and running Open-Unmix, against the package's own functions."""

import copy
import json
import shutil

import numpy as np
import openunmix.predict
import openunmix.utils
import pandas as pd
import pytest
import soundfile
import torch

from mscol.errors import AudioError, SeparationError
from mscol.separation import STEMS
from mscol.separation.description import describe_separator
from mscol.separation.separator import load_separator, separate, separate_shard
from mscol.separation.training import train_target

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def separator(separator_folder):
    return load_separator(separator_folder, device="cpu")


@pytest.fixture
def model_copy(separator_folder, tmp_path):
    """A separator folder that a test may damage."""
    return shutil.copytree(separator_folder, tmp_path / "model")


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
    assert "cannot be decoded" in rejected["reason"][0]


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


def test_a_silent_clip_has_silent_stems(separator):
    stems = separate(separator, np.zeros((44_100, 2), np.float32))
    assert all(not samples.any() for samples in stems.values())


def test_long_silence_inside_a_clip_stays_finite_and_silent(separator, make_stems):
    waveform = sum(make_stems(0, seconds=1.5).values())
    silence = np.zeros((8 * 44_100, 2), np.float32)  # longer than the Wiener filter's 300 frames
    stems = separate(separator, np.concatenate([waveform, silence]))
    for samples in stems.values():
        assert np.abs(samples[2 * 44_100 :]).max() < 1e-6


def test_samples_that_are_not_finite_are_an_error(separator, make_stems):
    waveform = sum(make_stems(0).values())
    waveform[100] = np.nan
    with pytest.raises(AudioError, match="samples that are not finite"):
        separate(separator, waveform)


def test_a_loaded_separator_is_in_inference_mode(separator):
    assert not any(module.training for module in separator.modules())
    assert list(separator.target_models) == list(STEMS)


@pytest.fixture(scope="module")
def mono_separator(songs, tiny_settings, tmp_path_factory):
    """A separator that averages magnitudes over the channels."""
    folder = tmp_path_factory.mktemp("separators") / "mono"
    settings = tiny_settings | {"nb_channels": 1, "updates": 1}
    describe_separator(folder / "separator.json", settings)
    for target in STEMS:
        train_target(songs, target, folder / f"{target}.pth", folder / f"{target}.json", settings)
    return load_separator(folder, device="cpu")


def test_a_mono_model_separates_stereo(mono_separator, make_stems):
    waveform = sum(make_stems(0).values())
    stems = separate(mono_separator, waveform)
    expected = mono_separator(torch.from_numpy(waveform.T.copy())[None])[0]
    for stem, truth in zip(STEMS, expected, strict=True):
        np.testing.assert_allclose(stems[stem], truth.numpy().T, atol=1e-4)


def test_equal_channels_do_not_drown_in_rounding_noise(mono_separator, make_stems):
    mono = sum(make_stems(0).values()).mean(axis=1)
    waveform = np.stack([mono, mono], axis=1) * np.float32(0.9 / np.abs(mono).max())
    stems = separate(mono_separator, waveform)
    expected = copy.deepcopy(mono_separator).double()(torch.from_numpy(waveform.T.copy())[None].double())[0]
    for stem, truth in zip(STEMS, expected, strict=True):
        np.testing.assert_array_equal(stems[stem][:, 0], stems[stem][:, 1])
        assert np.abs(stems[stem] - truth.numpy().T).std() < 1e-3 * truth.std()


def test_an_unknown_name_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SeparationError, match=r"umxxl: neither a published separator \(umxl, umxhq, umx\)"):
        load_separator("umxxl")


def test_missing_files_are_named(model_copy):
    (model_copy / "drums.pth").unlink()
    (model_copy / "vocals.json").unlink()
    (model_copy / "separator.json").unlink()
    with pytest.raises(SeparationError, match=r"lacks separator.json, vocals.json, drums.pth"):
        load_separator(model_copy)


def test_two_files_of_weights_for_one_target_are_an_error(model_copy):
    shutil.copy(model_copy / "bass.pth", model_copy / "bass-old.pth")
    with pytest.raises(SeparationError, match=r"bass-old\.pth and bass\.pth are both bass"):
        load_separator(model_copy)


def test_damaged_weights_are_an_error(model_copy):
    (model_copy / "other.pth").write_bytes(b"cut short")
    with pytest.raises(SeparationError, match="the separator cannot be loaded"):
        load_separator(model_copy)


def test_weights_of_something_else_are_an_error(model_copy):
    state = torch.load(model_copy / "bass.pth", weights_only=True)
    torch.save({name: state[name] for name in ("input_mean", "input_scale")}, model_copy / "bass.pth")
    with pytest.raises(SeparationError, match=r"bass\.pth lacks bn1\.bias"):
        load_separator(model_copy)


@pytest.mark.parametrize(
    ("key", "value", "match"), [("sample_rate", 16_000, "expected 44100"), ("nfft", 512, "one make")]
)
def test_a_separator_that_does_not_fit_is_an_error(model_copy, key, value, match):
    about = json.loads((model_copy / "separator.json").read_text())
    (model_copy / "separator.json").write_text(json.dumps(about | {key: value}))
    with pytest.raises(SeparationError, match=match):
        load_separator(model_copy)


def test_weights_that_cannot_be_fetched_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SeparationError, match=r"umxhq: its weights could not be fetched.*copy them to"):
        load_separator("umxhq", device="cpu")


def test_a_folder_named_like_published_weights_is_not_taken_for_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "umxl").mkdir()
    with pytest.raises(SeparationError, match=r"write \./umxl for the folder"):
        load_separator("umxl")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_an_error(separator_folder):
    with pytest.raises(SeparationError, match="torch finds no GPU"):
        load_separator(separator_folder, device="cuda")
