import json

import numpy as np
import pandas as pd
import pytest
from small_task import name_outputs, read_scores

from mscol.errors import TrainingError
from mscol.mels.cache import MelCache
from mscol.model import build_encoder
from mscol.probes import finetune, score_classifier
from mscol.probes.finetuning import Finetuned
from mscol.probes.heads import build_head

SIZES = {"train": 24, "validation": 6, "test": 6}
SETTINGS = {
    "hidden": [],
    "crops_per_segment": 2,
    "learning_rate": 0.005,
    "epochs": 6,
    "patience": 6,
    "batch_size": 8,
}


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A mel cache of low and high notes, and a manifest that says which is which."""
    folder = tmp_path_factory.mktemp("music")
    generator = np.random.default_rng(0)
    clips, mels = [], []
    for split, size in SIZES.items():
        for number in range(size):
            mel = generator.normal(-8, 1, size=(150 + number, 64))
            high = number % 2
            mel[:, 40 * high : 40 * high + 20] += 6
            mels.append(mel.astype(np.float32))
            clips.append((f"{split} {number:02}", split, f"{split} {number:02}", 1, ("low", "high")[high]))
    lengths = np.array([len(mel) for mel in mels])
    np.save(folder / "mixture.npy", np.concatenate(mels))
    manifest = pd.DataFrame(clips, columns=["id", "split", "group", "cleaned", "labels"])
    manifest.to_csv(folder / "clips.csv", index=False)
    index = {"clip": manifest["id"], "first_frame": np.cumsum(lengths) - lengths, "n_frames": lengths}
    pd.DataFrame(index).to_csv(folder / "mixture.csv", index=False)
    (folder / "about.json").write_text(json.dumps({"task": "classification", "labels": ["low", "high"]}))
    return folder


def open_cache(folder):
    return MelCache.open([folder / "mixture.npy"], [folder / "mixture.csv"])


@pytest.fixture(scope="module")
def finetuned(music, tmp_path_factory):
    import keras

    outputs = name_outputs(tmp_path_factory.mktemp("finetuned"))
    keras.utils.set_random_seed(0)
    encoder = build_encoder(0.1, 0.1)
    before = [np.array(weight) for weight in encoder.get_weights()]
    finetune(encoder, open_cache(music), music / "clips.csv", music / "about.json", SETTINGS, 1, outputs)
    return encoder, before, outputs


def test_encoder_and_head_learn_together(finetuned):
    encoder, before, outputs = finetuned
    changed = [not np.array_equal(old, new) for old, new in zip(before, encoder.get_weights(), strict=True)]
    assert np.mean(changed) > 0.9  # all but the constants of the input's normalisation
    scores = read_scores(outputs["scores"])
    predicted = np.add.reduceat(scores["window_scores"], np.cumsum(scores["n_windows"]) - scores["n_windows"])
    assert (predicted.argmax(axis=1) == scores["labels"]).mean() > 0.8
    assert len(pd.read_csv(outputs["history"])) == SETTINGS["epochs"]


def test_classifier_loads_safely_and_scores_the_same_without_training(finetuned, music, tmp_path):
    _, _, outputs = finetuned
    dataset = open_cache(music), music / "clips.csv", music / "about.json"
    score_classifier(outputs["model"], *dataset, tmp_path / "again.npz")
    again, scores = read_scores(tmp_path / "again.npz"), read_scores(outputs["scores"])
    np.testing.assert_allclose(again["window_scores"], scores["window_scores"], atol=1e-5)
    assert again["ids"].tolist() == scores["ids"].tolist()
    with pytest.raises(TrainingError, match="needs log-mel spectrograms of mscol, but these are of cvsm"):
        score_classifier(outputs["model"], *dataset, tmp_path / "of_slices.npz", paper="cvsm")


def test_classifier_of_a_head_is_refused_where_log_mels_come_in(music, tmp_path):
    build_head(7, 2, "classification", [], seed=0).save(tmp_path / "head.keras")
    dataset = open_cache(music), music / "clips.csv", music / "about.json"
    with pytest.raises(
        TrainingError, match=r"takes inputs of shape \(7,\), but these inputs have \(98, 64, 1\)"
    ):
        score_classifier(tmp_path / "head.keras", *dataset, tmp_path / "scores.npz")


def test_encoder_of_other_layers_is_trained_as_it_is():
    import keras

    layers = [keras.Input((98, 64, 1)), keras.layers.Conv2D(3, 8, 8), keras.layers.GlobalMaxPooling2D()]
    model = Finetuned(keras.Sequential(layers), build_head(3, 2, "classification", [], seed=0))
    crops = np.random.default_rng(0).normal(size=(4, 98, 64, 1)).astype(np.float32)
    np.testing.assert_allclose(model(crops, training=True), model(crops, training=False), atol=1e-6)
