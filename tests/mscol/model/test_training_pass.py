"""The training pass computes what Keras' own layers do."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from mscol.model.encoder import build_encoder
from mscol.model.training_pass import training_pass

# Of the largest value, or of the largest gradient: that of a shift which the next normalisation takes
# out again is 0, and rounding is all there is of it.
CLOSE = 1e-4


def build(width, depth, paper="mscol"):
    """Build an encoder that lets values through, without drop-connect; equal ones each time."""
    encoder = build_encoder(width, depth, paper=paper)
    random = np.random.default_rng(0)
    encoder.set_weights(
        [
            random.normal(0, 1 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape)
            if "kernel" in weight.path
            else np.abs(random.normal(1, 0.1, weight.shape)).astype("float32")
            for weight in encoder.weights
        ]
    )
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
    return encoder


def plain_pass(encoder, inputs):
    return encoder(inputs, training=True)


def crops(n_crops=6):
    return np.random.default_rng(0).normal(-4, 2, (n_crops, 98, 64, 1)).astype("float32")


def gradients(compute, encoder, inputs, jit_compile=False):
    """Compute outputs in training and the gradients of a function of them; update moving statistics."""

    @tf.function(autograph=False, jit_compile=jit_compile)
    def step():
        with tf.GradientTape() as tape:
            outputs = compute(encoder, inputs)
            signs = tf.sin(tf.range(outputs.shape[-1], dtype="float32"))
            loss = tf.reduce_sum(outputs * signs)
        return outputs, tape.gradient(loss, [variable.value for variable in encoder.trainable_variables])

    outputs, found = step()
    return outputs, [gradient.numpy() for gradient in found]


def assert_close(ours, theirs, scale=0.0):
    assert np.abs(ours - theirs).max() <= CLOSE * max(np.abs(theirs).max(), scale)


@pytest.mark.parametrize(("width", "depth"), [(0.1, 0.1), (0.35, 1.0)])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_outputs_gradients_and_statistics_are_those_of_the_layers(width, depth, jit_compile):
    plain, ours = build(width, depth), build(width, depth)
    expected, expected_gradients = gradients(plain_pass, plain, crops())
    found, found_gradients = gradients(training_pass, ours, crops(), jit_compile)
    assert_close(found.numpy(), expected.numpy())
    largest = max(np.abs(gradient).max() for gradient in expected_gradients)
    for one, other in zip(found_gradients, expected_gradients, strict=True):
        assert_close(one, other, scale=largest)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        assert_close(one, other)


def test_full_size_gives_the_same():
    encoder = build(1.0, 1.0)
    before = encoder.get_weights()
    expected = encoder(crops(2), training=True).numpy()
    encoder.set_weights(before)
    assert_close(training_pass(encoder, crops(2)).numpy(), expected)


def test_encoder_of_cvsm_is_trained_with_its_own_padding():
    encoder = build(0.1, 1.0, "cvsm")
    found = training_pass(encoder, crops()).numpy()
    assert_close(found, build(0.1, 1.0, "cvsm")(crops(), training=True).numpy())
    assert not np.allclose(found, build(0.1, 1.0)(crops(), training=True).numpy(), rtol=0.01)


def test_drop_connect_is_on():
    encoder = build_encoder(0.1, 1.0)
    outputs = [training_pass(encoder, crops()).numpy() for _ in range(2)]
    assert not np.allclose(*outputs)


def test_bfloat16_keeps_outputs_gradients_and_statistics_in_float32():
    plain, ours = build(0.1, 0.5), build(0.1, 0.5)
    expected, expected_gradients = gradients(training_pass, plain, crops())
    half = functools.partial(training_pass, dtype="bfloat16")
    found, found_gradients = gradients(half, ours, crops())
    assert {str(each.dtype) for each in (found.numpy(), *found_gradients)} == {"float32"}
    np.testing.assert_allclose(found, expected, atol=0.1 * np.abs(expected).max())
    one, other = (
        np.concatenate([each.ravel() for each in parts]) for parts in (found_gradients, expected_gradients)
    )
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.95, "gradients point the same way"
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.05, atol=0.02)


@pytest.mark.slow
def test_updates_repeat_bit_for_bit():
    def run():
        keras.utils.set_random_seed(0)
        tf.config.experimental.enable_op_determinism()
        encoder = build_encoder(0.1, 1.0)
        optimizer = keras.optimizers.Adam(1e-2)
        optimizer.build(encoder.trainable_variables)

        @tf.function(autograph=False)
        def update(batch):
            with tf.GradientTape() as tape:
                loss = keras.ops.sum(keras.ops.square(training_pass(encoder, batch)))
            found = tape.gradient(loss, [variable.value for variable in encoder.trainable_variables])
            optimizer.apply(found, encoder.trainable_variables)
            return loss

        losses = [float(update(crops())) for _ in range(4)]
        return losses, encoder.get_weights()

    (losses, weights), (losses_again, weights_again) = run(), run()
    assert losses == losses_again and len(set(losses)) == 4
    for first, second in zip(weights, weights_again, strict=True):
        np.testing.assert_array_equal(first, second)
