"""Compiled updates for each backend of Keras.

`SourceAssociation` does the arithmetic with ``keras.ops``. This module defines how each backend compiles it
and where it keeps the state. Losses are returned as scalars on the device, so nothing waits
for them: the next minibatch is transferred while an update computes.
"""

import functools

import keras
import numpy as np

from mscol.mels import CROP_FRAMES
from mscol.model.runtime import runs_on_gpu_by_jax

# Lets XLA launch hundreds of kernels at once, including library kernels; its default excludes convolutions.
_GPU_OPTIONS = {"xla_gpu_enable_command_buffer": "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,CONVOLUTION"}


def compile_steps(network, optimizer, xla=False, mesh=None):
    """Compile the update and the evaluation of a network.

    Parameters
    ----------
    network : SourceAssociation
    optimizer : keras.optimizers.Optimizer
    xla : bool
        Compile TensorFlow's graph with XLA; JAX always does.
    mesh : jax.sharding.Mesh, optional
        Several JAX devices, each of which computes a part of each minibatch (`mscol.model.sharding`).

    Returns
    -------
    object
        Has ``update(batch)`` and ``evaluate(batch)``, each returning loss and accuracy as scalars on the
        device; ``sync()``, which brings the variables of network and optimizer up to date; and ``load()``, which
        reads the state from the variables.

    Raises
    ------
    NotImplementedError
        If the backend is neither TensorFlow nor JAX.
    """
    # Before anything is traced: a traced step must not create variables.
    network.build()
    optimizer.build(network.trainable_variables)
    backend = keras.backend.backend()
    if backend not in _STEPS:
        raise NotImplementedError(
            f"backend {backend}: not supported. Set KERAS_BACKEND to one of {', '.join(_STEPS)}."
        )
    return _STEPS[backend](network, optimizer, xla, mesh)


def bring_to_device(batch, mesh=None):
    """Start the transfer of an array, or a dict of arrays, to the device without waiting for it.

    With a mesh, the dict is a minibatch, and each device gets its part. TensorFlow transfers arrays itself when an update needs
    them; JAX would block the update meanwhile.
    """
    if keras.backend.backend() != "jax":
        return batch
    import jax

    if mesh:
        from mscol.model.sharding import spread

        return spread(batch, mesh)
    return jax.device_put(batch)


def load_on_device(arrays, mesh=None):
    """Load arrays into the device's memory, concatenated, one block at a time.

    With a mesh, each device gets all of them: crops are drawn from everywhere, and devices would have to exchange them.

    Parameters
    ----------
    arrays : sequence of np.ndarray or RowReader, shape=(n_frames, n_bands)
        At most one of them is in host memory at a time.

    Returns
    -------
    tensor, shape=(frames of all arrays, n_bands), of their dtype
    """
    arrays = list(arrays)
    shape = (sum(map(len, arrays)), arrays[0].shape[1])
    fill = {"tensorflow": _fill_tensorflow, "jax": _fill_jax}[keras.backend.backend()]
    return fill(arrays, shape, arrays[0].dtype, mesh)


def cut_crops(frames, first_frames):
    """Cut crops out of log-mels in the device's memory.

    This is a program of its own, so that the large programs of `compile_steps` do not depend on the size of the dataset or
    the number of sources: models of one encoder share them (`mscol.jobs.compiled`).

    Parameters
    ----------
    frames : tensor, shape=(n_frames, n_bands)
        From `load_on_device`.
    first_frames : tensor, shape=(n_crops,), int32

    Returns
    -------
    tensor, shape=(n_crops, 98, n_bands, 1), float32
    """
    return (_compiled_by_jax(_cut) if keras.backend.backend() == "jax" else _cut)(frames, first_frames)


def _cut(frames, first_frames):
    places = first_frames[:, None] + keras.ops.arange(CROP_FRAMES, dtype="int32")[None, :]
    return keras.ops.cast(keras.ops.take(frames, places, axis=0), "float32")[..., None]


@functools.cache
def _compiled_by_jax(function):
    import jax

    return jax.jit(function)


class _TensorFlowSteps:
    def __init__(self, network, optimizer, xla, mesh):
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
        """Do nothing: TensorFlow's updates write to the variables directly."""

    load = sync


class _JaxSteps:
    def __init__(self, network, optimizer, xla, mesh):
        import jax

        from mscol.model.sharding import average, on_parts

        self._network, self._optimizer, self._mesh = network, optimizer, mesh
        self.load()

        def differentiate(trainable, others, batch, axis=None):
            def losses(trainable):
                (loss, accuracy), moved = network.stateless_call(
                    trainable, others, batch, training=True, axis=axis
                )
                return loss, (accuracy, moved)

            (loss, (accuracy, moved)), gradients = jax.value_and_grad(losses, has_aux=True)(trainable)
            return average(((loss, accuracy), gradients), axis), moved

        def measure(trainable, others, batch, axis=None):
            losses, _ = network.stateless_call(trainable, others, batch, training=False, axis=axis)
            return average(losses, axis)

        # The new state reuses the memory of the old one.
        @functools.partial(
            jax.jit, donate_argnums=0, compiler_options=_GPU_OPTIONS if runs_on_gpu_by_jax() else None
        )
        def update(state, batch):
            trainable, others, slots = state
            (losses, gradients), others = on_parts(differentiate, mesh)(trainable, others, batch)
            trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
            return (trainable, others, slots), losses

        @jax.jit
        def evaluate(state, batch):
            return on_parts(measure, mesh)(*state[:2], batch)

        self._update, self._evaluate = update, evaluate

    def update(self, batch):
        self._state, losses = self._update(self._state, batch)
        return losses

    def evaluate(self, batch):
        return self._evaluate(self._state, batch)

    def sync(self):
        """Write the state to the variables, which are on the first device."""
        for variables, values in zip(self._variables(), self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value.addressable_data(0) if self._mesh else value)
        self.load()

    def load(self):
        """Read the state from the variables."""
        # Copies, because the first update reuses the memory of its state.
        state = tuple([variable.value.copy() for variable in variables] for variables in self._variables())
        if self._mesh:
            from mscol.model.sharding import copy_to_all

            state = copy_to_all(state, self._mesh)
        self._state = state

    def _variables(self):
        network, optimizer = self._network, self._optimizer
        return network.trainable_variables, network.non_trainable_variables, optimizer.variables


_STEPS = {"tensorflow": _TensorFlowSteps, "jax": _JaxSteps}


def _fill_tensorflow(arrays, shape, dtype, mesh):
    import tensorflow as tf

    filled, first = tf.Variable(tf.zeros(shape, dtype)), 0
    for array in arrays:
        filled[first : first + len(array)].assign(np.asarray(array))
        first += len(array)
    return filled.read_value()


def _fill_jax(arrays, shape, dtype, mesh):
    import jax

    from mscol.model.sharding import everywhere

    @functools.partial(jax.jit, donate_argnums=0, out_shardings=everywhere(mesh))
    def write(filled, block, first):
        return jax.lax.dynamic_update_slice(filled, block, (first, 0))

    filled, first = jax.numpy.zeros(shape, dtype, device=everywhere(mesh)), 0
    for array in arrays:
        # One block at a time: blocks sent ahead would also take memory.
        filled = write(filled, np.asarray(array), first).block_until_ready()
        first += len(array)
    return filled
