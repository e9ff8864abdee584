"""The stems of a shard's clips, written while others are separated: what all separators have in common.

A separator is a module with two functions, `shard` that of Open-Unmix and `functions` that of a function of the user's:
``open_separator(**settings)`` returns what turns a waveform into a dict of stems, and ``separate_shard`` separates the files of a
shard. Nothing here needs a training framework.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from mscol.datasets.listed import require_all
from mscol.errors import AudioError, SeparationError
from mscol.io import audio
from mscol.io.atomic import atomic_path
from mscol.jobs.logs import Progress
from mscol.separation.clips import clips_with_stems, inside, reject, require_one_crop

_WRITERS = 4  # a GPU makes 0.7 GB of stems a second, and a thread writes as much at best
_MOST_WAITING_BYTES = 2**30  # of stems that wait to be written, those of the batch on the GPU among them


class Clip(NamedTuple):
    """A clip of the manifest: its place in it, ``id`` and ``path``."""

    place: int
    id: str
    path: str


class Stems(NamedTuple):
    """The stems of a clip, which may still be on their way.

    Attributes
    ----------
    nbytes : int
    wait : callable
        Returns them by name once they are there: arrays of shape (n_samples, channels).
    """

    nbytes: int
    wait: Callable


def write_stems(separate, clips, audio_folder, stems_folder, rejected, separator, rejected_before=None):
    """Separate the clips of a shard into ``{id}/{stem}.wav``, 44.1 kHz float.

    Parameters
    ----------
    separate : callable
        Of clips by the shape of their waveforms, (n_samples, channels) -> list of `Clip`; yields each clip with its `Stems`, or with
        the `AudioError` that it met. Not called for a shard without clips.
    clips : str or os.PathLike
        The shard's manifest.
    audio_folder : str or os.PathLike
        From `conversion.convert_shard`. Clips that are not in it were rejected there and are passed over.
    stems_folder, rejected : str or os.PathLike
        The folder and the csv to be made.
    separator : str
        What it is called in an error.
    rejected_before : list of (str or os.PathLike), optional
        What conversion rejected. If given, a clip that is neither there nor rejected is an error.

    Raises
    ------
    SeparationError
        If not one clip of several can be separated; and if a file goes meanwhile.
    CacheError
        If a clip is missing.
    """
    if rejected_before is not None:
        require_all(audio_folder, "{}.wav", clips, rejected_before)
    groups, failed = _groups(clips_with_stems(clips), audio_folder)
    n_clips = len(failed) + sum(len(group) for group in groups.values())
    progress = Progress("clips", n_clips)
    logging.info("Separating %d clips.", n_clips)
    with atomic_path(stems_folder) as folder, ThreadPoolExecutor(_WRITERS) as writers:
        folder.mkdir()
        writing, waiting_bytes = deque(), 0
        for clip, stems in separate(groups) if groups else ():
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
                f"{separator}: none of {n_clips} clips could be separated; the first: {failures[0]['reason']}"
            )
        reject(rejected, failures)
    logging.info("%d clips done, %d left out.", n_clips - len(failures), len(failures))


def read_wav(clip, audio_folder, shape):
    """Read the wav of a clip.

    Parameters
    ----------
    clip : Clip
    audio_folder : str or os.PathLike
    shape : tuple of int
        What its header says.

    Returns
    -------
    np.ndarray, shape as given, float32
        At 44.1 kHz.

    Raises
    ------
    AudioError
        If it cannot be read, or is not what its header says.
    SeparationError
        If it is not there any more.
    """
    path = inside(audio_folder, f"{clip.id}.wav")
    try:
        waveform, rate = audio.decode(path)
    except AudioError as error:
        if not path.is_file():  # it was there a moment ago
            raise SeparationError(
                f"{path}: went while its shard was separated; does another run work here, too? Run again when none does"
            ) from error
        raise
    if rate != audio.SEPARATION_RATE:
        raise AudioError(f"{path}: {rate} Hz, expected {audio.SEPARATION_RATE}; resample it first")
    if waveform.shape != shape:
        raise AudioError(f"{path}: holds {len(waveform)} samples, but its header says {shape[0]}")
    return waveform


def check_finite(stems):
    """Raise `AudioError` where a stem, of a dict by name, has samples that are not finite."""
    for stem, samples in stems.items():
        if not np.isfinite(samples).all():
            raise AudioError(f"its separated {stem} has samples that are not finite; leave the clip out")


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


def _write(stems, folder):
    """Write the stems of a clip once all of them are there; return the `AudioError` where they are not finite."""
    stems = stems.wait()
    try:
        check_finite(stems)
    except AudioError as error:
        return error
    folder.mkdir(parents=True, exist_ok=True)
    for stem, samples in stems.items():
        audio.write_wav(folder / f"{stem}.wav", samples, audio.SEPARATION_RATE)
    return None


def _finish(writing, failed):
    """Wait until the first clip of a queue is written, or failed; return its bytes."""
    clip, written, n_bytes = writing.popleft()
    error = written.result()
    if error is not None:
        failed.append((clip, error))
    return n_bytes
