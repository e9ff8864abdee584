"""Separate a waveform or a shard with Open-Unmix: one process reads, separates and writes at the same time."""

import functools

import torch

from mscol.errors import AudioError
from mscol.io import audio
from mscol.jobs.parallel import ordered_map
from mscol.separation import STEMS
from mscol.separation.memory import choose_batch_seconds
from mscol.separation.separate import BatchSeparator, separate
from mscol.separation.separator import load_separator
from mscol.separation.writing import Stems, read_wav, write_stems


def open_separator(model, niter=1, device="auto", threads=1):
    """Load a separator for single waveforms.

    Parameters
    ----------
    model, niter, device, threads
        As for `separate_shard`.

    Returns
    -------
    callable
        Takes a waveform, as `mscol.separation.separate.separate` does.
    """
    _prepare(threads)
    return functools.partial(separate, load_separator(model, niter, device))


def separate_shard(
    clips,
    audio_folder,
    stems_folder,
    rejected,
    model,
    niter=1,
    device="auto",
    threads=1,
    batch_seconds="auto",
    rejected_before=None,
):
    """Separate the clips of a shard into ``{id}/{stem}.wav``, 44.1 kHz float, mono if the mixture is mono.

    The model is loaded once, and not at all for a shard without clips. Clips of equal length are separated together,
    while earlier ones are written and later ones are read. Two runs with the same number of threads give the same samples.

    Parameters
    ----------
    clips, audio_folder, stems_folder, rejected, rejected_before
        As for `mscol.separation.writing.write_stems`, which lists its exceptions.
    model, niter, device
        As for `load_separator` (its ``n_iterations``), which lists its exceptions.
    threads : int
        Number of torch's threads.
    batch_seconds : float or str
        Seconds of audio separated at once, or ``auto`` (`choose_batch_seconds`, `BatchSeparator`).
    """
    _prepare(threads)

    def separate_groups(groups):
        separator = load_separator(model, niter, device)
        separators = {
            channels: BatchSeparator(separator, choose_batch_seconds(batch_seconds, separator, channels))
            for channels in {shape[1] for shape in groups}
        }
        return _separated(separators, groups, audio_folder)

    write_stems(separate_groups, clips, audio_folder, stems_folder, rejected, model, rejected_before)


def _prepare(threads):
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # otherwise squaring near-silence takes a hundred times as long


def _separated(separators, groups, audio_folder):
    """Yield each clip with its stems or its `AudioError`; ``separators`` is keyed by number of channels."""
    batches = []
    for shape, group in groups.items():
        seconds = separators[shape[1]].batch_seconds
        size = max(1, int(seconds * audio.SEPARATION_RATE // shape[0]))
        batches += [(shape, group[start : start + size]) for start in range(0, len(group), size)]
    on_gpu = any(separator.on_gpu for separator in separators.values())
    # While one batch is separated, the next one is read.
    for clips, mixtures, failed in ordered_map(
        lambda batch: _read(*batch, audio_folder, on_gpu), batches, workers=1, held=2
    ):
        yield from failed
        if clips:
            yield from _separate_or_reject(separators[mixtures.shape[1]], clips, mixtures)


def _read(shape, clips, audio_folder, page_locked):
    """Read a batch: return clips, their waveforms (n_clips, channels, n_samples), and (clip, error) of unreadable clips."""
    read, waveforms, failed = [], [], []
    for clip in clips:
        try:
            waveforms.append(torch.from_numpy(read_wav(clip, audio_folder, shape).T))
            read.append(clip)
        except AudioError as error:
            failed.append((clip, error))
    mixtures = torch.stack(waveforms) if waveforms else None
    return read, mixtures.pin_memory() if page_locked and waveforms else mixtures, failed


def _separate_or_reject(separator, clips, mixtures):
    """Separate a batch; if that fails, separate each clip on its own."""
    try:
        stems = separator.separate(mixtures)
    except torch.AcceleratorError:
        raise  # after this error the GPU cannot separate further clips
    except (AudioError, MemoryError, RuntimeError) as error:
        if len(clips) > 1:
            for clip, mixture in zip(clips, mixtures, strict=True):
                yield from _separate_or_reject(separator, [clip], mixture[None])
            return
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        seconds = mixtures.shape[-1] / audio.SEPARATION_RATE
        yield clips[0], AudioError(f"cannot separate {seconds:.0f} s of audio ({reason}). Leave it out.")
        return
    for clip, copy in zip(clips, stems, strict=True):
        yield clip, Stems(copy.nbytes, functools.partial(_by_name, copy))


def _by_name(copy):
    """Wait for a `HostCopy` of stems; return them by name, shape (n_samples, channels)."""
    return {stem: samples.T for stem, samples in zip(STEMS, copy.wait().numpy(), strict=True)}
