"""The encoder is EfficientNet-B0, and comes back from its file as it was."""

import csv
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest

from mscol.errors import TrainingError
from mscol.model import SourceAssociation, build_encoder, load_encoder, save_encoder
from mscol.papers import paper_of

CHECKPOINT = Path(__file__).parents[4] / "shared" / "published_checkpoint_variables.csv"
TINY = {"width": 0.1, "depth": 0.1}


@pytest.fixture(scope="module")
def full():
    return build_encoder()


@pytest.fixture(scope="module")
def tiny():
    return build_encoder(**TINY)


@pytest.fixture
def crops():
    return np.random.default_rng(0).normal(-4, 2, (3, 98, 64, 1)).astype("float32")


def test_full_encoder_has_the_papers_size(full):
    assert full.count_params() == 4_048_991
    assert full.output_shape == (None, 1280)


def test_full_encoder_computes_what_keras_efficientnet_computes(full, crops):
    theirs = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(None, 64, 1), pooling="max"
    )
    assert [layer.name for layer in full.layers[3:]] == [layer.name for layer in theirs.layers[3:]]
    random = np.random.default_rng(0)
    # Statistics and kernels under which no layer's output fades away
    weights = [np.abs(random.normal(1, 0.1, weight.shape)) if "kernel" not in weight.path else weight.numpy()
               for weight in theirs.weights]  # fmt: skip
    theirs.set_weights(weights)
    kept = full.get_weights()
    full.set_weights(weights)
    np.testing.assert_allclose(full(crops), theirs(crops), rtol=1e-4)
    full.set_weights(kept)


@pytest.mark.skipif(not CHECKPOINT.is_file(), reason=f"{CHECKPOINT} is missing")
def test_full_model_has_the_variables_of_the_published_checkpoints(full):
    with open(CHECKPOINT, newline="") as table:
        published = Counter(
            tuple(int(size) for size in row["shape"].split("x")) if row["shape"] else ()
            for row in csv.DictReader(table)
            if row["dtype"] != "string" and ("embedding_model/" in row["key"] or "bilinear" in row["key"])
        )
    network = SourceAssociation(full, 512)
    ours = [*full.weights, *network.projection.weights, network.similarity]
    assert Counter(tuple(weight.shape) for weight in ours) == published


def test_dropout_is_off_in_inference(tiny, crops):
    np.testing.assert_array_equal(tiny(crops), tiny(crops))


def test_kernels_of_equal_shape_start_different():
    encoder = build_encoder(width=0.1, depth=1)
    kernels = [encoder.get_layer(f"block6{letter}_expand_conv").get_weights()[0] for letter in "bc"]
    assert kernels[0].shape == kernels[1].shape and (kernels[0] != kernels[1]).any()


def test_saved_encoder_comes_back_in_safe_mode(tiny, crops, tmp_path):
    path = tmp_path / "models" / "encoder.keras"
    save_encoder(tiny, path)
    loaded = load_encoder(path)
    np.testing.assert_array_equal(loaded(crops), tiny(crops))
    assert [entry.name for entry in path.parent.iterdir()] == ["encoder.keras"]


def test_momentum_reaches_every_normalisation_and_the_file(tmp_path):
    save_encoder(build_encoder(**TINY, momentum=0.5), tmp_path / "encoder.keras")
    layers = load_encoder(tmp_path / "encoder.keras").layers
    assert {layer.momentum for layer in layers if isinstance(layer, keras.layers.BatchNormalization)} == {0.5}


def test_projection_and_similarity_start_as_in_the_paper(tiny):
    network = SourceAssociation(tiny, 512)
    assert network.similarity.shape == (512, 512)
    assert np.std(network.similarity.numpy()) == pytest.approx(0.05, rel=0.02)
    values = np.random.default_rng(0).normal(size=(4, tiny.output_shape[-1]))
    assert np.abs(network.projection(values)).max() < 1


def test_file_that_is_not_an_encoder_is_an_error(tmp_path):
    for name in ("checkpoint-10", "checkpoint-10.index"):
        message = rf"{name}: neither an encoder\.keras file nor a published .*no checkpoint-10\.index"
        with pytest.raises(TrainingError, match=message):
            load_encoder(tmp_path / name)
    with pytest.raises(TrainingError, match=r"encoder\.keras: there is no such file. Pretrain"):
        load_encoder(tmp_path / "encoder.keras")
    (tmp_path / "damaged.keras").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(TrainingError, match=r"damaged\.keras: missing, damaged"):
        load_encoder(tmp_path / "damaged.keras")


def test_saved_encoder_says_whose_it_is(tmp_path):
    save_encoder(build_encoder(0.1, 0.1, paper="cvsm"), tmp_path / "encoder.keras")
    assert paper_of(load_encoder(tmp_path / "encoder.keras")) == "cvsm"
    with pytest.raises(TrainingError, match="encoder of the paper cvsm, not mscol. Set paper: cvsm"):
        load_encoder(tmp_path / "encoder.keras", paper="mscol")
