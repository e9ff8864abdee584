"""Loading and running Open-Unmix, against the package's own functions."""

import json
import shutil

import pytest
import torch

from mscol.errors import SeparationError
from mscol.separation import STEMS
from mscol.separation.origin import validation_losses
from mscol.separation.separator import load_separator

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def separator(separator_folder):
    return load_separator(separator_folder, device="cpu")


@pytest.fixture
def model_copy(separator_folder, tmp_path):
    """A separator folder that a test may damage."""
    return shutil.copytree(separator_folder, tmp_path / "model")


def test_a_loaded_separator_is_in_inference_mode(separator):
    assert not any(module.training for module in separator.modules())
    assert list(separator.target_models) == list(STEMS)


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
    with pytest.raises(SeparationError, match=r"bass-old\.pth and bass\.pth are both weights of bass"):
        load_separator(model_copy)


def test_target_worse_than_silence_is_refused(model_copy):
    assert set(validation_losses(model_copy)) == set(STEMS)
    about = json.loads((model_copy / "bass.json").read_text())
    (model_copy / "bass.json").write_text(json.dumps(about | {"validation_loss": 1.7e18}))
    with pytest.raises(
        SeparationError, match=r"target bass is worse than silence \(validation loss 1.7e\+18; silence has 1"
    ):
        load_separator(model_copy, device="cpu")


def test_separator_of_others_says_nothing_of_silence(model_copy):
    for target in STEMS:
        about = json.loads((model_copy / f"{target}.json").read_text())
        del about["validation_loss"]
        (model_copy / f"{target}.json").write_text(json.dumps(about | {"best_loss": 3.0}))
    assert validation_losses(model_copy) == {}
    load_separator(model_copy, device="cpu")


def test_damaged_weights_are_an_error(model_copy):
    (model_copy / "other.pth").write_bytes(b"cut short")
    with pytest.raises(SeparationError, match="cannot load the separator"):
        load_separator(model_copy)


def test_weights_of_something_else_are_an_error(model_copy):
    state = torch.load(model_copy / "bass.pth", weights_only=True)
    torch.save({name: state[name] for name in ("input_mean", "input_scale")}, model_copy / "bass.pth")
    with pytest.raises(SeparationError, match=r"bass\.pth lacks bn1\.bias"):
        load_separator(model_copy)


@pytest.mark.parametrize(
    ("key", "value", "match"), [("sample_rate", 16_000, "expected 44100"), ("nfft", 512, "the same settings")]
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
    with pytest.raises(SeparationError, match=r"umxhq: cannot fetch the weights.*copy them to"):
        load_separator("umxhq", device="cpu")


def test_a_folder_named_like_published_weights_is_not_taken_for_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "umxl").mkdir()
    with pytest.raises(SeparationError, match=r"Write \./umxl for the folder"):
        load_separator("umxl")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_an_error(separator_folder):
    with pytest.raises(SeparationError, match="torch finds no GPU"):
        load_separator(separator_folder, device="cuda")
