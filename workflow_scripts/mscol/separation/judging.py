"""Evaluate a separator: SDR of each stem against the true stem, compared with the SDR of the mixture."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.io.files import write_csv
from mscol.jobs.logs import Progress
from mscol.separation import STEMS

SILENT_RMS = 1e-3  # -60 dB of full scale: the SDR of a quieter stem is meaningless
EPSILON = 1e-7  # as in the challenge: a perfect estimate has a finite SDR


def sdr(truth, estimate):
    """Compute the signal-to-distortion ratio over a whole song, without any distortion filter.

    Parameters
    ----------
    truth, estimate : np.ndarray, shape=(n_samples, n_channels)

    Returns
    -------
    float
        Decibels.

    References
    ----------
    Mitsufuji et al., Music Demixing Challenge 2021, Frontiers in Signal Processing 1 (2022), eq. 1.

    >>> import numpy as np
    >>> truth = np.ones((4, 2))
    >>> round(sdr(truth, 0.9 * truth), 2)
    20.0
    """
    signal = np.sum(np.square(truth, dtype=np.float64)) + EPSILON
    distortion = np.sum(np.square(truth - estimate, dtype=np.float64)) + EPSILON
    return float(10 * np.log10(signal / distortion))


def judge_separator(separate, songs, table_path, stems=STEMS):
    """Separate songs with known stems and write a table of how well each stem is separated.

    Parameters
    ----------
    separate : callable
        From a waveform, (n_samples, 2) at 44.1 kHz, to a dict of stems, (n_samples, 1 or 2): the result of ``open_separator``
        (`mscol.separation.writing`).
    songs : str or os.PathLike
        Folder of ``{song}/{stem}.wav`` and ``{song}/mixture.wav``.
    table_path : str or os.PathLike
        Output CSV, one row per stem: over the n_songs in which neither it nor the rest is silent,
        the median SDR of the separated stem (sdr), that of the mixture used as the stem
        (sdr_mixture) and their difference (gain), all in dB; then the same for the means.
    stems : sequence of str
        The stems that the separator returns.

    Raises
    ------
    SeparationError
        If there are no songs, or if ``separate`` raises it.
    """
    folders = sorted(path for path in Path(songs).glob("*") if path.is_dir())
    if not folders:
        raise SeparationError(f"{songs}: no songs found to evaluate the separator on")
    progress = Progress("songs", len(folders))
    scores = []
    for folder in folders:
        scores += judge_song(separate, folder)
        progress.step()
    table = summarise(pd.DataFrame(scores, columns=["stem", "sdr", "sdr_mixture"]), stems)
    write_csv(table, table_path)
    _report(table)


def judge_song(separate, folder):
    """Compute the SDR of each stem of one song, as dicts of stem, sdr and sdr_mixture.

    Silent stems are skipped. So are stems that play alone: they equal the mixture, whose SDR is then
    unbounded.
    """
    mixture = audio.load_stereo(folder / "mixture.wav")
    scores = []
    for stem, estimate in separate(mixture).items():
        truth = audio.load_stereo(folder / f"{stem}.wav")
        if not is_silent(truth) and not is_silent(mixture - truth):
            scores.append({"stem": stem, "sdr": sdr(truth, estimate), "sdr_mixture": sdr(truth, mixture)})
    return scores


def is_silent(waveform):
    """Return whether a waveform's RMS is below `SILENT_RMS`."""
    return np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) < SILENT_RMS


def summarise(scores, stems=STEMS):
    """Compute medians and means over songs, one row per stem, in the order of ``stems``.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns stem, sdr, sdr_mixture; one row per song and stem.
    stems : sequence of str

    Returns
    -------
    pandas.DataFrame
        Columns stem, n_songs, sdr, sdr_mixture, gain, sdr_mean, sdr_mixture_mean, gain_mean.
    """
    by_stem = scores.groupby("stem")
    median, mean = by_stem.median().reindex(stems), by_stem.mean().reindex(stems)
    table = pd.DataFrame(
        {
            "n_songs": by_stem.size().reindex(stems, fill_value=0),
            "sdr": median["sdr"],
            "sdr_mixture": median["sdr_mixture"],
            "gain": median["sdr"] - median["sdr_mixture"],
            "sdr_mean": mean["sdr"],
            "sdr_mixture_mean": mean["sdr_mixture"],
            "gain_mean": mean["sdr"] - mean["sdr_mixture"],
        }
    )
    return table.round(2).rename_axis("stem").reset_index()


def _report(table):
    for row in table.itertuples():
        if not row.n_songs:
            logging.warning(
                "%s was not evaluated: it plays together with other stems in none of the songs.", row.stem
            )
            continue
        logging.info(
            "%s: SDR %.2f dB over %d songs, %.2f dB more than the mixture's %.2f dB.",
            row.stem, row.sdr, row.n_songs, row.gain, row.sdr_mixture,
        )  # fmt: skip
        if not row.gain > 0:
            logging.warning(
                "%s: the separated stem is no better than the mixture. Train the separator longer, "
                "or use published weights.",
                row.stem,
            )
