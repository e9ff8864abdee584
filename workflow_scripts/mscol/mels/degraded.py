"""Stems of lower quality: how good must a separator be?

An ablation of the paper. The waveform of each stem is blended with the mixture that it was separated from, until its
signal-to-distortion ratio relative to the original stem is a given number of decibels: over the whole clip, with one share
of the mixture, or in each segment, with a separate share. With one share for the whole clip, segments in which the stem is
loud have a much higher ratio than requested, and others a much lower one.
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
        Target signal-to-distortion ratio: 10 log10(\\|stem\\|^2 / \\|blend - stem\\|^2).

    Returns
    -------
    blend : np.ndarray, shape=(n_samples,), float32
        A silent stem stays silent. If the mixture itself is better than ``decibels``, because it contains
        little else, the blend is the mixture.
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
    """Blend each segment of a stem towards its mixture, as `degrade` does: every segment has the target ratio.

    Segments are those that crops are drawn from. No crop spans two segments, so the share changes within a crop only in the
    last 15 ms of a segment. The rest after the last segment is blended separately.

    Parameters
    ----------
    stem, mixture : np.ndarray, shape=(n_samples,)
    decibels : float

    Returns
    -------
    blend : np.ndarray, shape=(n_samples,), float32
    shares : list of float
        Share of the mixture in each segment.
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

    The original separated stems determine which segments are active, so that only the quality changes.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's part of the manifest.
    root : str or os.PathLike
        The dataset's folder, for the mixtures.
    folder : str or os.PathLike
        Contains ``{clip}/{stem}.wav`` at 16 kHz, for the clips that have stems.
    arrays : dict
        Outputs: for each stem, the path of its array.
    index, rejected : str or os.PathLike
        Outputs: the table of clips, and the clips left out here.
    rejected_before : list of (str or os.PathLike)
        CSV files of the clips that earlier stages of this shard rejected.
    decibels : float
        As for `degrade`.
    dtype : str
    workers : int
    normalise : float or str
        Scale longer recordings to the level of clips of this many seconds, or ``file`` (`mscol.mels.normalising`).
    each : bool
        Degrade each segment separately (`degrade_each`) instead of the whole clip.
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
        "Degraded to %g dB: of %d %s, %d stay silent, and %d became the mixture, which is better than that.",
        decibels, len(shares), "segments of stems" if each else "stems", (shares == 0).sum(), (shares == 1).sum(),
    )  # fmt: skip


def _fit(waveform, n_samples):
    """Cut a waveform or pad it with silence: resampling back and forth may lose a sample."""
    return np.pad(waveform[:n_samples], (0, max(0, n_samples - len(waveform))))
