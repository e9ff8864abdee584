"""Statistics of batch normalisation as means over minibatches.

Moving statistics remember the last minibatches alone, and for a while the values that they start from. Those of a network whose
weights stand still are better taken as what they estimate: means over many minibatches.
"""

import contextlib

import keras
import numpy as np
from keras import layers

# Updates: in fewer, moving statistics of momentum 0.99 do not forget where they start 20 times over, and lag behind the weights.
SHORT_RUN = 2_000
CALIBRATION_BATCHES = 32


def compile_calibration(network):
    """Compile what calibrates a network that contains an encoder.

    Parameters
    ----------
    network : keras.Model
        With an attribute ``encoder``, which it passes its inputs through.

    Returns
    -------
    callable
        Takes minibatches (an iterable of one or more, as the network takes them), and sets the moving statistics of the
        encoder to the means over them, with no block dropped; nothing else changes.
    """
    compute = compile_statistics(network)

    def calibrate(batches):
        statistics = [list(map(np.float64, compute(batch))) for batch in batches]
        variables = _moving_statistics(network.encoder)
        for variable, values in zip(variables, zip(*statistics, strict=True), strict=True):
            variable.assign(np.mean(values, axis=0))

    return calibrate


def compile_statistics(network):
    """Compile what computes the means and variances that batch normalisation takes of a minibatch.

    Returns
    -------
    callable
        Minibatch -> list of np.ndarray, in the order of the encoder's layers: mean and variance of each.
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
    # What a pass assigns stays in this scope: neither moving statistics nor random numbers go on.
    with _bare(network.encoder), keras.StatelessScope(list(values)) as scope:
        network(batch, training=True)
    return [scope.get_current_value(variable) for variable in _moving_statistics(network.encoder)]


def _moving_statistics(encoder):
    normalisations = [each for each in encoder.layers if isinstance(each, layers.BatchNormalization)]
    return [variable for each in normalisations for variable in (each.moving_mean, each.moving_variance)]


@contextlib.contextmanager
def _bare(encoder):
    """In this block, moving statistics become those of a minibatch, and nothing is dropped, as in inference."""
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
