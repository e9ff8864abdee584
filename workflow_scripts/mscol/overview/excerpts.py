"""Cut excerpts of a few seconds from test clips, and encode them for the HTML page."""

import base64
import logging
from pathlib import Path

import numpy as np

from mscol.datasets.listed import read_listed, require_dataset
from mscol.errors import AudioError
from mscol.io.audio import ANALYSIS_RATE, encode_mp3, load_mixture
from mscol.io.files import write_json
from mscol.jobs.logs import Progress
from mscol.overview.sampling import sample_clips

_SECONDS = 3
_SHORT_CLIP = 6  # seconds: excerpts of shorter clips start at the beginning (the attack of notes), others are from the middle
PEAK = 0.9
_FADE_SAMPLES = 160
COARSE, FINE = 24, 40  # kbit/s


def cut_excerpts(clips, root, most_bytes, out):
    """Cut excerpts of the first sampled test clips, up to a total size.

    Parameters
    ----------
    clips : str or os.PathLike
        The manifest.
    root : str or os.PathLike
        Folder of the dataset.
    most_bytes : float
        Maximum size of all excerpts in the page, in characters.
    out : str or os.PathLike
        Output path: JSON of mp3s in base64, by the ids of their clips. Clips that do not decode are left out.

    Raises
    ------
    DatasetError
        If the dataset no longer exists.
    """
    listed = read_listed(clips)
    paths = listed.set_index("id")["path"]
    chosen, excerpts, n_bytes, n_failed = sample_clips(listed), {}, 0, 0
    progress = Progress("clips", len(chosen))
    for clip in chosen:
        try:
            coded = encode(cut(load_mixture(Path(root, paths[clip]))))
        except AudioError as error:
            logging.warning("No excerpt of clip %s: %s", clip, error)
            n_failed += 1
            continue
        n_bytes += len(coded)
        if n_bytes > most_bytes:
            break
        excerpts[clip] = coded
        progress.step()
    require_dataset(root, [Path(root, paths[clip]) for clip in chosen], n_failed)
    write_json(excerpts, out)
    logging.info(
        "Cut excerpts of %d of %d clips on the map (at most %.1f MB).",
        len(excerpts),
        len(chosen),
        most_bytes / 1e6,
    )


def cut(waveform):
    """Cut three seconds from a waveform at 16 kHz, and scale them to full level."""
    n_samples = _SECONDS * ANALYSIS_RATE
    start = (len(waveform) - n_samples) // 2 if len(waveform) > _SHORT_CLIP * ANALYSIS_RATE else 0
    excerpt = waveform[start : start + n_samples]
    return excerpt * (PEAK / max(np.abs(excerpt).max(), 1e-6))


def encode(waveform, kilobits=COARSE):
    """Encode a waveform as mp3, with short fades at both ends.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        At 16 kHz.
    kilobits : int
        Bit rate in kbit/s.

    Returns
    -------
    str
        The mp3 in base64.
    """
    n_faded = min(_FADE_SAMPLES, len(waveform) // 2)
    window = np.ones(len(waveform), np.float32)
    window[:n_faded] = np.linspace(0, 1, n_faded)
    window[len(waveform) - n_faded :] = np.linspace(1, 0, n_faded)
    return base64.b64encode(encode_mp3(waveform * window, kilobits)).decode("ascii")
