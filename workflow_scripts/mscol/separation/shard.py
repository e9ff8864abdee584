"""Separation of a shard: one warm process reads, separates and writes at the same time."""

import logging
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from mscol.datasets.listed import require_all
from mscol.errors import AudioError, SeparationError
from mscol.io import audio
from mscol.io.atomic import atomic_path
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.separation import STEMS
from mscol.separation.clips import clips_with_stems, inside, reject, require_one_crop
from mscol.separation.separate import BatchSeparator, check_finite
from mscol.separation.separator import load_separator

_WRITERS = 2
_MOST_WAITING_BYTES = 2**29  # of stems that wait to be written


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
    batch_seconds=240,
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
    batch_seconds : float
        Seconds of audio that are separated at once (`BatchSeparator`).
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
    batches, failed = _batches(clips_with_stems(clips), audio_folder, batch_seconds)
    n_clips = len(failed) + sum(len(batch) for _, batch in batches)
    separator = load_separator(model, n_iterations, device) if batches else None
    progress = Progress("clips", n_clips)
    logging.info("Separating %d clips.", n_clips)
    with atomic_path(stems_folder) as folder, ThreadPoolExecutor(_WRITERS) as writers:
        folder.mkdir()
        writing, waiting_bytes = deque(), 0
        for clip, stems in _separated(BatchSeparator(separator, batch_seconds), batches, audio_folder):
            progress.step()
            if isinstance(stems, AudioError):
                failed.append((clip, stems))
                continue
            writing.append((writers.submit(_write, stems, inside(folder, clip.id)), stems.nbytes))
            waiting_bytes += stems.nbytes
            while waiting_bytes > _MOST_WAITING_BYTES:
                written, n_bytes = writing.popleft()
                written.result()
                waiting_bytes -= n_bytes
        for written, _ in writing:
            written.result()
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


def _separated(separator, batches, audio_folder):
    """Yield each clip with its stems, shape (4, channels, n_samples), or with the `AudioError` that it met."""
    for batch in ordered_map(lambda batch: _read(*batch, audio_folder), batches, workers=1):
        waveforms = [(clip, x) for clip, x in batch if not isinstance(x, AudioError)]
        yield from ((clip, x) for clip, x in batch if isinstance(x, AudioError))
        if waveforms:
            yield from _separate_or_reject(separator, waveforms)


def _batches(clips, audio_folder, batch_seconds):
    """Group clips of equal shape: return batches (shape, clips), and (clip, error) of those that cannot be used."""
    groups, unusable = defaultdict(list), []
    for row in clips.itertuples():
        clip = Clip(row.Index, row.id, row.path)
        try:
            path = inside(audio_folder, f"{clip.id}.wav")
            if not path.is_file():
                continue  # rejected when it was converted
            shape = audio.read_shape(path)
            require_one_crop(shape[0], audio.SEPARATION_RATE, path)
            if shape[1] > 2:
                raise AudioError(f"{path}: {shape[1]} channels, expected one or two")
            groups[shape].append(clip)
        except AudioError as error:
            unusable.append((clip, error))
    batches = []
    for shape, group in groups.items():
        size = max(1, int(batch_seconds * audio.SEPARATION_RATE // shape[0]))
        batches += [(shape, group[start : start + size]) for start in range(0, len(group), size)]
    return batches, unusable


def _read(shape, clips, audio_folder):
    """Read a batch: each clip with its waveform, shape (channels, n_samples), or the `AudioError` that it met."""
    read = []
    for clip in clips:
        path = inside(audio_folder, f"{clip.id}.wav")
        try:
            waveform, rate = audio.decode(path)
            if rate != audio.SEPARATION_RATE:
                raise AudioError(f"{path}: {rate} Hz, expected {audio.SEPARATION_RATE}; resample it first")
            if waveform.shape != shape:
                raise AudioError(f"{path}: holds {len(waveform)} samples, but its header says {shape[0]}")
            read.append((clip, waveform.T))
        except AudioError as error:
            if not path.is_file():  # it was there a moment ago
                raise SeparationError(
                    f"{path}: went while its shard was separated; does another run work here, too? Run again when none does"
                ) from error
            read.append((clip, error))
    return read


def _separate_or_reject(separator, batch):
    """Separate a batch; where that fails, each clip by itself."""
    try:
        stems = separator.separate(torch.from_numpy(np.stack([waveform for _, waveform in batch]))).numpy()
    except torch.AcceleratorError:
        raise  # the GPU is in no state to separate the next clip
    except (AudioError, MemoryError, RuntimeError) as error:
        if len(batch) > 1:
            for one in batch:
                yield from _separate_or_reject(separator, [one])
            return
        clip, waveform = batch[0]
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        seconds = waveform.shape[-1] / audio.SEPARATION_RATE
        yield clip, AudioError(f"{seconds:.0f} s of audio cannot be separated ({reason}); leave it out")
        return
    for (clip, _), of_clip in zip(batch, stems, strict=True):
        try:
            check_finite(of_clip)
            yield clip, of_clip
        except AudioError as error:
            yield clip, error


def _write(stems, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for stem, samples in zip(STEMS, stems, strict=True):
        audio.write_wav(folder / f"{stem}.wav", samples.T, audio.SEPARATION_RATE)
