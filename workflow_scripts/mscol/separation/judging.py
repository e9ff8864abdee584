"""How good a separator is: SDR of each stem against truth, beside the mixture's own."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.io.files import write_csv
from mscol.jobs.logs import Progress
from mscol.separation import STEMS

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


def judge_separator(separate, songs, table_path, stems=STEMS):
    """Separate songs whose stems are known, and write how well each stem comes out.

    Parameters
    ----------
    separate : callable
        Of a waveform, (n_samples, 2) at 44.1 kHz, to a dict of stems, (n_samples, 1 or 2): what ``open_separator`` returns
        (`mscol.separation.writing`).
    songs : str or os.PathLike
        Folder of ``{song}/{stem}.wav`` and ``{song}/mixture.wav``.
    table_path : str or os.PathLike
        The csv to be made, a row a stem: over the n_songs in which neither it nor the rest is silent,
        the median SDR of the separated stem (sdr), that of the mixture taken for the stem
        (sdr_mixture) and their difference (gain), all in dB; then the same of the means.
    stems : sequence of str
        Which the separator gives.

    Raises
    ------
    SeparationError
        If there is no song, or as ``separate`` does.
    """
    folders = sorted(path for path in Path(songs).glob("*") if path.is_dir())
    if not folders:
        raise SeparationError(f"{songs}: no songs to judge the separator by")
    progress = Progress("songs", len(folders))
    scores = []
    for folder in folders:
        scores += judge_song(separate, folder)
        progress.step()
    table = summarise(pd.DataFrame(scores, columns=["stem", "sdr", "sdr_mixture"]), stems)
    write_csv(table, table_path)
    _report(table)


def judge_song(separate, folder):
    """SDR of each stem of one song, as dicts of stem, sdr and sdr_mixture.

    A stem that is silent is passed over, and so is one that plays alone: it is the mixture, whose SDR
    is then without bound.
    """
    mixture = audio.load_stereo(folder / "mixture.wav")
    scores = []
    for stem, estimate in separate(mixture).items():
        truth = audio.load_stereo(folder / f"{stem}.wav")
        if not is_silent(truth) and not is_silent(mixture - truth):
            scores.append({"stem": stem, "sdr": sdr(truth, estimate), "sdr_mixture": sdr(truth, mixture)})
    return scores


def is_silent(waveform):
    """Whether a waveform's RMS is below `SILENT_RMS`."""
    return np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) < SILENT_RMS


def summarise(scores, stems=STEMS):
    """Medians and means over songs, a row a stem, in their order.

    Parameters
    ----------
    scores : pandas.DataFrame
        Columns stem, sdr, sdr_mixture; a row a song and stem.
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
