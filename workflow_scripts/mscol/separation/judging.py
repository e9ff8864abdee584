"""How good a separator is: SDR of each stem against truth, beside the mixture's own."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.io.files import write_csv
from mscol.jobs.logs import Progress
from mscol.separation import STEMS
from mscol.separation.separate import separate
from mscol.separation.separator import load_separator

SILENT_RMS = 1e-3  # -60 dB of full scale: below it a stem's SDR says nothing
EPSILON = 1e-7  # as in the challenge, so that a perfect estimate has a finite SDR


def sdr(truth, estimate):
    """Signal-to-distortion ratio over a whole song, without any distortion filter.

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


def judge_separator(model, songs, table_path, n_iterations=1, device="auto", threads=1):
    """Separate songs whose stems are known, and write how well each stem comes out.

    Parameters
    ----------
    model, n_iterations, device
        As in `separator.load_separator`.
    songs : str or os.PathLike
        Folder of ``{song}/{stem}.wav`` and ``{song}/mixture.wav``.
    table_path : str or os.PathLike
        The csv to be made, a row a stem: over the n_songs in which neither it nor the rest is silent,
        the median SDR of the separated stem (sdr), that of the mixture taken for the stem
        (sdr_mixture) and their difference (gain), all in dB; then the same of the means.
    threads : int
        Threads of torch.

    Raises
    ------
    SeparationError
        As `separator.load_separator`; and if there is no song.
    """
    torch.set_num_threads(threads)
    folders = sorted(path for path in Path(songs).glob("*") if path.is_dir())
    if not folders:
        raise SeparationError(f"{songs}: no songs to judge the separator by")
    separator = load_separator(model, n_iterations, device)
    progress = Progress("songs", len(folders))
    scores = []
    for folder in folders:
        scores += judge_song(separator, folder)
        progress.step()
    table = summarise(pd.DataFrame(scores, columns=["stem", "sdr", "sdr_mixture"]))
    write_csv(table, table_path)
    _report(table)


def judge_song(separator, folder):
    """SDR of each stem of one song, as dicts of stem, sdr and sdr_mixture.

    A stem that is silent is passed over, and so is one that plays alone: it is the mixture, whose SDR
    is then without bound.
    """
    mixture = audio.load_stereo(folder / "mixture.wav")
    estimates = separate(separator, mixture)
    scores = []
    for stem in STEMS:
        truth = audio.load_stereo(folder / f"{stem}.wav")
        if not is_silent(truth) and not is_silent(mixture - truth):
            scores.append(
                {"stem": stem, "sdr": sdr(truth, estimates[stem]), "sdr_mixture": sdr(truth, mixture)}
            )
    return scores


def is_silent(waveform):
    """Whether a waveform's RMS is below `SILENT_RMS`."""
    return np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) < SILENT_RMS


def summarise(scores):
    """Medians and means over songs, a row a stem in the order of `STEMS`.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns stem, sdr, sdr_mixture; a row a song and stem.

    Returns
    -------
    pandas.DataFrame
        Columns stem, n_songs, sdr, sdr_mixture, gain, sdr_mean, sdr_mixture_mean, gain_mean.
    """
    by_stem = scores.groupby("stem")
    median, mean = by_stem.median().reindex(STEMS), by_stem.mean().reindex(STEMS)
    table = pd.DataFrame(
        {
            "n_songs": by_stem.size().reindex(STEMS, fill_value=0),
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
                "%s plays together with others in none of the songs: it was not judged.", row.stem
            )
            continue
        logging.info(
            "%s: SDR %.2f dB over %d songs, %.2f dB more than the mixture's %.2f dB.",
            row.stem, row.sdr, row.n_songs, row.gain, row.sdr_mixture,
        )  # fmt: skip
        if not row.gain > 0:
            logging.warning(
                "%s does not come out better than the mixture itself; train the separator longer, "
                "or use published weights.",
                row.stem,
            )
