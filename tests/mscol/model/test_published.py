"""A checkpoint that legacy Keras writes, laid out as the published ones, becomes the encoder it holds."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from mscol.errors import TrainingError
from mscol.model import build_encoder, load_encoder
from mscol.model.published import fill_encoder

tf = pytest.importorskip("tensorflow", reason="checkpoints are TensorFlow's")
tf_keras = pytest.importorskip("tf_keras", reason="legacy Keras is missing: install envs/legacy.lock")

TABLE = Path(__file__).parents[4] / "shared" / "published_checkpoint_variables.csv"
DATA = ".data-00000-of-00001"
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
STEM = "embedding_model/layer_with_weights-0/layer_with_weights-1/kernel"
SIMILARITY = "similarity_layer/bilinear_product_weight"
# Two implementations add in another order, which on some processors makes 2e-4 of values up to 15.
ROUNDING = {"rtol": 1e-3, "atol": 1e-3}


class BilinearProduct(tf_keras.layers.Layer):
    def build(self, _):
        self._w = self.add_weight(
            shape=(512, 512), initializer="random_normal", name="bilinear_product_weight"
        )


class ContrastiveModel(tf_keras.Model):
    """The attributes of the authors' model (MSCOL_SMC23 mscol/network.py), which its checkpoints are named by."""

    def __init__(self, embedding_model):
        super().__init__()
        self.embedding_model = embedding_model
        self._similarity_layer = BilinearProduct()
        self._similarity_layer.build(None)


def legacy_encoder(crops, frames):
    """Build EfficientNet-B0 with weights under which its outputs differ from crop to crop."""
    random = np.random.default_rng(0)
    encoder = tf_keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(frames, 64, 1), pooling="max"
    )
    encoder = tf_keras.Model(encoder.inputs, encoder.outputs, name="encoder")
    for layer in encoder.layers:
        for weight in layer.weights:
            weight.assign(_draw(weight, random))
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.momentum = 0
        if isinstance(layer, tf_keras.layers.Normalization):
            layer.finalize_state()
    encoder(crops, training=True)  # With a momentum of 0, moving statistics become those of the crops,
    for weight in encoder.weights:
        if "moving_" in weight.name:  # and then near to them only, as in a trained encoder.
            weight.assign(weight * random.uniform(0.8, 1.2, weight.shape))
    last = encoder.get_layer("top_bn").gamma
    last.assign(0.1 * last)  # Outputs of about 1: a tolerance of 1e-4 is above their rounding (3e-5)
    return encoder


def _draw(weight, random):
    name = weight.name.split("/")[-1].split(":")[0]
    if name == "kernel":
        return random.normal(0, 1 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape)
    if name == "depthwise_kernel":
        return random.normal(0, 1 / weight.shape[0], weight.shape)
    if name in ("beta", "bias"):
        return random.normal(0, 0.2, weight.shape)
    # Those of the Normalization layer are such that crops / 255 come out around 0 with a deviation of 1.
    fixed = {"mean": [-0.015], "variance": [6e-5], "count": 7}
    return fixed.get(name, random.uniform(0.5, 1.5, weight.shape))


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(1).normal(-4, 2, (4, 98, 64, 1)).clip(-11.6, 5).astype("float32")


def publish(folder, crops, frames):
    """Write a checkpoint; return its prefix, and what its encoder makes of the crops."""
    encoder = legacy_encoder(crops, frames)
    inputs = tf_keras.Input((frames, 64, 1))
    x = tf_keras.layers.Dense(512)(encoder(inputs))
    x = tf_keras.layers.LayerNormalization(epsilon=1e-3)(x)
    model = ContrastiveModel(tf_keras.Model(inputs, tf_keras.layers.Activation("tanh")(x)))
    model.compile(optimizer=tf_keras.optimizers.legacy.Adam(1e-3))
    variables = model.embedding_model.trainable_variables + model._similarity_layer.trainable_variables
    model.optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in variables])
    checkpoint = tf.train.Checkpoint(model)
    checkpoint.save_counter.assign(9)
    prefix = checkpoint.save(str(folder / "checkpoint"))
    assert Path(prefix).name == "checkpoint-10"
    return prefix, encoder(crops, training=False).numpy()


@pytest.fixture(scope="module")
def published(tmp_path_factory, crops):
    """A checkpoint of the first paper: its encoder was built for any number of frames."""
    return publish(tmp_path_factory.mktemp("mscol"), crops, frames=None)


@pytest.fixture(scope="module")
def published_later(tmp_path_factory, crops):
    """A checkpoint of the second paper: its encoder was built for 98 frames, and Keras padded for them."""
    return publish(tmp_path_factory.mktemp("cvsm"), crops, frames=98)


@pytest.fixture(scope="module")
def variables(published):
    """All that a checkpoint holds but Adam's slots: numbers by key."""
    reader = tf.train.load_checkpoint(published[0])
    return {
        key: reader.get_tensor(key)
        for key in reader.get_variable_to_shape_map()
        if ".OPTIMIZER_SLOT" not in key and not key.startswith("optimizer/")
    }


@pytest.fixture(scope="module")
def encoder():
    return build_encoder()


def write(prefix, variables):
    """Write variables under any keys, which a model could not be made to have."""
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(variables),
        shape_and_slices=[""] * len(variables),
        tensors=list(variables.values()),
    )


def copy(prefix, folder):
    for ending in (".index", DATA):
        shutil.copy(f"{prefix}{ending}", folder)
    return folder / Path(prefix).name


@pytest.mark.skipif(not TABLE.is_file(), reason=f"{TABLE} is missing")
def test_checkpoint_of_this_test_is_laid_out_as_the_published_ones(published, variables):
    with open(TABLE, newline="") as table:
        theirs = {row["key"]: row["shape"] for row in csv.DictReader(table)}
    assert {key: "x".join(map(str, np.shape(value))) for key, value in variables.items()} == theirs
    shapes = tf.train.load_checkpoint(published[0]).get_variable_to_shape_map()
    assert f"{STEM}/.OPTIMIZER_SLOT/optimizer/v{VALUE}" in shapes


def test_published_encoder_computes_what_legacy_keras_computes(published, crops):
    prefix, expected = published
    encoder = load_encoder(prefix, paper="mscol")
    assert encoder.output_shape == (None, 1280)
    assert expected.std(axis=0).mean() > 0.1  # or any encoder would do
    np.testing.assert_allclose(encoder(crops), expected, **ROUNDING)


def test_encoder_of_the_later_paper_pads_as_legacy_keras_does_for_a_known_size(published_later, crops):
    prefix, expected = published_later
    encoder = load_encoder(prefix, paper="cvsm")
    largest = np.abs(expected).max()
    assert np.abs(np.asarray(encoder(crops)) - expected).max() < 1e-4 * largest
    as_the_first = np.asarray(load_encoder(prefix, paper="mscol")(crops))
    assert np.abs(as_the_first - expected).max() > 0.1 * largest
    pads = [layer for layer in encoder.layers if layer.name.endswith("dwconv_pad")]
    assert [layer.input.shape[1] for layer in pads] == [49, 25, 13, 7]  # and 98 before (CVSM)


@pytest.mark.parametrize("ending", ["", ".index"])
def test_checkpoint_needs_the_name_of_its_paper(published, ending):
    for paper in ({}, {"paper": "cvms"}):
        with pytest.raises(
            TrainingError, match=r"checkpoint-10.*does not record.*paper: mscol \(.*or cvsm \("
        ):
            load_encoder(f"{published[0]}{ending}", **paper)


def test_index_file_names_its_checkpoint(published, crops):
    prefix, expected = published
    np.testing.assert_allclose(load_encoder(f"{prefix}.index", paper="mscol")(crops), expected, **ROUNDING)


def test_both_spellings_of_the_similarity_are_read(encoder, variables, tmp_path):
    respelt = {key.removeprefix("_") if SIMILARITY in key else key: variables[key] for key in variables}
    assert SIMILARITY + VALUE in respelt
    write(tmp_path / "checkpoint-10", respelt)
    fill_encoder(encoder, tmp_path / "checkpoint-10")


@pytest.mark.parametrize(
    "key", [STEM, "embedding_model/layer_with_weights-2/gamma", f"_{SIMILARITY}"], ids=str
)
def test_missing_variable_is_named(encoder, variables, tmp_path, key):
    write(tmp_path / "checkpoint-10", {k: v for k, v in variables.items() if k != key + VALUE})
    with pytest.raises(TrainingError, match=rf"checkpoint-10: the variable {key} is missing"):
        fill_encoder(encoder, tmp_path / "checkpoint-10")


def test_wrong_shape_is_named_beside_the_right_one(encoder, variables, tmp_path):
    write(tmp_path / "checkpoint-10", variables | {STEM + VALUE: np.zeros((3, 3, 3, 32), "float32")})
    message = rf"checkpoint-10: the variable {STEM} has shape \(3, 3, 3, 32\), expected \(3, 3, 1, 32\)"
    with pytest.raises(TrainingError, match=message):
        fill_encoder(encoder, tmp_path / "checkpoint-10")


def test_unknown_variable_of_the_encoder_is_named(encoder, variables, tmp_path):
    bias = STEM.replace("kernel", "bias")
    write(tmp_path / "checkpoint-10", variables | {bias + VALUE: np.zeros(32, "float32")})
    with pytest.raises(TrainingError, match=rf"checkpoint-10: the variable {bias} is not one of"):
        fill_encoder(encoder, tmp_path / "checkpoint-10")


def test_variable_of_texts_is_refused(encoder, variables, tmp_path):
    texts = np.full(32, b"text")
    bias = "embedding_model/layer_with_weights-0/layer_with_weights-2/beta"
    write(tmp_path / "checkpoint-10", variables | {bias + VALUE: texts})
    with pytest.raises(TrainingError, match=rf"checkpoint-10: {bias} has type object, expected numbers"):
        fill_encoder(encoder, tmp_path / "checkpoint-10")


def test_missing_data_file_is_named(encoder, published, tmp_path):
    shutil.copy(f"{published[0]}.index", tmp_path)
    with pytest.raises(TrainingError, match=rf"checkpoint-10\{DATA}: there is no such file.*two files"):
        fill_encoder(encoder, tmp_path / "checkpoint-10")


@pytest.mark.parametrize("ending", [".index", DATA])
@pytest.mark.parametrize("kept", [0, 1000])
def test_file_cut_short_is_damaged(encoder, published, tmp_path, ending, kept):
    prefix = copy(published[0], tmp_path)
    with open(f"{prefix}{ending}", "r+b") as file:
        file.truncate(kept)
    with pytest.raises(TrainingError, match=r"checkpoint-10: a damaged checkpoint, .*\. Download .* again"):
        fill_encoder(encoder, prefix)


def test_changed_byte_is_damage(encoder, published, tmp_path):
    prefix = copy(published[0], tmp_path)
    with open(f"{prefix}{DATA}", "r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 255]))
    with pytest.raises(TrainingError, match=r"checkpoint-10: a damaged checkpoint, .*[Cc]hecksum"):
        fill_encoder(encoder, prefix)
