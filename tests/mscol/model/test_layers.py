"""The layers for training compute what Keras' own do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mscol.model.encoder import build_encoder, load_encoder, plain_encoder, save_encoder, training_encoder
from mscol.model.layers import SmallDepthwiseConv2D, SwishBatchNormalization

# Of the largest value, or of the largest gradient: that of a shift which the next normalisation takes
# out again is 0, and rounding is all there is of it.
CLOSE = 1e-4


def pair(width, depth):
    """Build a plain encoder that lets values through, without drop-connect, and its copy for training."""
    plain = build_encoder(width, depth)
    random = np.random.default_rng(0)
    plain.set_weights(
        [
            weight.numpy()
            if "kernel" in weight.path
            else np.abs(random.normal(1, 0.1, weight.shape)).astype("float32")
            for weight in plain.weights
        ]
    )
    pair = plain, training_encoder(plain)
    for layer in [layer for encoder in pair for layer in encoder.layers]:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
    return pair


def crops(n_crops=6):
    return np.random.default_rng(0).normal(-4, 2, (n_crops, 98, 64, 1)).astype("float32")


def gradients(encoder, inputs, jit_compile=False):
    """Compute outputs in training and the gradients of a function of them; update moving statistics."""

    @tf.function(autograph=False, jit_compile=jit_compile)
    def step():
        with tf.GradientTape() as tape:
            outputs = encoder(inputs, training=True)
            signs = tf.sin(tf.range(outputs.shape[-1], dtype="float32"))
            loss = tf.reduce_sum(tf.cast(outputs, "float32") * signs)
        return outputs, tape.gradient(loss, [variable.value for variable in encoder.trainable_variables])

    outputs, found = step()
    return outputs, [gradient.numpy() for gradient in found]


def assert_close(ours, theirs, scale=0.0):
    assert np.abs(ours - theirs).max() <= CLOSE * max(np.abs(theirs).max(), scale)


@pytest.mark.parametrize(("width", "depth"), [(0.1, 0.1), (0.35, 1.0)])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_encoder_computes_what_the_plain_one_does(width, depth, jit_compile):
    plain, training = pair(width, depth)
    assert_close(training(crops()).numpy(), plain(crops()).numpy())
    theirs, their_gradients = gradients(plain, crops())
    ours, our_gradients = gradients(training, crops(), jit_compile)
    assert_close(ours.numpy(), theirs.numpy())
    largest = max(np.abs(gradient).max() for gradient in their_gradients)
    for our, their in zip(our_gradients, their_gradients, strict=True):
        assert_close(our, their, scale=largest)
    for our, their in zip(training.get_weights(), plain.get_weights(), strict=True):
        assert_close(our, their)


def test_full_training_encoder_computes_what_the_plain_one_does():
    plain, training = pair(1.0, 1.0)
    assert sum(isinstance(layer, SmallDepthwiseConv2D) for layer in training.layers) == 7
    assert_close(training(crops(2)).numpy(), plain(crops(2)).numpy())
    assert_close(training(crops(2), training=True).numpy(), plain(crops(2), training=True).numpy())


def test_copies_keep_variables_momentum_and_drop_connect():
    plain = build_encoder(0.1, 1.0, momentum=0.5)
    training = training_encoder(plain)
    for copy in (training, plain_encoder(training)):
        assert [weight.path for weight in copy.weights] == [weight.path for weight in plain.weights]
        assert [layer.name for layer in copy.layers[1:]] == [layer.name for layer in plain.layers[1:]]
        for copied, kept in zip(copy.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_array_equal(copied, kept)
        for copied, kept in zip(copy.layers, plain.layers, strict=True):
            for setting in ("momentum", "epsilon", "rate", "noise_shape"):
                assert getattr(copied, setting, None) == getattr(kept, setting, None)


def test_plain_encoder_is_as_built_and_comes_back_in_safe_mode(tmp_path):
    built = build_encoder(0.1, 0.5)
    plain = plain_encoder(training_encoder(built))
    assert [type(layer) for layer in plain.layers] == [type(layer) for layer in built.layers]
    save_encoder(plain, tmp_path / "encoder.keras")
    np.testing.assert_array_equal(load_encoder(tmp_path / "encoder.keras")(crops()), built(crops()))


def test_bfloat16_keeps_statistics_in_float32_and_is_saved_in_float32():
    kept = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        _, training = pair(0.1, 0.5)
    finally:
        keras.config.set_dtype_policy(kept)
    plain = plain_encoder(training)
    assert {layer.compute_dtype for layer in plain.layers} == {"float32"}
    ours, found = gradients(training, crops())
    theirs, _ = gradients(plain, crops())
    assert ours.dtype == "bfloat16" and {str(gradient.dtype) for gradient in found} == {"float32"}
    np.testing.assert_allclose(tf.cast(ours, "float32"), theirs, atol=0.1 * np.abs(theirs).max())
    for layer in training.layers:
        if isinstance(layer, SwishBatchNormalization):
            assert layer.moving_variance.dtype == "float32"
            expected = plain.get_layer(layer.name).moving_variance
            np.testing.assert_allclose(layer.moving_variance, expected, rtol=0.05)


def test_updates_repeat_bit_for_bit():
    def run():
        keras.utils.set_random_seed(0)
        tf.config.experimental.enable_op_determinism()
        encoder = training_encoder(build_encoder(0.1, 1.0))
        optimizer = keras.optimizers.Adam(1e-2)
        optimizer.build(encoder.trainable_variables)

        @tf.function(autograph=False)
        def update(batch):
            with tf.GradientTape() as tape:
                loss = keras.ops.sum(keras.ops.square(encoder(batch, training=True)))
            found = tape.gradient(loss, [variable.value for variable in encoder.trainable_variables])
            optimizer.apply(found, encoder.trainable_variables)
            return loss

        losses = [float(update(crops())) for _ in range(4)]
        return losses, encoder.get_weights()

    (losses, weights), (losses_again, weights_again) = run(), run()
    assert losses == losses_again and len(set(losses)) == 4
    for first, second in zip(weights, weights_again, strict=True):
        np.testing.assert_array_equal(first, second)
