"""Normalise a recording before its log-mels are computed: by the norm of the whole, or by a local norm around each position.

Encoders learn from clips of half a minute, each divided by its own L2 norm (METHOD, "Audio and features"). A song of five minutes,
divided by the norm of the whole, is quieter by a factor of three, and the same second gets different embeddings in the
song and in an excerpt of it. So a recording longer than such clips is scaled, at each position, to the level that a clip around
that position would have.
"""

import numpy as np

from mscol.errors import ConfigError
from mscol.io.audio import ANALYSIS_RATE

FILE = "file"
SHORTEST_SECONDS = 1
_BLOCK_SAMPLES = 1_600  # 0.1 s: energies are computed per block, and gains are interpolated between blocks


def seconds_of(normalise):
    """Read a setting: seconds, or None for ``file``.

    >>> seconds_of("file"), seconds_of(30)
    (None, 30.0)

    Raises
    ------
    ConfigError
        If it is neither ``file`` nor a number of at least 1.
    """
    if normalise == FILE:
        return None
    try:
        seconds = float(normalise)
    except (TypeError, ValueError):
        seconds = 0.0
    if not SHORTEST_SECONDS <= seconds < np.inf:
        raise ConfigError(
            f"normalise: {normalise!r} is not valid. Use '{FILE}' or a number of seconds of at least {SHORTEST_SECONDS}."
        )
    return seconds


def local_inverse_norms(waveform, seconds):
    """Compute a factor for each sample that makes its surroundings as loud as a clip with an L2 norm of 1.

    Energies are weighted by a triangle half as wide as ``seconds``. With consecutive pieces, or a wider
    window, an excerpt agrees less well with its recording (docs/benchmarks.md#normalisation). Near the
    ends of the recording, the mean covers only the existing samples.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,), float32
        16 kHz, longer than ``seconds``.
    seconds : float
        Length of the clip with an L2 norm of 1; at least 1.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32
    """
    starts = np.arange(0, len(waveform), _BLOCK_SAMPLES)
    sizes = np.diff(np.r_[starts, len(waveform)])
    # In double precision: the error of a float32 sum would be visible in the mels.
    energies = np.add.reduceat(np.square(waveform, dtype=np.float64), starts)
    half = max(1, round(seconds * ANALYSIS_RATE / _BLOCK_SAMPLES / 4))
    weights = np.bartlett(2 * half + 1)[1:-1]
    mean = np.convolve(energies, weights, "same") / np.convolve(sizes, weights, "same")
    norms = np.sqrt(np.maximum(mean * seconds * ANALYSIS_RATE, 1e-9))
    return np.interp(np.arange(len(waveform)), starts + sizes / 2, 1 / norms).astype(np.float32)
