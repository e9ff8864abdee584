"""Compute losses, gradients and an update on the backend that KERAS_BACKEND names; a program of test_backends.

python compute_losses.py INPUTS.npz OUTPUTS.npz
"""

import sys

import keras
import numpy as np

from mscol.model import SourceAssociation, association_loss, build_encoder, compile_calibration, compile_steps

LOSS = ("anchors", "positives", "weight")


def gradients_of(function, tensors):
    """The value and the gradients of a function of tensors."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.value_and_grad(function, argnums=tuple(range(len(tensors))))(*tensors)
    import tensorflow as tf

    tensors = [tf.constant(tensor) for tensor in tensors]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = function(*tensors)
    return value, tape.gradient(value, tensors)


def losses(given):
    """Loss and gradients of projected crops, for each pattern of absent positives."""
    for name in (name for name in given if name.startswith("absent")):
        loss, gradients = gradients_of(
            lambda *tensors, name=name: association_loss(*tensors, given[name])[0],
            [given[tensor] for tensor in LOSS],
        )
        yield f"{name}/loss", loss
        yield from ((f"{name}/{tensor}", value) for tensor, value in zip(LOSS, gradients, strict=True))


def updates(given):
    """Losses and weights over some compiled updates of a small network that starts from given weights.

    Once more the last loss, and that with other crops in place of absent positives; and all weights after calibration.
    """
    encoder = build_encoder(width=0.25, depth=0.25)
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0  # backends draw different random numbers
    network = SourceAssociation(encoder, 16, mask_value=-3.0)
    random = np.random.default_rng(1)
    network.set_weights(
        [random.normal(1, 0.2, weight.shape) if "variance" in weight.path or "gamma" in weight.path
         else random.normal(0, 0.2, weight.shape) if weight.dtype == "float32"
         else weight for weight in network.weights]
    )  # fmt: skip
    steps = compile_steps(network, keras.optimizers.SGD(0.01))
    batch = {name.removeprefix("batch/"): value for name, value in given.items() if name.startswith("batch/")}
    yield "losses", [float(steps.update(batch)[0]) for _ in range(3)]
    yield "evaluation", float(steps.evaluate(batch)[0])
    residue = np.where(batch["absent"][:, None, None, None], 5.0, batch["positives"]).astype("float32")
    yield "evaluation_of_residue", float(steps.evaluate(batch | {"positives": residue})[0])
    steps.sync()
    for number, weight in enumerate(network.trainable_variables):
        yield f"weight{number:03d}", np.array(weight)
    compile_calibration(network)([batch, batch | {"positives": residue, "absent": ~batch["absent"]}])
    steps.load()
    for number, weight in enumerate(network.encoder.get_weights()):
        yield f"calibrated{number:03d}", weight
    yield "evaluation_when_calibrated", float(steps.evaluate(batch)[0])


if __name__ == "__main__":
    with np.load(sys.argv[1]) as archive:
        given = dict(archive)
    computed = {**dict(losses(given)), **dict(updates(given))}
    np.savez(sys.argv[2], **{name: keras.ops.convert_to_numpy(value) for name, value in computed.items()})
