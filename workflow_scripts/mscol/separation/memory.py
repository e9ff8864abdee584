"""GPU and host memory: how much audio fits, and how to copy stems from the device without blocking it."""

import logging

import torch

CPU_BATCH_SECONDS = 240
# Seconds of one channel. More was not measured, and the host holds the stems of two such batches at once (1.4 GB).
_MOST_GPU_SECONDS = 960
_LEAST_GPU_SECONDS = 30
# Bytes per second of audio on an H200, by hidden size: mono, stereo (docs/benchmarks.md)
_GPU_BYTES = {512: (6.3e6, 7.6e6), 1024: (7.2e6, 7.6e6)}
_SHARE_OF_FREE = 0.8  # cuDNN's scratch memory differs between GPUs


class HostCopy:
    """A copy of a tensor in host memory; a copy from a GPU may still be in progress.

    The GPU writes to page-locked memory asynchronously, so this process can launch the next kernels meanwhile. A tensor on the
    CPU is not copied.

    Parameters
    ----------
    tensor : torch.Tensor
    """

    def __init__(self, tensor):
        self._copy, self._copied = tensor, None
        if tensor.is_cuda:
            self._copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._copy.copy_(tensor, non_blocking=True)
            self._copied = torch.cuda.Event(blocking=True)  # waiting does not occupy a core
            self._copied.record()

    @property
    def nbytes(self):
        """Size of the copy in bytes."""
        return self._copy.nbytes

    def wait(self):
        """Wait until the copy is complete and return it: a tensor on the CPU."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._copy


def choose_batch_seconds(batch_seconds, separator, channels):
    """Return how many seconds of audio to separate at once.

    Parameters
    ----------
    batch_seconds : float or str
        A number is returned unchanged. ``auto`` is as much as fits the free memory of the separator's GPU, or
        `CPU_BATCH_SECONDS` on a CPU.
    separator : openunmix.model.Separator
    channels : int
        Number of audio channels: 1 or 2.

    Returns
    -------
    float
    """
    if batch_seconds != "auto":
        return batch_seconds
    device = separator.sample_rate.device
    if device.type == "cpu":
        return CPU_BATCH_SECONDS
    free, _ = torch.cuda.mem_get_info(device)
    hidden_size = max(network.hidden_size for network in separator.target_models.values())
    seconds = seconds_that_fit(free, hidden_size, channels)
    logging.info(
        "%.1f GiB of GPU memory are free: separating %.0f s of audio of %d channels at once.",
        free / 2**30, seconds, channels,
    )  # fmt: skip
    return seconds


def seconds_that_fit(free_bytes, hidden_size, channels):
    """Return how many seconds of audio to separate at once on a GPU with this much free memory.

    A network between the measured sizes counts as the larger one. If the result is too much, `BatchSeparator` reduces it.

    >>> seconds_that_fit(4e9, hidden_size=512, channels=1)
    507.9...
    >>> seconds_that_fit(100e9, hidden_size=512, channels=1)
    960.0
    """
    measured = next((size for size in _GPU_BYTES if size >= hidden_size), max(_GPU_BYTES))
    fitting = _SHARE_OF_FREE * free_bytes / _GPU_BYTES[measured][channels - 1]
    return min(max(fitting, _LEAST_GPU_SECONDS), _MOST_GPU_SECONDS / channels)


def is_out_of_memory(error):
    """Return whether torch, on a GPU or a CPU, ran out of memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # oneDNN, which computes layers on some processors, reports the last one if it gets no scratch memory.
    signs = ("allocate memory", "not enough memory", "could not create a primitive")
    return any(sign in str(error) for sign in signs)
