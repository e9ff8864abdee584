"""Set the statistics of batch normalisation to means over minibatches.

Moving statistics reflect only the last minibatches and, for a while, their initial values. With fixed weights,
means over many minibatches estimate the same quantities better.
"""

import contextlib

import keras
import numpy as np
from keras import layers

# 20 times the time constant of moving statistics with momentum 0.99. Before, they still depend on their start values and lag
# behind the weights.
FEW_UPDATES = 2_000
CALIBRATION_BATCHES = 32


def compile_calibration(network):
    """Compile a function that calibrates a network with an encoder.

    Parameters
    ----------
    network : keras.Model
        Has an attribute ``encoder`` that its inputs pass through.

    Returns
    -------
    callable
        Takes an iterable of one or more minibatches of the network and sets the moving statistics of the
        encoder to the means over them, with no block dropped. Nothing else changes.
    """
    compute = compile_statistics(network)

    def calibrate(batches):
        statistics = [list(map(np.float64, compute(batch))) for batch in batches]
        variables = _moving_statistics(network.encoder)
        for variable, values in zip(variables, zip(*statistics, strict=True), strict=True):
            variable.assign(np.mean(values, axis=0))

    return calibrate


def compile_statistics(network):
    """Compile a function that computes the means and variances of batch normalisation for a minibatch.

    Returns
    -------
    callable
        Minibatch -> list of np.ndarray, in the order of the encoder's layers: mean and variance of each layer.
    """
    return {"tensorflow": _compile_tensorflow, "jax": _compile_jax}[keras.backend.backend()](network)


def _compile_tensorflow(network):
    import tensorflow as tf

    compiled = tf.function(lambda batch: _statistics(network, batch), autograph=False)
    return lambda batch: [each.numpy() for each in compiled(batch)]


def _compile_jax(network):
    import jax

    variables = network.variables
    compiled = jax.jit(lambda values, batch: _statistics(network, batch, zip(variables, values, strict=True)))
    return lambda batch: jax.device_get(compiled([variable.value for variable in variables], batch))


def _statistics(network, batch, values=()):
    # Assignments stay in this scope: neither moving statistics nor random states advance.
    with _bare(network.encoder), keras.StatelessScope(list(values)) as scope:
        network(batch, training=True)
    return [scope.get_current_value(variable) for variable in _moving_statistics(network.encoder)]


def _moving_statistics(encoder):
    normalisations = [each for each in encoder.layers if isinstance(each, layers.BatchNormalization)]
    return [variable for each in normalisations for variable in (each.moving_mean, each.moving_variance)]


@contextlib.contextmanager
def _bare(encoder):
    """Set momentum and dropout to 0 in a block: moving statistics become those of one minibatch, and nothing is dropped."""
    attributes = {layers.BatchNormalization: "momentum", layers.Dropout: "rate"}
    changed = [(each, attributes[type(each)]) for each in encoder.layers if type(each) in attributes]
    kept = [getattr(each, name) for each, name in changed]
    for each, name in changed:
        setattr(each, name, 0.0)
    try:
        yield
    finally:
        for (each, name), value in zip(changed, kept, strict=True):
            setattr(each, name, value)
