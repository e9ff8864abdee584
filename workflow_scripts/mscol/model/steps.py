"""Compiled updates: what runs on the device, for each backend of Keras.

The arithmetic is `SourceAssociation`'s, on ``keras.ops``. What is left here is how each backend compiles it
and where it keeps the state. Losses come back as the device's own scalars, so that nothing waits
for them: the next minibatch is on its way while an update computes.
"""

import functools

import keras
import numpy as np

from mscol.model.runtime import runs_on_gpu_by_jax

# XLA starts kernels by hundreds at once, those of the libraries too: by itself it leaves convolutions out.
_GPU_OPTIONS = {"xla_gpu_enable_command_buffer": "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,CONVOLUTION"}


def compile_steps(network, optimizer, xla=False):
    """Compile the update and the evaluation of a network.

    Parameters
    ----------
    network : SourceAssociation
    optimizer : keras.optimizers.Optimizer
    xla : bool
        Compile TensorFlow's graph with XLA; JAX always does.

    Returns
    -------
    object
        With ``update(batch)`` and ``evaluate(batch)``, each returning loss and accuracy as scalars of the
        device; ``sync()``, after which the variables of network and optimizer are up to date; and ``load()``, to go on from
        what the variables hold.

    Raises
    ------
    NotImplementedError
        If the backend is neither TensorFlow nor JAX.
    """
    # Before anything is traced: a traced step must not make variables.
    network.build()
    optimizer.build(network.trainable_variables)
    backend = keras.backend.backend()
    if backend not in _STEPS:
        raise NotImplementedError(f"backend {backend}: set KERAS_BACKEND to one of {', '.join(_STEPS)}")
    return _STEPS[backend](network, optimizer, xla)


def bring_to_device(batch):
    """Send an array, or a dict of arrays, on its way to the device, and do not wait until it is there.

    TensorFlow sends them itself, when an update asks for them; JAX would keep the update waiting meanwhile.
    """
    if keras.backend.backend() != "jax":
        return batch
    import jax

    return jax.device_put(batch)


def load_on_device(arrays):
    """Load arrays into the device's memory, one after another as one, a block at a time.

    Parameters
    ----------
    arrays : sequence of np.ndarray, shape=(n_frames, n_bands)
        Memory-mapped, say: never more than one of them is held in the host's memory.

    Returns
    -------
    tensor, shape=(frames of all arrays, n_bands), of their dtype
    """
    arrays = list(arrays)
    shape = (sum(map(len, arrays)), arrays[0].shape[1])
    fill = {"tensorflow": _fill_tensorflow, "jax": _fill_jax}[keras.backend.backend()]
    return fill(arrays, shape, arrays[0].dtype)


class _TensorFlowSteps:
    def __init__(self, network, optimizer, xla):
        import tensorflow as tf

        variables = network.trainable_variables

        @tf.function(jit_compile=xla, autograph=False)
        def update(batch):
            with tf.GradientTape() as tape:
                loss, accuracy = network(batch, training=True)
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss, accuracy

        @tf.function(jit_compile=xla, autograph=False)
        def evaluate(batch):
            return network(batch, training=False)

        self.update, self.evaluate = update, evaluate

    def sync(self):
        """Do nothing: TensorFlow's updates write to the variables themselves."""

    load = sync


class _JaxSteps:
    def __init__(self, network, optimizer, xla):
        import jax

        self._network, self._optimizer = network, optimizer
        self.load()

        def losses(trainable, others, batch):
            (loss, accuracy), others = network.stateless_call(trainable, others, batch, training=True)
            return loss, (accuracy, others)

        # The old state makes room for the new.
        @functools.partial(
            jax.jit, donate_argnums=0, compiler_options=_GPU_OPTIONS if runs_on_gpu_by_jax() else None
        )
        def update(state, batch):
            trainable, others, slots = state
            (loss, (accuracy, others)), gradients = jax.value_and_grad(losses, has_aux=True)(
                trainable, others, batch
            )
            trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
            return (trainable, others, slots), (loss, accuracy)

        @jax.jit
        def evaluate(state, batch):
            return network.stateless_call(*state[:2], batch, training=False)[0]

        self._update, self._evaluate = update, evaluate

    def update(self, batch):
        self._state, losses = self._update(self._state, batch)
        return losses

    def evaluate(self, batch):
        return self._evaluate(self._state, batch)

    def sync(self):
        """Write the state to the variables."""
        for variables, values in zip(self._variables(), self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        self.load()

    def load(self):
        """Read the state from the variables."""
        # Copies, because the first update gives the memory of its state away.
        self._state = tuple(
            [variable.value.copy() for variable in variables] for variables in self._variables()
        )

    def _variables(self):
        network, optimizer = self._network, self._optimizer
        return network.trainable_variables, network.non_trainable_variables, optimizer.variables


_STEPS = {"tensorflow": _TensorFlowSteps, "jax": _JaxSteps}


def _fill_tensorflow(arrays, shape, dtype):
    import tensorflow as tf

    filled, first = tf.Variable(tf.zeros(shape, dtype)), 0
    for array in arrays:
        filled[first : first + len(array)].assign(np.asarray(array))
        first += len(array)
    return filled.read_value()


def _fill_jax(arrays, shape, dtype):
    import jax

    @functools.partial(jax.jit, donate_argnums=0)
    def write(filled, block, first):
        return jax.lax.dynamic_update_slice(filled, block, (first, 0))

    filled, first = jax.numpy.zeros(shape, dtype), 0
    for array in arrays:
        filled = write(filled, np.asarray(array), first)
        first += len(array)
    return filled
