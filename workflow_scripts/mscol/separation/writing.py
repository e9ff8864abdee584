"""Write the stems of a shard's clips while others are separated: code that all separators share.

A separator is a module with two functions: ``open_separator(**settings)`` returns a callable from a waveform to a dict of stems, and
``separate_shard`` separates the files of a shard. The module `shard` is Open-Unmix, `functions` is a user's function. Nothing here
needs a training framework.
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

_WRITERS = 4  # a GPU produces 0.7 GB of stems per second, and one thread writes that much at best
_MOST_WAITING_BYTES = 2**30  # limit of the stems that wait to be written, including the batch on the GPU


class Clip(NamedTuple):
    """A clip of the manifest: its position in it, ``id`` and ``path``."""

    place: int
    id: str
    path: str


class Stems(NamedTuple):
    """The stems of a clip, which may still be in progress.

    Attributes
    ----------
    nbytes : int
    wait : callable
        Waits for the stems and returns them by name: arrays of shape (n_samples, channels).
    """

    nbytes: int
    wait: Callable


def write_stems(separate, clips, audio_folder, stems_folder, rejected, separator, rejected_before=None):
    """Separate the clips of a shard into ``{id}/{stem}.wav``, 44.1 kHz float.

    Parameters
    ----------
    separate : callable
        Takes clips by the shape of their waveforms, (n_samples, channels) -> list of `Clip`; yields each clip with its `Stems` or
        its `AudioError`. Not called for a shard without clips.
    clips : str or os.PathLike
        The shard's manifest.
    audio_folder : str or os.PathLike
        From `conversion.convert_shard`. Clips missing from it were rejected there and are skipped.
    stems_folder, rejected : str or os.PathLike
        Output folder and CSV.
    separator : str
        Name of the separator in error messages.
    rejected_before : list of (str or os.PathLike), optional
        CSV files of the clips that conversion rejected. If given, a clip that is neither converted nor rejected is an error.

    Raises
    ------
    SeparationError
        If none of several clips can be separated, or if a file disappears meanwhile.
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
            logging.warning("Left out %s: %s", failure["id"], failure["reason"])
        if n_clips > 1 and len(failures) == n_clips:
            raise SeparationError(
                f"{separator}: none of {n_clips} clips could be separated. The first error: {failures[0]['reason']}"
            )
        reject(rejected, failures)
    logging.info("%d clips done, %d left out.", n_clips - len(failures), len(failures))


def read_wav(clip, audio_folder, shape):
    """Read the WAV file of a clip.

    Parameters
    ----------
    clip : Clip
    audio_folder : str or os.PathLike
    shape : tuple of int
        The shape in its header.

    Returns
    -------
    np.ndarray, shape as given, float32
        At 44.1 kHz.

    Raises
    ------
    AudioError
        If the file cannot be read, or does not match its header.
    SeparationError
        If the file no longer exists.
    """
    path = inside(audio_folder, f"{clip.id}.wav")
    try:
        waveform, rate = audio.decode(path)
    except AudioError as error:
        if not path.is_file():  # it existed a moment ago
            raise SeparationError(
                f"{path}: disappeared while its shard was separated. If another run uses this folder, wait for its end and run again."
            ) from error
        raise
    if rate != audio.SEPARATION_RATE:
        raise AudioError(f"{path}: {rate} Hz, expected {audio.SEPARATION_RATE} Hz. Resample it first.")
    if waveform.shape != shape:
        raise AudioError(f"{path}: contains {len(waveform)} samples, but its header lists {shape[0]}")
    return waveform


def check_finite(stems):
    """Raise `AudioError` if one of the stems (a dict by name) has samples that are not finite."""
    for stem, samples in stems.items():
        if not np.isfinite(samples).all():
            raise AudioError(
                f"the separated stem {stem} has samples that are not finite. Leave the clip out."
            )


def _groups(clips, audio_folder):
    """Group clips of equal shape: return clips by shape, and (clip, error) of unusable clips."""
    groups, unusable = defaultdict(list), []
    for row in clips.itertuples():
        clip = Clip(row.Index, row.id, row.path)
        try:
            path = inside(audio_folder, f"{clip.id}.wav")
            if not path.is_file():
                continue  # rejected during conversion
            about = audio.read_header(path)
            require_one_crop(about.frames, audio.SEPARATION_RATE, path)
            if about.channels > 2:
                raise AudioError(f"{path}: {about.channels} channels, expected one or two")
            groups[about.frames, about.channels].append(clip)
        except AudioError as error:
            unusable.append((clip, error))
    return groups, unusable


def _write(stems, folder):
    """Wait for the stems of a clip and write them; return an `AudioError` if they are not finite."""
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
    """Wait until the first clip of a queue is written or has failed; return its size in bytes."""
    clip, written, n_bytes = writing.popleft()
    error = written.result()
    if error is not None:
        failed.append((clip, error))
    return n_bytes
