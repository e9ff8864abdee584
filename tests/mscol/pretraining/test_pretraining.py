"""Whole runs of pretraining, tiny ones: they learn, say what they did, and can be repeated exactly."""

import json
import logging

import numpy as np
import pandas as pd
import pytest

from mscol.errors import TrainingError
from mscol.model import load_encoder
from mscol.pretraining import CacheFiles, initialise, pretrain
from mscol.pretraining.loop import learning_rate_at

SETTINGS = {
    "encoder": {"width": 0.1, "depth": 0.1, "projection": 16},
    "batch_size": 8,
    "updates": 45,
    "learning_rate": 0.003,
    "halve_learning_rate": True,
    "validation_every": 15,
    "validation_batches": 2,
    "activity_threshold": 0.01,
    "activity_windows": "aligned",
}
STEMS = ("bass", "vocals")
N_SHARDS = 2


def write_shard(folder, shard, clips, random):
    """Cache clips that differ in which bands sound; the vocals of the first clip of each shard are silent."""
    mixtures = np.full((len(clips) * 784, 64), -8.0, np.float32)
    for number in range(len(clips)):
        mixtures[784 * number : 784 * (number + 1), random.permutation(64)[:16]] = 0
    mixtures += random.normal(0, 0.3, mixtures.shape).astype("float32")
    for name, frames in {"mixture": mixtures, "bass": mixtures - 0.5, "vocals": mixtures + 0.2}.items():
        np.save(folder / f"{name}{shard}.npy", frames)
    index = pd.DataFrame({"clip": clips, "first_frame": np.arange(len(clips)) * 784, "n_frames": 784})
    index.to_csv(folder / f"index{shard}.csv", index=False)
    activity = index.loc[index.index.repeat(2), ["clip"]].assign(segment=[0, 1] * len(clips))
    activity = activity.assign(bass=0.5, vocals=np.where(activity["clip"] == clips[0], 0.0, 0.5))
    activity.to_csv(folder / f"activity{shard}.csv", index=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder with two shards of eight clips, six of each for training, and a manifest."""
    folder = tmp_path_factory.mktemp("cache")
    random = np.random.default_rng(0)
    clips = [[f"clip {shard} {number:02}" for number in range(8)] for shard in range(N_SHARDS)]
    for shard in range(N_SHARDS):
        write_shard(folder, shard, clips[shard], random)
    manifest = pd.DataFrame(
        {
            "id": [clip for shard in clips for clip in shard],
            "split": (["train"] * 6 + ["validation"] * 2) * N_SHARDS,
        }
    )
    manifest.to_csv(folder / "clips.csv", index=False)
    return folder


def cache_files(folder, sources, order=range(N_SHARDS)):
    def paths(name, suffix):
        return [folder / f"{name}{shard}.{suffix}" for shard in order]

    stems = {source: paths(source, "npy") for source in sources}
    return CacheFiles(
        paths("mixture", "npy"), paths("index", "csv"), stems, paths("index", "csv"), paths("activity", "csv")
    )


def outputs_in(folder):
    return {
        "encoder": folder / "encoder.keras",
        "history": folder / "history.csv",
        "run": folder / "run.json",
    }


def run(cache, folder, order=range(N_SHARDS), sources=STEMS, clips=None, **settings):
    outputs = outputs_in(folder)
    files = cache_files(cache, sources, order)
    pretrain(
        files,
        clips or cache / "clips.csv",
        sources,
        SETTINGS | settings,
        3,
        1,
        outputs,
        {"model": "bass_vocals"},
    )
    return outputs


@pytest.fixture(scope="module")
def outputs(cache, tmp_path_factory):
    return run(cache, tmp_path_factory.mktemp("run"))


def weights(path):
    return load_encoder(path).get_weights()


def test_history_has_a_row_for_every_validation(outputs):
    history = pd.read_csv(outputs["history"])
    assert history.columns.tolist() == [
        "step", "pairs_seen", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate",
        "pairs_per_second",
    ]  # fmt: skip
    assert history["step"].tolist() == [15, 30, 45]
    assert history["pairs_seen"].tolist() == [120, 240, 360]
    assert history["learning_rate"].tolist() == [0.003, 0.0015, 0.0015]
    assert np.isfinite(history).all(axis=None)


def test_run_learns_what_it_trains_on(outputs):
    history = pd.read_csv(outputs["history"])
    assert history["loss"].iloc[-1] < 0.7 * history["loss"].iloc[0]


def test_run_says_what_it_did(outputs):
    about = json.loads(outputs["run"].read_text(encoding="utf-8"))
    assert about["model"] == "bass_vocals" and about["seed"] == 3 and about["settings"] == SETTINGS
    assert about["sources"] == list(STEMS) and about["n_pairs"] == 8
    assert about["n_segments"]["train"] == {"all": 24, "bass": 24, "vocals": 20}
    assert about["n_segments"]["validation"] == {"all": 8, "bass": 8, "vocals": 8}
    assert {"mscol", "python", "numpy", "keras"} <= about["versions"].keys()
    assert about["parameters"] > 0 and about["wall_seconds"] > 0 and len(about["dataset_fingerprint"]) == 32


def test_same_seed_gives_the_same_encoder_whatever_the_order_of_shards(cache, outputs, tmp_path):
    again = run(cache, tmp_path, order=(1, 0))
    for expected, found in zip(weights(outputs["encoder"]), weights(again["encoder"]), strict=True):
        np.testing.assert_array_equal(expected, found)
    tables = [pd.read_csv(table["history"]).drop(columns="pairs_per_second") for table in (outputs, again)]
    pd.testing.assert_frame_equal(*tables)


def test_run_without_validation_warns_and_one_that_diverges_stops(cache, tmp_path, caplog):
    manifest = pd.read_csv(cache / "clips.csv").query("split == 'train'")
    manifest.to_csv(tmp_path / "clips.csv", index=False)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(TrainingError, match=r"update \d: the loss is .*lower learning_rate"),
    ):
        run(cache, tmp_path, sources=[], clips=tmp_path / "clips.csv", learning_rate=1e30, updates=9)
    assert "This run goes without validation. mixture: there are 0 validation segments" in caplog.text
    assert not (tmp_path / "encoder.keras").exists()


def test_source_that_is_never_active_stops_the_run(cache, tmp_path):
    with pytest.raises(TrainingError, match=r"bass: active in 0 of 24 .* at activity_threshold 0\.9"):
        run(cache, tmp_path, activity_threshold=0.9)


def test_untrained_encoder_tells_crops_apart_and_has_an_empty_history(cache, tmp_path):
    outputs = outputs_in(tmp_path)
    initialise(cache_files(cache, []), cache / "clips.csv", SETTINGS, 3, 1, outputs)
    assert len(pd.read_csv(outputs["history"])) == 0
    crops = np.load(cache / "mixture0.npy")[: 8 * 784].reshape(8, 784, 64)[:, :98, :, None]
    values = load_encoder(outputs["encoder"]).predict_on_batch(crops)
    assert values.std(axis=0).mean() > 0.01


def test_learning_rate_is_halved_once_half_way():
    settings = {"updates": 5, "learning_rate": 0.001, "halve_learning_rate": True}
    assert [learning_rate_at(update, settings) for update in range(5)] == [0.001] * 3 + [0.0005] * 2
    settings["halve_learning_rate"] = False
    assert {learning_rate_at(update, settings) for update in range(5)} == {0.001}
