import numpy as np
import pytest
import tensorflow as tf
import torch
from hearvalidator.validate import ValidateModel

from mscol import hear
from mscol.embeddings import embed_file
from mscol.errors import AudioError
from mscol.io.audio import ANALYSIS_RATE, write_wav
from mscol.mels import log_mel

HOP_MS = 50


@pytest.fixture(scope="module")
def model(encoder_file):
    return hear.load_model(str(encoder_file.parent))


@pytest.mark.parametrize("kind", ["tf", "torch"])
def test_the_validator_of_hear_takes_it(kind, encoder_file, monkeypatch):
    if kind == "torch":  # as where TensorFlow is not installed
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tensorflow" else True)
    validate = ValidateModel("mscol.hear", str(encoder_file), device=None if kind == "tf" else "cpu")
    validate()
    assert validate.model_type == kind


def test_scene_is_the_mean_of_what_embed_file_says(model, tmp_path):
    sounds = np.random.default_rng(0).normal(0, 0.1, (3, 40_000)).astype(np.float32)
    found = hear.get_scene_embeddings(torch.from_numpy(sounds), model)
    assert found.dtype == torch.float32
    for number, sound in enumerate(sounds):
        write_wav(tmp_path / "x.wav", sound, ANALYSIS_RATE)
        expected = embed_file(tmp_path / "x.wav", model.encoder).mean(axis=0)
        np.testing.assert_allclose(found[number], expected, rtol=1e-4, atol=1e-4)
    assert isinstance(
        hear.get_scene_embeddings(tf.constant(sounds[:1, :100]), model), tf.Tensor
    )  # a short one


def test_a_timestamp_is_the_middle_of_what_is_heard(model):
    """A click is heard by the windows around it, and by no other."""
    silence = np.full(3 * ANALYSIS_RATE, 1e-9, np.float32)
    click = silence.copy()
    at = 1.6
    click[int(at * ANALYSIS_RATE)] = 1
    values, times = hear.get_timestamp_embeddings(np.stack([silence, click]), model)
    assert values.shape[:2] == times.shape == (2, 1 + len(log_mel(silence)) // 5)
    np.testing.assert_allclose(np.diff(times), HOP_MS)
    assert 0 <= times[0, 0] < HOP_MS and 3000 - HOP_MS < times[0, -1] <= 3000 + HOP_MS
    change = np.abs(values[1] - values[1, 0]).max(axis=1)
    hears = change > 0.01 * change.max()
    away = np.abs(times[1] - 1000 * at)
    assert hears[away < 400].all() and not hears[away > 500].any()  # between, frames fade it out
    short, _ = hear.get_timestamp_embeddings(click[None, 1000:1400], model)
    assert short.shape[1] == 1 + 98 // 5


def test_other_shapes_are_reported(model):
    with pytest.raises(AudioError, match=r"audio of shape \(16000,\), expected \(sounds, samples\)"):
        hear.get_scene_embeddings(torch.zeros(16_000), model)
