"""Cache the log-mels of mixtures, in one pass from the raw files."""

from pathlib import Path

from mscol.datasets.listed import read_listed, require_unchanged, require_whole
from mscol.io.audio import load_mixture
from mscol.io.files import write_csv
from mscol.mels.cache import index_table
from mscol.mels.framing import FRAMINGS
from mscol.mels.normalising import FILE, seconds_of
from mscol.mels.writing import long_enough, write_mels, write_rejected


def cache_mixtures(
    clips, root, frames, index, rejected, dtype, workers, normalise=FILE, whole_only=False, paper="mscol"
):
    """Cache the log-mel spectrograms of a shard's mixtures, in one pass from the raw files.

    Parameters
    ----------
    clips : str or os.PathLike
        The shard's part of the manifest: a csv with columns id and path.
    root : str or os.PathLike
        Where the dataset lies; the paths of the manifest are relative to it.
    frames, index, rejected : str or os.PathLike
        Written: the array, its table, and the clips that failed to decode with the reason of each.
    dtype : str
        ``float32`` or ``float16``.
    workers : int
        Threads.
    normalise : float or str
        Seconds to whose level longer recordings are brought, or ``file`` (`mscol.mels.normalising`).
    whole_only : bool
        Reject clips that decode to less than the manifest lists.
    paper : str
        Whose log-mels: of whole clips, or of slices (`mscol.mels.framing`).

    Raises
    ------
    DatasetError
        If the dataset is not there any more.
    """
    seconds = seconds_of(normalise)
    rows, _, failed = write_mels(
        read_listed(clips),
        lambda clip: ({"mixture": _mixture_mel(root, clip, FRAMINGS[paper], seconds, whole_only)}, None),
        {"mixture": frames},
        dtype,
        workers,
        root,
    )
    write_csv(index_table(rows), index)
    write_rejected(failed, rejected)


def _mixture_mel(root, clip, framing, seconds, whole_only):
    path = Path(root, clip.path)
    require_unchanged(path, clip)
    waveform = long_enough(load_mixture(path), path)
    if whole_only:
        require_whole(waveform, path, clip)
    return framing.log_mel(waveform, seconds)
