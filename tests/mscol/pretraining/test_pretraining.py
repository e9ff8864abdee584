"""Whole runs of pretraining, tiny ones: they learn, say what they did, and can be repeated exactly."""

import json
import logging
import os
import re
import tempfile

import keras
import numpy as np
import pandas as pd
import pytest
from tiny_runs import SETTINGS, STEMS, cache_files, outputs_in, run, weights

from mscol.errors import TrainingError
from mscol.model import load_encoder
from mscol.pretraining import initialise, load_data
from mscol.pretraining.scratch import on_scratch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outputs(cache, tmp_path_factory):
    return run(cache, tmp_path_factory.mktemp("run"))


def test_history_has_a_row_for_every_validation(outputs):
    history = pd.read_csv(outputs["history"])
    assert history.columns.tolist() == [
        "step", "pairs_seen", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate",
        "pairs_per_second", "pairs", "validation_pairs",
    ]  # fmt: skip
    assert set(history["pairs"]) == set(history["validation_pairs"]) == {8}
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
    assert about["clip_seconds"] == 7.865  # the longest of 784 frames, which is all that the cache tells
    assert about["backend"] == os.environ["KERAS_BACKEND"] and about["device"]
    assert about["parameters"] > 0 and about["wall_seconds"] > 0 and len(about["dataset_fingerprint"]) == 32


def test_same_seed_gives_the_same_encoder_whatever_the_order_of_shards(cache, outputs, tmp_path):
    again = run(cache, tmp_path, order=(1, 0))
    for expected, found in zip(weights(outputs), weights(again), strict=True):
        np.testing.assert_array_equal(expected, found)
    tables = [pd.read_csv(table["history"]).drop(columns="pairs_per_second") for table in (outputs, again)]
    pd.testing.assert_frame_equal(*tables)


def test_run_without_validation_warns_and_one_that_diverges_stops(cache, tmp_path, caplog):
    manifest = pd.read_csv(cache / "clips.csv").query("split == 'train'")
    manifest.to_csv(tmp_path / "clips.csv", index=False)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(TrainingError, match=r"update \d: the loss is .*Lower learning_rate"),
    ):
        run(cache, tmp_path, sources=[], clips=tmp_path / "clips.csv", learning_rate=1e30, updates=9)
    assert "Training without validation: mixture: there are 0 validation segments" in caplog.text
    assert not (tmp_path / "encoder.keras").exists()


@pytest.mark.parametrize(("sources", "what"), [((), "mixture"), (STEMS, "bass")])
def test_split_without_clips_is_named(cache, tmp_path, sources, what, caplog):
    manifest, only = pd.read_csv(cache / "clips.csv"), tmp_path / "clips.csv"
    manifest.query("split == 'train'").to_csv(only, index=False)
    data = load_data(cache_files(cache, sources), only, sources, SETTINGS, 3)
    assert data.training.n_pairs == 8 and data.validation is None
    assert f"Training without validation: {what}: " in caplog.text
    manifest.query("split == 'validation'").to_csv(only, index=False)
    with pytest.raises(TrainingError, match=what):
        load_data(cache_files(cache, sources), only, sources, SETTINGS, 3)


def test_validation_has_as_many_pairs_as_training_or_warns(cache, caplog):
    files = cache_files(cache, STEMS)
    for batch_size, training, validation in ((4, 4, 4), (16, 16, 8)):
        data = load_data(files, cache / "clips.csv", STEMS, SETTINGS | {"batch_size": batch_size}, 3)
        assert (data.training.n_pairs, data.validation.n_pairs) == (training, validation)
        assert [data.validation.draw(number).source for number in range(4)] == [*STEMS] * 2
        assert ("hold 8 pairs and training minibatches 16" in caplog.text) == (validation < training)
    assert "loss is 2.08 in validation and 2.77 in training" in caplog.text


def test_source_that_is_never_active_stops_the_run(cache, tmp_path):
    with pytest.raises(TrainingError, match=r"bass: active in 0 of 24 .* at activity_threshold 0\.9"):
        run(cache, tmp_path, activity_threshold=0.9)


@pytest.fixture(scope="module")
def untrained(cache, tmp_path_factory):
    outputs = outputs_in(tmp_path_factory.mktemp("untrained"))
    initialise(cache_files(cache, []), cache / "clips.csv", SETTINGS, 3, 1, outputs)
    return outputs


def test_untrained_encoder_tells_crops_apart_and_has_an_empty_history(cache, untrained):
    assert len(pd.read_csv(untrained["history"])) == 0
    crops = np.load(cache / "mixture0.npy")[: 8 * 784].reshape(8, 784, 64)[:, :98, :, None]
    values = load_encoder(untrained["encoder"]).predict_on_batch(crops)
    assert values.std(axis=0).mean() > 0.01


@pytest.mark.parametrize(("made", "sources", "n_batches"), [("untrained", (), 32), ("outputs", STEMS, 128)])
def test_statistics_are_means_over_many_minibatches_and_go_on_at_full_momentum(
    cache, request, made, sources, n_batches
):
    encoder = load_encoder(request.getfixturevalue(made)["encoder"])
    normalisations = [each for each in encoder.layers if isinstance(each, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in normalisations} == {0.99}
    last = encoder.get_layer("block1a_bn")
    start = keras.Model(encoder.input, last.output)
    found = [np.array(variable) for variable in (last.moving_mean, last.moving_variance)]
    for layer in normalisations:
        layer.momentum = 0.0  # a pass leaves the statistics of its minibatch
    seen = []
    sampler = load_data(cache_files(cache, sources), cache / "clips.csv", sources, SETTINGS, 3).training
    for batch in sampler.batches(range(n_batches)):
        start(np.concatenate([batch["anchors"], batch["positives"]]), training=True)
        seen.append([np.array(variable) for variable in (last.moving_mean, last.moving_variance)])
    for statistic, values in zip(found, zip(*seen, strict=True), strict=True):
        np.testing.assert_allclose(statistic, np.mean(values, axis=0), rtol=1e-4, atol=1e-6)


def test_long_run_is_calibrated_only_until_its_moving_statistics_have_settled(
    cache, outputs, tmp_path, monkeypatch
):
    monkeypatch.setattr("mscol.pretraining.loop.FEW_UPDATES", 20)
    moving = run(cache, tmp_path)
    histories = [pd.read_csv(each["history"]) for each in (outputs, moving)]
    assert histories[0]["loss"].equals(histories[1]["loss"]), "training uses no statistics"
    losses = np.array([history["validation_loss"] for history in histories])
    assert losses[0, 0] == losses[1, 0] and (losses[0, 1:] != losses[1, 1:]).all()
    variances = [
        load_encoder(each["encoder"]).get_layer("block1a_bn").moving_variance for each in (outputs, moving)
    ]
    assert np.abs(np.array(variances[0]) - np.array(variances[1])).max() > 0


@pytest.mark.parametrize(
    ("sources", "options", "settings"),
    [
        ((), {"masked": True}, {}),
        ((), {"masked": True}, {"masks": "shared"}),
        (STEMS, {"silent": True}, {"absent": "residue"}),
        (STEMS, {"random": True}, {}),
        (STEMS, {"silent": True, "random": True}, {}),
    ],
)
def test_every_way_to_draw_pairs_runs_and_says_so(cache, tmp_path, sources, options, settings):
    outputs = run(
        cache, tmp_path, sources=sources, options=options, updates=2, validation_every=2, **settings
    )
    assert np.isfinite(pd.read_csv(outputs["history"])).all(axis=None)
    assert json.loads(outputs["run"].read_text())["options"] == options


def test_cache_on_the_device_gives_the_same_encoder(cache, tmp_path):
    few = {"updates": 4, "validation_every": 2, "sources": STEMS, "options": {"silent": True}}
    on_disk = run(cache, tmp_path / "disk", **few)
    on_device = run(cache, tmp_path / "device", running={"cache_on": "device"}, **few)
    for expected, found in zip(weights(on_disk), weights(on_device), strict=True):
        np.testing.assert_array_equal(expected, found)


def test_cache_on_scratch_gives_the_same_encoder_and_leaves_nothing_there(
    cache, outputs, tmp_path, monkeypatch, caplog
):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with caplog.at_level("INFO"):
        again = run(cache, tmp_path / "run", running={"cache_on": "scratch"})
    assert f"of the mel cache to {scratch}" in caplog.text
    assert list(scratch.iterdir()) == []
    for ours, theirs in zip(weights(again), weights(outputs), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_cache_that_does_not_fit_scratch_is_read_from_the_original_files(
    cache, mount, tmp_path, monkeypatch, caplog
):
    files = cache_files(cache, STEMS)
    monkeypatch.setattr(tempfile, "tempdir", str(mount(tmp_path / "small", kilobytes=64).folder))
    with on_scratch(files) as where:
        assert where is files
    assert re.search(r"Not copying the mel cache: it takes .+ GB, and .+ has 0.0 GB free", caplog.text)


def test_early_stopping_keeps_the_best_encoder(cache, tmp_path):
    # At a learning rate this high the first validations are the best.
    settings = {
        "updates": 40,
        "validation_every": 2,
        "patience": 2,
        "learning_rate": 0.3,
        "schedule": "constant",
    }
    stopped = run(cache, tmp_path / "stopped", **settings)
    losses = pd.read_csv(stopped["history"])["validation_loss"]
    best = int(losses.argmin())
    assert len(losses) == best + 3 < 20, "it stops after two validations without a lower loss"
    until_best = run(cache, tmp_path / "best", **settings | {"updates": 2 * (best + 1)})
    for expected, found in zip(weights(until_best), weights(stopped), strict=True):
        np.testing.assert_allclose(expected, found, rtol=1e-5, atol=1e-6)


def test_half_precision_trains_and_saves_an_encoder_of_full_precision(cache, tmp_path):
    outputs = run(cache, tmp_path, updates=30, precision="bfloat16")
    history = pd.read_csv(outputs["history"])
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    encoder = load_encoder(outputs["encoder"])
    assert {layer.compute_dtype for layer in encoder.layers} == {"float32"}


def test_xla_gives_the_same_losses(cache, tmp_path):
    histories = [
        pd.read_csv(run(cache, tmp_path / str(xla), updates=3, validation_every=3, xla=xla)["history"])
        for xla in (False, True)
    ]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-3)
