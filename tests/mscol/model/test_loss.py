"""The loss equals a plain one written with loops, gradients included."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mscol.model import association_loss

N_PAIRS, N_FEATURES = 6, 5
ABSENT = {
    "none": [False] * N_PAIRS,
    "one": [False, False, True, False, False, False],
    "some": [True, False, True, True, False, False],
    "all but one": [True] * 5 + [False],
    "all": [True] * N_PAIRS,
}


def loss_with_loops(anchors, positives, weight, absent):
    """Gather the columns that exist, then sum over anchors one by one, in float64."""
    columns = [positive for positive, gone in zip(positives, absent, strict=True) if not gone]
    targets, hits = [], []
    for gone in absent:
        targets.append(len(columns) if gone else sum(target < len(columns) for target in targets))
    if any(absent):
        total = np.zeros(positives.shape[1])
        for positive, gone in zip(positives, absent, strict=True):
            if gone:
                total = total + positive
        columns.append(total / sum(absent))
    loss = 0.0
    for anchor, target in zip(anchors, targets, strict=True):
        logits = np.array([sum(a * w * c for a, row in zip(anchor, weight, strict=True)
                               for w, c in zip(row, column, strict=True)) for column in columns])  # fmt: skip
        loss += np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[target]
        hits.append(np.argmax(logits) == target)
    return loss / len(anchors), np.mean(hits)


def differences(function, tensors, step=1e-5):
    """Approximate gradients by central differences."""
    gradients = []
    for tensor in tensors:
        gradient = np.zeros_like(tensor)
        for place in np.ndindex(tensor.shape):
            kept = tensor[place]
            tensor[place] = kept + step
            above = function()
            tensor[place] = kept - step
            gradient[place] = (above - function()) / (2 * step)
            tensor[place] = kept
        gradients.append(gradient)
    return gradients


def loss_and_gradients(anchors, positives, weight, absent):
    tensors = [tf.constant(tensor, tf.float32) for tensor in (anchors, positives, weight)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        loss, accuracy = association_loss(*tensors, absent)
    return float(loss), float(accuracy), [gradient.numpy() for gradient in tape.gradient(loss, tensors)]


@pytest.fixture
def tensors():
    random = np.random.default_rng(0)
    shapes = (N_PAIRS, N_FEATURES), (N_PAIRS, N_FEATURES), (N_FEATURES, N_FEATURES)
    return [random.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("absent", ABSENT.values(), ids=ABSENT.keys())
def test_loss_and_gradients_equal_those_written_with_loops(tensors, absent):
    loss, accuracy, gradients = loss_and_gradients(*tensors, np.array(absent))
    expected_loss, expected_accuracy = loss_with_loops(*tensors, absent)
    assert loss == pytest.approx(expected_loss, abs=1e-5)
    assert accuracy == pytest.approx(expected_accuracy)
    expected = differences(lambda: loss_with_loops(*tensors, absent)[0], tensors)
    for found, wanted in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_loss_worked_by_hand():
    # Logits of the two anchors: [ln 3, 0] and [0, ln 3]
    anchors = positives = np.eye(2, dtype="float32")
    loss, accuracy = association_loss(anchors, positives, np.log(3) * anchors, np.array([False, False]))
    assert float(loss) == pytest.approx(-np.log(3 / 4), abs=1e-6)
    assert float(accuracy) == 1
    # The second positive is absent, and alone makes up the extra column: the same logits again
    loss, accuracy = association_loss(anchors, positives, np.log(3) * anchors, np.array([False, True]))
    assert float(loss) == pytest.approx(-np.log(3 / 4), abs=1e-6)
    assert float(accuracy) == 1


def test_all_absent_gives_exactly_zero(tensors):
    loss, accuracy, gradients = loss_and_gradients(*tensors, np.ones(N_PAIRS, bool))
    assert loss == 0 and accuracy == 1
    assert all((gradient == 0).all() for gradient in gradients)


@pytest.mark.parametrize("absent", ABSENT.values(), ids=ABSENT.keys())
def test_huge_logits_give_finite_gradients(tensors, absent):
    loss, _, gradients = loss_and_gradients(*(1000 * tensor for tensor in tensors), np.array(absent))
    assert np.isfinite(loss)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_loss_is_float32_for_half_precision(tensors):
    halves = [keras.ops.cast(tensor, "bfloat16") for tensor in tensors]
    loss, accuracy = association_loss(*halves, np.zeros(N_PAIRS, bool))
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert keras.backend.standardize_dtype(accuracy.dtype) == "float32"


def test_first_of_tied_columns_counts():
    anchors = np.zeros((4, 3), "float32")
    _, accuracy = association_loss(anchors, anchors, np.eye(3, dtype="float32"), np.zeros(4, bool))
    assert float(accuracy) == 0.25
