"""Stems of a lower quality: how good must a separator be?

An ablation of the paper. Each stem is blended, as a waveform, with the mixture it was separated from, until its
signal-to-distortion ratio against the stem as it was is a given number of decibels.
"""

import logging
from pathlib import Path

import numpy as np

from mscol.datasets.listed import require_unchanged
from mscol.io.audio import load_mixture
from mscol.io.files import write_csv
from mscol.mels import log_mel
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
        Written: for each of the four stems, the path of its array.
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
    """
    seconds = seconds_of(normalise)

    def analyse(clip):
        stems = load_stems(Path(folder, clip.id))
        require_unchanged(Path(root, clip.path), clip)
        mixture = _fit(load_mixture(Path(root, clip.path)), len(next(iter(stems.values()))))
        blends = {stem: degrade(waveform, mixture, decibels) for stem, waveform in stems.items()}
        shares = [share for _, share in blends.values()]
        return {
            stem: log_mel(blend, normalise_seconds=seconds) for stem, (blend, _) in blends.items()
        }, shares

    present = clips_with_stems_in(folder, clips, rejected_before)
    rows, shares, failed = write_mels(present, analyse, arrays, dtype, workers, root)
    write_csv(index_table(rows), index)
    write_rejected(failed, rejected)
    shares = np.array(shares).reshape(-1)
    logging.info(
        "Degraded to %g dB: of %d stems, %d are silent and stay so, %d are the mixture, which is better than that.",
        decibels, len(shares), (shares == 0).sum(), (shares == 1).sum(),
    )  # fmt: skip


def _fit(waveform, n_samples):
    """Cut a waveform, or fill it up with silence: resampling there and back may cost a sample."""
    return np.pad(waveform[:n_samples], (0, max(0, n_samples - len(waveform))))
