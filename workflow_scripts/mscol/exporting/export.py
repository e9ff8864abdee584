"""Export an encoder, and compare the written file with it before moving the file to its destination."""

import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from mscol.embeddings.files import window_log_mels
from mscol.errors import TrainingError
from mscol.exporting.about import CROPS, WAVEFORMS, describe
from mscol.exporting.conversion import convert, prepare
from mscol.exporting.formats import FORMATS
from mscol.exporting.runtimes import open_exported
from mscol.io.atomic import atomic_path
from mscol.io.audio import ANALYSIS_RATE, load_mixture
from mscol.mels import SHORTEST_SAMPLES
from mscol.mels.framing import framing_of
from mscol.mels.writing import long_enough
from mscol.synthesis.composition import compose
from mscol.synthesis.rendering import render

# Relative to the largest value. In bands 100 dB below the loudest, single-precision log-mels differ from double precision by 8e-4 if `log_mel`
# computes them, and by 3e-4 in a graph (docs/export.md): this is rounding, not a different encoder.
LARGEST_DIFFERENCE = {CROPS: 1e-4, WAVEFORMS: 1e-3}
_CHECKED_SECONDS = 12  # three slices of a cvsm encoder, the last one incomplete


def export_encoder(encoder, name, output, waveform=False, audio=None, run=None):
    """Export an encoder to a file that runs without Keras.

    Parameters
    ----------
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.
    name : str
        The format, a key of `mscol.exporting.formats.FORMATS`.
    output : str or os.PathLike
        Output path: a file, or the folder of a SavedModel.
    waveform : bool
        Whether the export takes waveforms at 16 kHz instead of log-mel crops.
    audio : str or os.PathLike, optional
        A recording on which the export is compared with the encoder; by default, synthesised music.
    run : dict, optional
        Content of run.json, which describes how the encoder was trained.

    Returns
    -------
    float
        The largest difference from the encoder, relative to its largest value.

    Raises
    ------
    TrainingError
        If the encoder cannot be converted, or the result differs from it by more than `LARGEST_DIFFERENCE`. In both cases
        nothing is written.
    AudioError
        If ``audio`` cannot be decoded, or is shorter than a window.
    """
    checked = _checked_waveform(audio)
    about = describe(encoder, run or {}, waveform)
    output = Path(output)
    with atomic_path(output) as partial:
        saved = partial.with_name("encoder.keras")
        encoder.save(saved)
        _convert(saved, name, partial, about)
        difference = _compare(encoder, open_exported(name, partial), checked, waveform)
        logging.info(
            "%s differs from the encoder by %.1e of the largest value, on %.0f s of %s.",
            output.name, difference, len(checked) / ANALYSIS_RATE, audio or "synthesised music",
        )  # fmt: skip
        largest = LARGEST_DIFFERENCE[about["input"]]
        if not difference <= largest:  # also refuses NaN
            raise TrainingError(
                f"{output}: not written, because the export differs from the encoder by {difference:.1e} of the largest value "
                f"(at most {largest:.0e} is allowed for rounding)"
            )
    return difference


def _convert(saved, name, partial, about):
    """Convert a saved encoder in a separate process, which has its own backend."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, context, prepare, (FORMATS[name].backend,)) as pool:
            pool.submit(convert, saved, name, partial, about).result()
    except BrokenProcessPool as error:
        raise TrainingError(
            f"the process that exports to {FORMATS[name].title} was killed. Check that enough memory is free."
        ) from error


def _checked_waveform(audio):
    """Load the beginning of a recording, or synthesise music: a waveform at 16 kHz."""
    if audio is not None:
        return long_enough(load_mixture(audio), audio)[: _CHECKED_SECONDS * ANALYSIS_RATE]
    song = compose("rock", _CHECKED_SECONDS, 0, "export")
    return render(song, 0, _CHECKED_SECONDS, ANALYSIS_RATE, 1, mix=True)["mixture"][:, 0]


def _compare(encoder, exported, checked, waveform):
    """Return the largest difference from the encoder relative to its largest value, for a batch of one, of two, and of the shortest clip."""
    n_half = len(checked) // 2
    halves = [checked[:n_half], checked[-n_half:]] if n_half >= SHORTEST_SAMPLES else []
    expected, found = [], []
    for batch in filter(len, ([checked], halves, [checked[:SHORTEST_SAMPLES]])):
        crops = [window_log_mels(part, "the audio", framing_of(encoder))[..., None] for part in batch]
        expected += [encoder.predict_on_batch(part) for part in crops]
        found += list(exported(np.stack(batch))) if waveform else [exported(part) for part in crops]
    expected, found = np.concatenate(expected), np.concatenate(found)
    return float(np.abs(found - expected).max() / np.abs(expected).max())
