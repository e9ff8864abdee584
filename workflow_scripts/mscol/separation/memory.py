"""Memory of a GPU and of its host: how much audio fits, and how stems leave the device without stopping it."""

import logging

import torch

CPU_BATCH_SECONDS = 240
# Of one channel. More was not measured; and stems of two such batches lie in the host's memory at a time (1.4 GB).
_MOST_GPU_SECONDS = 960
_LEAST_GPU_SECONDS = 30
# What a second of audio took on an H200, by hidden size: mono, stereo (docs/benchmarks.md)
_GPU_BYTES = {512: (6.3e6, 7.6e6), 1024: (7.2e6, 7.6e6)}
_SHARE_OF_FREE = 0.8  # cuDNN's scratch memory differs between cards


class HostCopy:
    """A copy of a tensor in the CPU's memory; from a GPU it may still be under way.

    The GPU writes to page-locked memory by itself, so that this process can launch what comes next meanwhile. A tensor that is on the
    CPU is taken as it is.

    Parameters
    ----------
    tensor : torch.Tensor
    """

    def __init__(self, tensor):
        self._copy, self._copied = tensor, None
        if tensor.is_cuda:
            self._copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._copy.copy_(tensor, non_blocking=True)
            self._copied = torch.cuda.Event(blocking=True)  # whoever waits for it leaves its core to others
            self._copied.record()

    @property
    def nbytes(self):
        """Bytes of the copy."""
        return self._copy.nbytes

    def wait(self):
        """Wait until all of it is there, and return it: a tensor on the CPU."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._copy


def choose_batch_seconds(batch_seconds, separator, channels):
    """Say how many seconds of audio to separate at once.

    Parameters
    ----------
    batch_seconds : float or str
        A number is taken as it is; ``auto`` is as much as the free memory of the separator's GPU holds, and
        `CPU_BATCH_SECONDS` on a CPU.
    separator : openunmix.model.Separator
    channels : int
        Of the audio: 1 or 2.

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
        "%.1f GiB of the GPU's memory are free: %.0f s of audio of %d channels are separated at once.",
        free / 2**30, seconds, channels,
    )  # fmt: skip
    return seconds


def seconds_that_fit(free_bytes, hidden_size, channels):
    """How many seconds of audio to separate at once on a GPU with so much free memory.

    Networks between the measured sizes are taken for the larger one; it is for `BatchSeparator` to take less where that is too much.

    >>> seconds_that_fit(4e9, hidden_size=512, channels=1)
    507.9...
    >>> seconds_that_fit(100e9, hidden_size=512, channels=1)
    960.0
    """
    measured = next((size for size in _GPU_BYTES if size >= hidden_size), max(_GPU_BYTES))
    fitting = _SHARE_OF_FREE * free_bytes / _GPU_BYTES[measured][channels - 1]
    return min(max(fitting, _LEAST_GPU_SECONDS), _MOST_GPU_SECONDS / channels)


def is_out_of_memory(error):
    """Whether torch, on a GPU or a CPU, ran out of memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The last is how oneDNN, which computes layers on some processors, says that its scratch memory was refused.
    signs = ("allocate memory", "not enough memory", "could not create a primitive")
    return any(sign in str(error) for sign in signs)
