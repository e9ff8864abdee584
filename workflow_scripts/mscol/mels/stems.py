"""Cache the log-mel spectrograms of stems, and how loud each stem is in each segment."""

from pathlib import Path

from mscol.datasets.listed import read_rejected, require_all
from mscol.errors import CacheError
from mscol.io.audio import load_mono
from mscol.io.files import write_csv
from mscol.mels import count_segments, log_mel
from mscol.mels.activity import activity_table, stem_magnitudes
from mscol.mels.cache import index_table
from mscol.mels.normalising import FILE, seconds_of
from mscol.mels.writing import long_enough, write_mels, write_rejected
from mscol.separation import STEMS


def cache_stems(
    clips, folder, arrays, index, activity, rejected, rejected_before, dtype, workers, normalise=FILE
):
    """Cache the log-mel spectrograms and the activity of a shard's stems.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's part of the manifest.
    folder : str or os.PathLike
        Contains ``{clip}/{stem}.wav`` at 16 kHz, for the clips that have stems.
    arrays : dict
        Outputs: for each stem, the path of its array.
    index, activity, rejected : str or os.PathLike
        Outputs: the tables of clips and of segments, and the clips without stems.
    rejected_before : list of (str or os.PathLike)
        CSV files of the clips that earlier stages of this shard rejected; repeated in ``rejected``.
    dtype : str
    workers : int
    normalise : float or str
        Scale longer recordings to the level of clips of this many seconds, or ``file`` (`mscol.mels.normalising`).
    """
    seconds = seconds_of(normalise)
    failed = read_rejected(rejected_before)
    present = clips_with_stems_in(folder, clips, rejected_before)
    rows, magnitudes, failed_here = write_mels(
        present, lambda clip: _analyse(Path(folder, clip.id), arrays, seconds), arrays, dtype, workers
    )
    write_csv(index_table(rows), index)
    segments = [table.assign(clip=row[0]) for row, table in zip(rows, magnitudes, strict=True)]
    write_csv(activity_table(segments, arrays), activity)
    write_rejected(failed + failed_here, rejected)


def clips_with_stems_in(folder, clips, rejected_before):
    """Read the rows of a shard's manifest whose clips have stems in a folder.

    Parameters
    ----------
    folder : str or os.PathLike
        Contains ``{clip}/{stem}.wav``.
    clips : str or os.PathLike
        The shard's part of the manifest.
    rejected_before : list of (str or os.PathLike)
        CSV files of the clips that earlier stages of this shard rejected.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    CacheError
        If a clip for training or validation has no stems, although no stage rejected it.
    """
    # Not by their folders alone: one may be of the clips below it, as of song/1.wav beside song.wav.
    return require_all(folder, "{}", clips, rejected_before)


def load_stems(folder, names=STEMS):
    """Load the stems of a clip, cut to equal length.

    Returns
    -------
    dict of np.ndarray, shape=(n_samples,)

    Raises
    ------
    AudioError
        If a stem cannot be decoded, or is shorter than a crop.
    CacheError
        If a stem is missing: clips without all of their stems are rejected earlier.
    """
    paths = {stem: Path(folder, f"{stem}.wav") for stem in names}
    lost = [path for path in paths.values() if not path.is_file()]
    if lost:
        raise CacheError(
            f"{lost[0]}: there is no such file. If another run uses this folder, wait for its end. Delete {folder}, and "
            "run again."
        )
    waveforms = {stem: load_mono(path) for stem, path in paths.items()}
    # Stems of one clip may differ by a sample after resampling; provided stems may differ by more.
    n_samples = min(len(waveform) for waveform in waveforms.values())
    return {stem: long_enough(waveform[:n_samples], folder) for stem, waveform in waveforms.items()}


def _analyse(folder, names, seconds):
    """Compute the log-mels of a clip's stems and the table of their magnitudes."""
    waveforms = load_stems(folder, names)
    mels = {stem: log_mel(waveform, normalise_seconds=seconds) for stem, waveform in waveforms.items()}
    return mels, stem_magnitudes(waveforms, int(count_segments(len(next(iter(mels.values()))))))
