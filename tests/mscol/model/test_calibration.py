"""Calibrated statistics are means over minibatches, and nothing else changes."""

import keras
import numpy as np
import pytest

from mscol.model import SourceAssociation, build_encoder, compile_calibration


@pytest.fixture(scope="module")
def batches():
    crops = np.random.default_rng(0).normal(-8, 2, (3, 2, 4, 98, 64, 1)).astype("float32")
    absent = np.zeros(4, bool)
    return [{"anchors": one, "positives": other, "absent": absent} for one, other in crops]


@pytest.fixture(scope="module")
def calibrated(batches):
    """A network whose blocks are dropped in training, calibrated; and its variables before."""
    network = SourceAssociation(build_encoder(0.1, 0.5), 8)
    before = {variable.path: np.array(variable) for variable in network.variables}
    compile_calibration(network)(batches)
    return network, before


def layers_of(network, kind):
    return [layer for layer in network.encoder.layers if isinstance(layer, kind)]


def test_statistics_are_those_of_keras_own_layers_averaged(calibrated, batches):
    network, _ = calibrated
    found = {path: np.array(variable) for path, variable in statistics_of(network)}
    copy = keras.models.clone_model(network.encoder)
    copy.set_weights(network.encoder.get_weights())
    for layer in copy.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
    means = dict.fromkeys(found, 0)
    for batch in batches:
        copy(np.concatenate([batch["anchors"], batch["positives"]]), training=True)
        for layer in copy.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                for variable in (layer.moving_mean, layer.moving_variance):
                    means[variable.path] = means[variable.path] + np.array(variable) / len(batches)
    assert len(found) > 20
    for path, expected in means.items():
        np.testing.assert_allclose(found[path], expected, rtol=1e-4, atol=1e-5, err_msg=path)


def statistics_of(network):
    normalisations = layers_of(network, keras.layers.BatchNormalization)
    return [
        (each.path, each) for layer in normalisations for each in (layer.moving_mean, layer.moving_variance)
    ]


def test_nothing_else_changes(calibrated):
    network, before = calibrated
    statistics = dict(statistics_of(network))
    for variable in network.variables:
        is_same = np.array_equal(np.array(variable), before[variable.path])
        assert is_same == (variable.path not in statistics), variable.path
    assert {layer.momentum for layer in layers_of(network, keras.layers.BatchNormalization)} == {0.99}
    assert all(layer.rate > 0 for layer in layers_of(network, keras.layers.Dropout))
