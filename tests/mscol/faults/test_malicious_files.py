"""Nothing that is loaded can run code: files that bring some along are refused, in a sentence that names them.

Each payload would leave a mark; none may be found. (A csv, a JSON and a parquet file hold no code to begin with;
`encoders: callable` names code of the user's own, which is run on purpose.)
"""

import io
import json
import os
import pickle
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import openunmix
import pytest
import torch

from mscol.errors import CacheError, SeparationError, TrainingError
from mscol.io.files import open_array
from mscol.model import load_encoder, load_saved
from mscol.pretraining.checkpoints import Checkpoints
from mscol.scores.files import read_scores
from mscol.separation import STEMS
from mscol.separation.description import describe_separator
from mscol.separation.separator import load_separator
from mscol.tables import compare_models


class Payload:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.fixture
def mark(tmp_path):
    """Where a payload leaves its mark; it must not."""
    path = tmp_path / "mark"
    yield path
    assert not path.exists()


@pytest.fixture
def objects(mark):
    """An array of objects that leave a mark."""
    return np.array([Payload(mark)], dtype=object)


def test_payload_leaves_a_mark_where_it_is_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "here")))
    assert (tmp_path / "here").exists()


def test_array_of_objects_is_refused(tmp_path, objects):
    np.save(tmp_path / "mixture.npy", objects, allow_pickle=True)
    with pytest.raises(CacheError, match=r"mixture\.npy: damaged"):
        open_array(tmp_path / "mixture.npy")


def test_scores_and_resamples_of_objects_are_refused(tmp_path, objects):
    path = tmp_path / "fma.npz"
    np.savez(
        path,
        window_scores=objects,
        n_windows=objects,
        ids=objects,
        groups=objects,
        labels=objects,
        cleaned=objects,
    )
    with pytest.raises(CacheError, match=r"fma\.npz: damaged"):
        read_scores(path, "tagging")
    with pytest.raises(CacheError, match=r"fma\.npz: damaged"):
        compare_models(
            {("fma", "a"): path, ("fma", "b"): path}, "b", tmp_path / "overall.csv", tmp_path / "labels.csv"
        )


def test_checkpoint_of_objects_is_not_resumed(tmp_path, objects, caplog):
    checkpoints = Checkpoints(tmp_path, {"seed": 1})
    path = checkpoints.save(3, {"network/0000": np.zeros(3)})
    np.savez(path, **{"network/0000": objects})
    assert checkpoints.restore(lambda arrays: None) is None
    assert "update-000000003.npz (Object arrays cannot be loaded" in caplog.text


@pytest.fixture
def separator(tmp_path):
    """A separator's folder, whose weights are still to be written."""
    settings = {"nfft": 1024, "nhop": 256, "nb_channels": 1, "hidden_size": 8}
    describe_separator(tmp_path / "separator" / "separator.json", settings)
    for stem in STEMS:
        (tmp_path / "separator" / f"{stem}.json").write_text(json.dumps({"args": settings}))
        torch.save({"input_mean": torch.zeros(9)}, tmp_path / "separator" / f"{stem}.pth")
    return tmp_path / "separator"


@pytest.mark.parametrize("old_format", [False, True])
def test_weights_of_a_separator_that_hold_code_are_refused(separator, mark, old_format, monkeypatch):
    # Whoever relies on this variable elsewhere must not open a door here
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    torch.save(
        {"input_mean": Payload(mark)}, separator / "drums.pth", _use_new_zipfile_serialization=not old_format
    )
    with pytest.raises(SeparationError, match=r"drums\.pth: cannot load the separator.*could run code"):
        load_separator(separator, device="cpu")
    assert os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] == "1"


def test_published_weights_that_hold_code_are_refused(tmp_path, mark, monkeypatch):
    # torch.hub would unpickle them without looking
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.chdir(tmp_path)
    source = Path(openunmix.__file__).read_text()
    names = re.findall(r"/files/((?:bass|drums|other|vocals)-[0-9a-f]+\.pth)", source)
    assert len(names) >= 12
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for name in names:
        torch.save({"input_mean": Payload(mark)}, folder / name)
    with pytest.raises(SeparationError, match="checkpoints: a file of umxhq contains more than weights"):
        load_separator("umxhq", device="cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small model of Keras' own layers."""
    path = tmp_path_factory.mktemp("model") / "encoder.keras"
    layers = [keras.Input((98, 64, 1)), keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(3)]
    keras.Sequential(layers).save(path)
    return path


def rewrite(model, path, change):
    """Copy a .keras file, its config changed."""
    with zipfile.ZipFile(model) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            after.writestr(name, content)
    return path


def test_own_layers_are_loaded(model, tmp_path):
    assert load_encoder(rewrite(model, tmp_path / "same.keras", lambda config: None)).output_shape == (
        None,
        3,
    )


def test_lambda_layer_is_refused(tmp_path, mark):
    text = str(mark)
    layers = [
        keras.Input((98, 64, 1)),
        keras.layers.Lambda(lambda x: (open(text, "w").close(), x)[1], output_shape=(98, 64, 1)),
    ]
    keras.Sequential(layers).save(tmp_path / "encoder.keras")
    mark.unlink(missing_ok=True)  # it was left when the layer was built
    with pytest.raises(
        TrainingError, match=r"encoder\.keras: not loaded: it contains Lambda, .*which could run code"
    ):
        load_encoder(tmp_path / "encoder.keras")


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        ({"module": "os", "class_name": "system", "config": {"command": "touch MARK"}}, "os.system"),
        ({"module": "builtins", "class_name": "function", "config": "exec"}, "builtins.function"),
        (
            {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "FOLDER"}},
            "TFSMLayer",
        ),
        (
            {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "PICKLE"}},
            "TorchModuleWrapper",
        ),
        (
            {"module": "mscol_evil", "class_name": "Layer", "registered_name": "evil>Layer", "config": {}},
            "mscol_evil.Layer",
        ),
    ],
)
def test_what_is_not_keras_own_is_refused(model, tmp_path, mark, monkeypatch, layer, named):
    (tmp_path / "mscol_evil.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(tmp_path)  # a module that Python would find and run
    text = json.dumps(layer).replace("MARK", str(mark)).replace("FOLDER", str(tmp_path))
    path = rewrite(
        model, tmp_path / "head.keras", lambda config: config["config"]["layers"].append(json.loads(text))
    )
    with pytest.raises(
        TrainingError, match=rf"head\.keras: not loaded: it contains {re.escape(named)}, which could run code"
    ):
        load_saved(path)


def test_pickle_by_the_name_of_a_model_is_refused(tmp_path, mark):
    (tmp_path / "encoder.keras").write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(TrainingError, match=r"encoder\.keras: missing, damaged, or not a Keras model"):
        load_encoder(tmp_path / "encoder.keras")


def test_tensorflow_checkpoint_that_holds_a_pickle_is_refused(tmp_path, mark):
    import tensorflow as tf

    stream = io.BytesIO()
    pickle.dump(Payload(mark), stream)
    tf.train.Checkpoint(embedding_model=tf.Variable(stream.getvalue())).write(str(tmp_path / "checkpoint-10"))
    with pytest.raises(TrainingError, match="checkpoint-10: the variable .* is missing"):
        load_encoder(tmp_path / "checkpoint-10.index", paper="mscol")
