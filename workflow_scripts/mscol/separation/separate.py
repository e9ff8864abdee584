"""Separation of waveforms: equal lengths in batches, long waveforms in chunks, both limited by memory."""

import logging
import math

import numpy as np
import torch

from mscol.errors import AudioError
from mscol.io import audio
from mscol.separation import STEMS
from mscol.separation.memory import HostCopy, is_out_of_memory
from mscol.separation.wiener import filter_sources
from mscol.separation.writing import check_finite

# Least context on either side of a chunk, because the networks are recurrent (docs/benchmarks.md)
_CONTEXT_SECONDS = 6


class BatchSeparator:
    """A separator with a limit on how much audio it separates at once.

    Parameters
    ----------
    separator : openunmix.model.Separator
        From `separator.load_separator`.
    batch_seconds : float
        Seconds of audio separated at once. Longer audio is separated in overlapping chunks. When memory
        runs out, the value is halved for the rest of the job.
    """

    def __init__(self, separator, batch_seconds):
        self.separator, self.batch_seconds = separator, batch_seconds

    @property
    def on_gpu(self):
        """Return whether the separator is on a GPU."""
        return self.separator.sample_rate.is_cuda

    def separate(self, mixtures):
        """Separate mixtures of equal length.

        Parameters
        ----------
        mixtures : torch.Tensor, shape=(n_clips, 1 or 2, n_samples)
            At 44.1 kHz. One channel stands for two equal ones.

        Returns
        -------
        list of HostCopy, shape=(4, channels, n_samples)
            The stems of each clip, in the order of `STEMS`. Stems of a mono mixture are the mean of both channels.

        Raises
        ------
        AudioError
            If even the shortest chunks do not fit into memory.
        """
        while True:
            try:
                return self._attempt(mixtures)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                self._take_less(error)

    @torch.inference_mode()
    def _attempt(self, mixtures):
        seconds = mixtures.shape[-1] / audio.SEPARATION_RATE
        if seconds > self.batch_seconds:
            frames = self.batch_seconds * audio.SEPARATION_RATE / self.separator.stft.n_hop
            return [HostCopy(separate_in_chunks(self.separator, mixture, frames)) for mixture in mixtures]
        parts = mixtures.split(max(1, int(self.batch_seconds // seconds)))
        return [stems for part in parts for stems in separate_batch(self.separator, part)]

    def _take_less(self, error):
        shortest = chunk_windows(self.separator, 0) * window_samples(self.separator) / audio.SEPARATION_RATE
        if self.batch_seconds < shortest:
            reason = str(error).strip().splitlines()[0]
            raise AudioError(f"not enough memory for chunks of {shortest:.0f} s ({reason})") from error
        self.batch_seconds /= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        logging.warning(
            "Out of memory: from now on, %.0f s of audio are separated at once.", self.batch_seconds
        )


def separate(separator, waveform):
    """Separate one waveform.

    Parameters
    ----------
    separator : openunmix.model.Separator
        From `load_separator`.
    waveform : np.ndarray, shape=(n_samples, 1 or 2), float32
        At 44.1 kHz.

    Returns
    -------
    dict of str to np.ndarray, shape as given, float32
        The stems by name, in the order of `STEMS`. Two equal channels are separated as one and get equal stems.

    Raises
    ------
    AudioError
        If a stem contains samples that are not finite.
    """
    mixture = torch.from_numpy(np.ascontiguousarray(audio.one_channel_of_equal(waveform).T))
    with torch.inference_mode():
        stems = separate_batch(separator, mixture[None])[0].wait().numpy()
    separated = {
        stem: np.repeat(samples.T, waveform.shape[1] // len(samples), axis=1)
        for stem, samples in zip(STEMS, stems, strict=True)
    }
    check_finite(separated)
    return separated


def separate_batch(separator, mixtures):
    """Separate mixtures of equal length at once.

    The package's networks process all clips together; the filter processes one clip after another.

    Parameters
    ----------
    separator : openunmix.model.Separator
    mixtures : torch.Tensor, shape=(n_clips, 1 or 2, n_samples)

    Returns
    -------
    list of HostCopy, shape=(4, channels, n_samples)
        The stems of each clip.
    """
    mixtures = mixtures.to(separator.sample_rate.device, non_blocking=True)
    spectra = torch.view_as_complex(separator.stft(mixtures))
    magnitudes = spectra.abs()
    if separator.complexnorm.mono:
        magnitudes = magnitudes.mean(dim=1, keepdim=True)
    else:
        magnitudes = magnitudes.expand(-1, 2, -1, -1)
    estimates = [network(magnitudes) for network in separator.target_models.values()]
    return [
        HostCopy(
            _filter_and_invert(
                separator, [estimate[number] for estimate in estimates], spectrum, mixtures.shape[-1]
            )
        )
        for number, spectrum in enumerate(spectra)
    ]


def separate_in_chunks(separator, mixture, frames):
    """Separate a long mixture in overlapping chunks.

    A chunk begins at a window of the Wiener filter, so the filter sees the same windows as in the whole mixture. Only the
    networks see less context. The context on either side is discarded, except for a quarter of a
    window, in which neighbouring chunks are cross-faded.

    Parameters
    ----------
    separator : openunmix.model.Separator
    mixture : torch.Tensor, shape=(1 or 2, n_samples)
    frames : float
        Maximum frames of a chunk with its context; a chunk holds at least the context and one window.

    Returns
    -------
    torch.Tensor, shape=(4, channels, n_samples)
        On the CPU.
    """
    window = window_samples(separator)
    n_samples = mixture.shape[-1]
    margin = context_windows(separator) * window
    core = (chunk_windows(separator, frames) - 2 * context_windows(separator)) * window
    fade = window // 4
    stems = torch.zeros(len(STEMS), len(mixture), n_samples)
    for start in range(0, n_samples, core):
        first, last = max(0, start - margin), min(n_samples, start + core + margin)
        chunk = separate_batch(separator, mixture[None, :, first:last])[0].wait()
        weights = _trapezium(torch.arange(first, last), start, start + core, fade, n_samples)
        stems[..., first:last] += weights * chunk
    return stems


def chunk_windows(separator, frames):
    """Return how many windows of the Wiener filter fit a chunk of this many frames, context included."""
    return max(int(frames // separator.wiener_win_len), 2 * context_windows(separator) + 1)


def context_windows(separator):
    """Return how many windows of context a chunk has on either side: two for the published networks.

    Neighbouring chunks are cross-faded in the first one. Only the second one touches the chunk's end, where frames
    differ from those of the whole mixture.
    """
    return max(2, math.ceil(_CONTEXT_SECONDS * audio.SEPARATION_RATE / window_samples(separator)))


def window_samples(separator):
    """Return the number of samples that a window of the Wiener filter spans."""
    return separator.wiener_win_len * separator.stft.n_hop


def _filter_and_invert(separator, magnitudes, spectrum, n_samples):
    sources = filter_sources(magnitudes, spectrum, separator.niter, separator.wiener_win_len)
    return separator.istft(torch.view_as_real(sources), length=n_samples)


def _trapezium(samples, start, end, fade, n_samples):
    """Compute weights that rise around the start of a chunk and fall around its end; neighbours' weights add up to 1."""
    rising = (samples - start + fade) / (2 * fade) if start > 0 else torch.ones(len(samples))
    falling = (end + fade - samples) / (2 * fade) if end < n_samples else torch.ones(len(samples))
    return torch.minimum(rising, falling).clamp(0, 1)
