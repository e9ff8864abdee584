"""Compute an encoder's training pass on JAX, by its layers and by `jax_pass`; a program of test_jax_pass.

python compute_jax_pass.py OUTPUTS.npz
"""

import functools
import sys

import jax
import jax.numpy as jnp
import keras
import numpy as np

from mscol.model import build_encoder, jax_sums
from mscol.model.jax_pass import jax_pass


def build(width, depth):
    """Build an encoder that lets values through, without drop-connect."""
    encoder = build_encoder(width, depth)
    random = np.random.default_rng(0)
    encoder.set_weights(
        [
            random.normal(0, 1 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape)
            if "kernel" in weight.path
            else np.abs(random.normal(1, 0.1, weight.shape))
            if weight.dtype == "float32"
            else weight
            for weight in encoder.weights
        ]
    )
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
    return encoder


def compute(encoder, run, crops):
    """Outputs, moving statistics, and gradients of a function of the outputs."""

    def loss(trainable):
        values = [*zip(encoder.trainable_variables, trainable, strict=True)]
        values += [(variable, variable.value) for variable in encoder.non_trainable_variables]
        with keras.StatelessScope(values) as scope:
            outputs = run(encoder, crops)
        moved = [scope.get_current_value(variable) for variable in encoder.non_trainable_variables]
        return jnp.sum(outputs * jnp.sin(jnp.arange(outputs.shape[-1]))), (outputs, moved)

    compiled = jax.jit(jax.value_and_grad(loss, has_aux=True))
    (_, (outputs, moved)), gradients = compiled([variable.value for variable in encoder.trainable_variables])
    yield "outputs", outputs
    yield from ((f"gradients/{number}", value) for number, value in enumerate(gradients))
    yield from ((f"statistics/{number}", value) for number, value in enumerate(moved))


def main(path):
    """Compute all of it, and write it to a file."""
    keras.utils.set_random_seed(0)  # else drop-connect may drop nothing, twice
    encoder = build(0.1, 0.1)
    crops = np.random.default_rng(0).normal(-4, 2, (6, 98, 64, 1)).astype("float32")
    runs = {
        "layers": lambda encoder, crops: encoder(crops, training=True),
        "ours": jax_pass,
        "half": functools.partial(jax_pass, dtype="bfloat16"),
    }
    computed = {name: dict(compute(encoder, run, crops)) for name, run in runs.items()}
    jax_sums.USE_KERNEL = jax_sums.INTERPRET = True
    computed["kernel"] = dict(compute(encoder, jax_pass, crops))
    dropped = build_encoder(0.1, 0.3)
    computed["dropped"] = {str(turn): jax_pass(dropped, crops) for turn in range(2)}
    np.savez(
        path, **{f"{run}/{name}": value for run, parts in computed.items() for name, value in parts.items()}
    )


if __name__ == "__main__":
    main(sys.argv[1])
