"""Separation with a user's Python function instead of Open-Unmix: any separator, and no PyTorch if it needs none.

The function takes a waveform of shape (n_samples, channels), float32 at 44.1 kHz, with one or two channels, and returns a dict of
stems by name: arrays of the same shape, or mono. If its module also has a function ``prepare``, that is called once per process with
the device to compute on, "cuda" or "cpu", and its result is the second argument of each call.
"""

import logging
import os

import numpy as np

from mscol.errors import AudioError, SeparationError
from mscol.jobs.backend import find_card
from mscol.jobs.callables import brief, load_module_of, their_traceback
from mscol.jobs.parallel import library_threads, ordered_map
from mscol.separation import STEMS
from mscol.separation.writing import Stems, check_finite, read_wav, write_stems

PREPARE = "prepare"


def open_separator(function, stems=STEMS, device="auto", threads=1):
    """Load a function that separates single waveforms, and prepare it.

    Parameters
    ----------
    function, stems, device, threads
        As for `separate_shard`.

    Returns
    -------
    callable
        From a waveform, shape (n_samples, 1 or 2), float32 at 44.1 kHz, to a dict of finite stems, shape (n_samples, 1 or as given).

    Raises
    ------
    ConfigError
        If the function cannot be loaded.
    SeparationError
        If ``prepare`` fails, or a GPU is required and there is none. The returned callable raises it if the function fails or
        returns anything but its stems, and `AudioError` if a stem is not finite.
    """
    separate = _load(function, stems, device, threads)

    def separate_waveform(waveform):
        with library_threads(threads):
            separated = separate(waveform, "a waveform")
        check_finite(separated)
        return separated

    return separate_waveform


def separate_shard(
    clips,
    audio_folder,
    stems_folder,
    rejected,
    function,
    stems=STEMS,
    device="auto",
    threads=1,
    batch_seconds=None,
    rejected_before=None,
):
    """Separate the clips of a shard into ``{id}/{stem}.wav``, 44.1 kHz float, one after another.

    Parameters
    ----------
    clips, audio_folder, stems_folder, rejected, rejected_before
        As for `mscol.separation.writing.write_stems`, which lists its exceptions.
    function : str
        ``package.module:function``, or ``path/to/file.py:function``. Loaded and prepared once, and not at all for a shard without
        clips.
    stems : sequence of str
        The stems that it returns, in the order of `STEMS`.
    device : str
        The device for ``prepare``: ``cpu``, ``cuda``, or ``auto`` (a GPU if available).
    threads : int
        Number of threads of NumPy and of the libraries that the function's module loads.
    batch_seconds : float or str, optional
        Ignored: a function gets whole clips.

    Raises
    ------
    ConfigError, SeparationError
        As for `open_separator` and the callable that it returns.
    """

    def separate_groups(groups):
        separate = _load(function, stems, device, threads)
        rows = [(clip, shape) for shape, group in groups.items() for clip in group]
        # While one clip is separated, the next one is read.
        read = ordered_map(lambda row: _read(*row, audio_folder), rows, workers=1, held=2)
        with library_threads(threads):
            for (clip, _), waveform in zip(rows, read, strict=True):
                if isinstance(waveform, AudioError):
                    yield clip, waveform
                    continue
                separated = separate(waveform, clip.path)
                n_bytes = sum(samples.nbytes for samples in separated.values())
                yield clip, Stems(n_bytes, lambda separated=separated: separated)

    write_stems(separate_groups, clips, audio_folder, stems_folder, rejected, function, rejected_before)


def _load(name, stems, device, threads):
    """Load and prepare a function; return a callable from a waveform and its name in errors to a dict of stems."""
    device = choose_device(device)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for frameworks that the function's module imports
    module = load_module_of(name)
    function, prepare = getattr(module, name.rpartition(":")[2]), getattr(module, PREPARE, None)
    prepared = ()
    if callable(prepare):
        logging.info("Preparing the separator on %s.", device)
        prepared = (_call(prepare, device, failing=f"{name}: {PREPARE}({device!r}) failed"),)

    def separate(waveform, called):
        # Copy inputs and outputs, because functions may compute in place
        returned = _call(function, waveform.copy(), *prepared, failing=f"{called}: {name} failed")
        return check_stems(returned, stems, waveform.shape, f"{called}: {name}")

    return separate


def choose_device(device):
    """Return the name of the device to compute on: ``auto`` is a GPU if available, else the CPU.

    Raises
    ------
    SeparationError
        If ``device`` is ``cuda`` and there is no GPU.
    """
    if device == "cpu":
        return device
    found = find_card()
    if device == "cuda" and not found:
        raise SeparationError("separation device `cuda`: no GPU found. Use `auto` or `cpu`.")
    return "cuda" if found else "cpu"


def check_stems(returned, stems, shape, what):
    """Check the value that a function returned for a waveform.

    Parameters
    ----------
    returned : object
    stems : sequence of str
        The stems that it should return.
    shape : tuple of int
        Shape of the waveform: samples, channels.
    what : str
        Beginning of the error message.

    Returns
    -------
    dict of str to np.ndarray, shape=(n_samples, 1 or channels), float32
        In the order of ``stems``.

    Raises
    ------
    SeparationError
        If it is anything but a dict of these stems, each of that shape or mono.
    """
    if not isinstance(returned, dict):
        raise SeparationError(
            f"{what} returned a {type(returned).__name__}, expected a dict of {_listed(stems)}"
        )
    missing, unknown = (
        [stem for stem in stems if stem not in returned],
        sorted(map(str, set(returned) - set(STEMS))),
    )
    if missing or unknown:
        told = f"lacks {_listed(missing)}" if missing else f"has {_listed(unknown)}, not a stem"
        raise SeparationError(
            f"{what} returned a dict that {told}; expected {_listed(stems)}. Change the function, or list the stems it "
            "returns in separation/stems."
        )
    return {stem: _samples(returned[stem], shape, f"{what} returned {stem}") for stem in stems}


def _samples(values, shape, what):
    """Return a stem as an array of shape (n_samples, channels)."""
    try:
        samples = np.array(values, np.float32)
    except Exception as error:  # array types such as torch's raise errors of their own
        raise SeparationError(
            f"{what} as a {type(values).__name__}, not an array of numbers ({brief(error)})"
        ) from error
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.shape not in (shape, (shape[0], 1)):
        raise SeparationError(
            f"{what} of shape {np.shape(values)}, expected {shape} (samples, channels) like the input, or mono ({shape[0]},)"
        )
    return samples


def _call(function, *arguments, failing):
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:  # anything that a user's function raises
        raise SeparationError(f"{failing} ({brief(error)}):\n{their_traceback(error)}") from error


def _read(clip, shape, audio_folder):
    """Read a clip's waveform, or return the `AudioError`."""
    try:
        return read_wav(clip, audio_folder, shape)
    except AudioError as error:
        return error


def _listed(names):
    """
    >>> _listed(["bass", "drums", "other"])
    'bass, drums and other'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
