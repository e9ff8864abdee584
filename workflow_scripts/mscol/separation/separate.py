"""Separation of waveforms: many of equal length at once, a long one in chunks, and as much at a time as memory holds."""

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

# On either side of a chunk, at least: what the networks' memory needs (docs/benchmarks.md)
_CONTEXT_SECONDS = 6


class BatchSeparator:
    """A separator, and how much audio it separates at a time.

    Parameters
    ----------
    separator : openunmix.model.Separator
        From `separator.load_separator`.
    batch_seconds : float
        Seconds of audio that are separated at once. What is longer is separated in overlapping chunks. When memory
        runs out it is halved, and stays so.
    """

    def __init__(self, separator, batch_seconds):
        self.separator, self.batch_seconds = separator, batch_seconds

    @property
    def on_gpu(self):
        """Whether the separator is on a GPU."""
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
            Of each clip the stems, in the order of `STEMS`. Those of a mono mixture are the mean of both channels.

        Raises
        ------
        AudioError
            If memory does not suffice for the shortest chunks.
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
            raise AudioError(f"memory does not suffice for chunks of {shortest:.0f} s ({reason})") from error
        self.batch_seconds /= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        logging.warning(
            "Memory ran out: from now on %.0f s of audio are separated at once.", self.batch_seconds
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
        The stems by name, in the order of `STEMS`. Two equal channels are separated as one, and have equal stems.

    Raises
    ------
    AudioError
        If a stem comes out with samples that are not finite.
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

    The networks are the package's own, and see all clips together; the filter takes one after another.

    Parameters
    ----------
    separator : openunmix.model.Separator
    mixtures : torch.Tensor, shape=(n_clips, 1 or 2, n_samples)

    Returns
    -------
    list of HostCopy, shape=(4, channels, n_samples)
        Of each clip the stems.
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

    A chunk begins where a window of the Wiener filter does, so that the filter sees the same windows as in the whole; only the
    networks know less of what lies further away. The context on either side is thrown away, but for a quarter of a
    window, in which neighbours are blended.

    Parameters
    ----------
    separator : openunmix.model.Separator
    mixture : torch.Tensor, shape=(1 or 2, n_samples)
    frames : float
        Frames of a chunk with its context, at most (but context and one window at least).

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
    """How many windows of the Wiener filter a chunk of so many frames holds, context included."""
    return max(int(frames // separator.wiener_win_len), 2 * context_windows(separator) + 1)


def context_windows(separator):
    """How many windows of context a chunk has on either side: two, for the published networks.

    Neighbours are blended in the first; the second alone touches the chunk's end, where frames are not those of the whole.
    """
    return max(2, math.ceil(_CONTEXT_SECONDS * audio.SEPARATION_RATE / window_samples(separator)))


def window_samples(separator):
    """How many samples a window of the Wiener filter steps over."""
    return separator.wiener_win_len * separator.stft.n_hop


def _filter_and_invert(separator, magnitudes, spectrum, n_samples):
    sources = filter_sources(magnitudes, spectrum, separator.niter, separator.wiener_win_len)
    return separator.istft(torch.view_as_real(sources), length=n_samples)


def _trapezium(samples, start, end, fade, n_samples):
    """Weights that rise around the start of a chunk and fall around its end, and with its neighbours' add up to 1."""
    rising = (samples - start + fade) / (2 * fade) if start > 0 else torch.ones(len(samples))
    falling = (end + fade - samples) / (2 * fade) if end < n_samples else torch.ones(len(samples))
    return torch.minimum(rising, falling).clamp(0, 1)
