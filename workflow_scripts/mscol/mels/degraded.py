"""Stems of a lower quality: how good must a separator be?

An ablation of the paper. Each stem is blended, as a waveform, with the mixture it was separated from, until its
signal-to-distortion ratio against the stem as it was is a given number of decibels: over the whole clip, with one share
of the mixture, or in each segment, with a share of its own. A share that holds for a clip leaves segments in which the stem is
loud far better than asked for, and others far worse.
"""

import logging
from pathlib import Path

import numpy as np

from mscol.datasets.listed import require_unchanged
from mscol.io.audio import load_mixture
from mscol.io.files import write_csv
from mscol.mels import log_mel
from mscol.mels.activity import SEGMENT_SAMPLES
from mscol.mels.cache import index_table
from mscol.mels.normalising import FILE, seconds_of
from mscol.mels.stems import clips_with_stems_in, load_stems
from mscol.mels.writing import write_mels, write_rejected


def degrade(stem, mixture, decibels):
    """Blend a stem towards its mixture: ``(1 - a) stem + a mixture``.

    Parameters
    ----------
    stem, mixture : np.ndarray, shape=(n_samples,)
    decibels : float
        The signal-to-distortion ratio to be had: 10 log10(\\|stem\\|^2 / \\|blend - stem\\|^2).

    Returns
    -------
    blend : np.ndarray, shape=(n_samples,), float32
        A silent stem stays silent. Where the mixture itself is better than ``decibels``, because it holds
        little else, the mixture.
    share : float
        ``a``, from 0 to 1.
    """
    distance = mixture - stem
    energy = np.square(stem, dtype=np.float64).sum()
    distortion = np.square(distance, dtype=np.float64).sum()
    if not energy or not distortion:
        return stem, 0.0
    share = min(1.0, float(np.sqrt(energy / distortion) * 10 ** (-decibels / 20)))
    return (stem + np.float32(share) * distance).astype(np.float32), share


def degrade_each(stem, mixture, decibels):
    """Blend each segment of a stem towards its mixture, as `degrade` does: the ratio holds in all of them.

    Segments are those that crops are drawn from; no crop spans two, so that none hears a share change but in the last 15 ms of
    a segment. What is left behind the last of them is blended on its own.

    Parameters
    ----------
    stem, mixture : np.ndarray, shape=(n_samples,)
    decibels : float

    Returns
    -------
    blend : np.ndarray, shape=(n_samples,), float32
    shares : list of float
        Of each segment.
    """
    borders = range(SEGMENT_SAMPLES, len(stem), SEGMENT_SAMPLES)
    parts = zip(np.split(stem, borders), np.split(mixture, borders), strict=True)
    blends, shares = zip(*(degrade(*part, decibels) for part in parts), strict=True)
    return np.concatenate(blends), list(shares)


def cache_degraded_stems(
    clips,
    root,
    folder,
    arrays,
    index,
    rejected,
    rejected_before,
    decibels,
    dtype,
    workers,
    normalise=FILE,
    each=False,
):
    """Cache the log-mel spectrograms of a shard's stems, degraded.

    Which segments are active is left to the stems as they were separated: quality alone is to change.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's part of the manifest.
    root : str or os.PathLike
        Where the dataset lies, for the mixtures.
    folder : str or os.PathLike
        Holds ``{clip}/{stem}.wav`` at 16 kHz, for the clips that have stems.
    arrays : dict
        Written: for each stem, the path of its array.
    index, rejected : str or os.PathLike
        Written: the table of clips, and the clips left out here.
    rejected_before : list of (str or os.PathLike)
        What earlier stages of this shard rejected.
    decibels : float
        As for `degrade`.
    dtype : str
    workers : int
    normalise : float or str
        Seconds to whose level longer recordings are brought, or ``file`` (`mscol.mels.normalising`).
    each : bool
        Degrade each segment by itself (`degrade_each`), and not the clip as a whole.
    """
    seconds = seconds_of(normalise)
    blend = degrade_each if each else degrade

    def analyse(clip):
        stems = load_stems(Path(folder, clip.id), arrays)
        require_unchanged(Path(root, clip.path), clip)
        mixture = _fit(load_mixture(Path(root, clip.path)), len(next(iter(stems.values()))))
        blends = {stem: blend(waveform, mixture, decibels) for stem, waveform in stems.items()}
        shares = np.concatenate([np.ravel(share) for _, share in blends.values()])
        return {
            stem: log_mel(blended, normalise_seconds=seconds) for stem, (blended, _) in blends.items()
        }, shares

    present = clips_with_stems_in(folder, clips, rejected_before)
    rows, shares, failed = write_mels(present, analyse, arrays, dtype, workers, root)
    write_csv(index_table(rows), index)
    write_rejected(failed, rejected)
    shares = np.concatenate([np.empty(0), *shares])
    logging.info(
        "Degraded to %g dB: of %d %s, %d are silent and stay so, %d are the mixture, which is better than that.",
        decibels, len(shares), "segments of stems" if each else "stems", (shares == 0).sum(), (shares == 1).sum(),
    )  # fmt: skip


def _fit(waveform, n_samples):
    """Cut a waveform, or fill it up with silence: resampling there and back may cost a sample."""
    return np.pad(waveform[:n_samples], (0, max(0, n_samples - len(waveform))))
