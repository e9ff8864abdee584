"""Separation of a shard: one warm process reads, separates and writes at the same time."""

import logging
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import torch

from mscol.datasets.listed import require_all
from mscol.errors import AudioError, SeparationError
from mscol.io import audio
from mscol.io.atomic import atomic_path
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.separation import STEMS
from mscol.separation.clips import clips_with_stems, inside, reject, require_one_crop
from mscol.separation.memory import choose_batch_seconds
from mscol.separation.separate import BatchSeparator, check_finite
from mscol.separation.separator import load_separator

_WRITERS = 4  # a GPU makes 0.7 GB of stems a second, and a thread writes as much at best
_MOST_WAITING_BYTES = 2**30  # of stems that wait to be written, those of the batch on the GPU among them


class Clip(NamedTuple):
    """A clip of the manifest: its place in it, ``id`` and ``path``."""

    place: int
    id: str
    path: str


def separate_shard(
    clips,
    audio_folder,
    stems_folder,
    rejected,
    model,
    n_iterations=1,
    device="auto",
    threads=1,
    batch_seconds="auto",
    rejected_before=None,
):
    """Separate the clips of a shard into ``{id}/{stem}.wav``, 44.1 kHz float, mono where the mixture is.

    The model is loaded once, and not at all for a shard without clips. Clips of equal length are separated together,
    while those before are written and those after are read. Two runs with as many threads give the same samples.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's manifest.
    audio_folder : str or os.PathLike
        From `conversion.convert_shard`. Clips that are not in it were rejected there and are passed over.
    stems_folder, rejected : str or os.PathLike
        The folder and the csv to be made.
    model, n_iterations, device
        As in `load_separator`.
    threads : int
        Threads of torch.
    batch_seconds : float or str
        Seconds of audio that are separated at once, or ``auto`` (`choose_batch_seconds`, `BatchSeparator`).
    rejected_before : list of (str or os.PathLike), optional
        What conversion rejected. If given, a clip that is neither there nor rejected is an error.

    Raises
    ------
    SeparationError
        As `load_separator`; if not one clip of several can be separated; and if a file goes meanwhile.
    CacheError
        If a clip is missing.
    """
    if rejected_before is not None:
        require_all(audio_folder, "{}.wav", clips, rejected_before)
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # squares of what is next to silent take a hundred times as long otherwise
    groups, failed = _groups(clips_with_stems(clips), audio_folder)
    n_clips = len(failed) + sum(len(group) for group in groups.values())
    separator = load_separator(model, n_iterations, device) if groups else None
    separators = {
        channels: BatchSeparator(separator, choose_batch_seconds(batch_seconds, separator, channels))
        for channels in {shape[1] for shape in groups}
    }
    progress = Progress("clips", n_clips)
    logging.info("Separating %d clips.", n_clips)
    with atomic_path(stems_folder) as folder, ThreadPoolExecutor(_WRITERS) as writers:
        folder.mkdir()
        writing, waiting_bytes = deque(), 0
        for clip, stems in _separated(separators, groups, audio_folder):
            progress.step()
            if isinstance(stems, AudioError):
                failed.append((clip, stems))
                continue
            writing.append((clip, writers.submit(_write, stems, inside(folder, clip.id)), stems.nbytes))
            waiting_bytes += stems.nbytes
            while waiting_bytes > _MOST_WAITING_BYTES:
                waiting_bytes -= _finish(writing, failed)
        while writing:
            _finish(writing, failed)
        failures = [
            {"id": clip.id, "path": clip.path, "reason": str(error).removeprefix(f"{clip.path}: ")}
            for clip, error in sorted(failed, key=lambda failure: failure[0].place)
        ]
        for failure in failures:
            logging.warning("%s is left out: %s", failure["id"], failure["reason"])
        if n_clips > 1 and len(failures) == n_clips:
            raise SeparationError(
                f"{model}: none of {n_clips} clips could be separated; the first: {failures[0]['reason']}"
            )
        reject(rejected, failures)
    logging.info("%d clips done, %d left out.", n_clips - len(failures), len(failures))


def _separated(separators, groups, audio_folder):
    """Yield each clip with its stems, a `HostCopy`, or with the `AudioError` that it met. Separators: by number of channels."""
    batches = []
    for shape, group in groups.items():
        seconds = separators[shape[1]].batch_seconds
        size = max(1, int(seconds * audio.SEPARATION_RATE // shape[0]))
        batches += [(shape, group[start : start + size]) for start in range(0, len(group), size)]
    on_gpu = any(separator.on_gpu for separator in separators.values())
    # While a batch is separated, one is read ahead.
    for clips, mixtures, failed in ordered_map(
        lambda batch: _read(*batch, audio_folder, on_gpu), batches, workers=1, held=2
    ):
        yield from failed
        if clips:
            yield from _separate_or_reject(separators[mixtures.shape[1]], clips, mixtures)


def _groups(clips, audio_folder):
    """Group clips of equal shape: return clips by shape, and (clip, error) of those that cannot be used."""
    groups, unusable = defaultdict(list), []
    for row in clips.itertuples():
        clip = Clip(row.Index, row.id, row.path)
        try:
            path = inside(audio_folder, f"{clip.id}.wav")
            if not path.is_file():
                continue  # rejected when it was converted
            about = audio.read_header(path)
            require_one_crop(about.frames, audio.SEPARATION_RATE, path)
            if about.channels > 2:
                raise AudioError(f"{path}: {about.channels} channels, expected one or two")
            groups[about.frames, about.channels].append(clip)
        except AudioError as error:
            unusable.append((clip, error))
    return groups, unusable


def _read(shape, clips, audio_folder, page_locked):
    """Read a batch: return clips, their waveforms (n_clips, channels, n_samples), and (clip, error) of those that cannot be read."""
    read, waveforms, failed = [], [], []
    for clip in clips:
        path = inside(audio_folder, f"{clip.id}.wav")
        try:
            waveform, rate = audio.decode(path)
            if rate != audio.SEPARATION_RATE:
                raise AudioError(f"{path}: {rate} Hz, expected {audio.SEPARATION_RATE}; resample it first")
            if waveform.shape != shape:
                raise AudioError(f"{path}: holds {len(waveform)} samples, but its header says {shape[0]}")
            read.append(clip)
            waveforms.append(torch.from_numpy(waveform.T))
        except AudioError as error:
            if not path.is_file():  # it was there a moment ago
                raise SeparationError(
                    f"{path}: went while its shard was separated; does another run work here, too? Run again when none does"
                ) from error
            failed.append((clip, error))
    mixtures = torch.stack(waveforms) if waveforms else None
    return read, mixtures.pin_memory() if page_locked and waveforms else mixtures, failed


def _separate_or_reject(separator, clips, mixtures):
    """Separate a batch; where that fails, each clip by itself."""
    try:
        stems = separator.separate(mixtures)
    except torch.AcceleratorError:
        raise  # the GPU is in no state to separate the next clip
    except (AudioError, MemoryError, RuntimeError) as error:
        if len(clips) > 1:
            for clip, mixture in zip(clips, mixtures, strict=True):
                yield from _separate_or_reject(separator, [clip], mixture[None])
            return
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        seconds = mixtures.shape[-1] / audio.SEPARATION_RATE
        yield clips[0], AudioError(f"{seconds:.0f} s of audio cannot be separated ({reason}); leave it out")
        return
    yield from zip(clips, stems, strict=True)


def _write(stems, folder):
    """Write the stems of a clip once all of them are there; return the `AudioError` where they are not finite."""
    stems = stems.wait().numpy()
    try:
        check_finite(stems)
    except AudioError as error:
        return error
    folder.mkdir(parents=True, exist_ok=True)
    for stem, samples in zip(STEMS, stems, strict=True):
        audio.write_wav(folder / f"{stem}.wav", samples.T, audio.SEPARATION_RATE)
    return None


def _finish(writing, failed):
    """Wait until the first clip of a queue is written, or failed; return its bytes."""
    clip, written, n_bytes = writing.popleft()
    error = written.result()
    if error is not None:
        failed.append((clip, error))
    return n_bytes
