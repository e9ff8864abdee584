"""Cache the log-mels of mixtures, in one pass from the raw files."""

from pathlib import Path

from mscol.datasets.listed import read_listed, require_unchanged
from mscol.io.audio import load_mono
from mscol.io.files import write_csv
from mscol.mels.cache import index_table
from mscol.mels.framing import FRAMINGS
from mscol.mels.writing import long_enough, write_mels, write_rejected


def cache_mixtures(clips, root, frames, index, rejected, dtype, workers, paper="mscol"):
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
    paper : str
        Whose log-mels: of whole clips, or of slices (`mscol.mels.framing`).

    Raises
    ------
    DatasetError
        If the dataset is not there any more.
    """
    rows, _, failed = write_mels(
        read_listed(clips),
        lambda clip: ({"mixture": _mixture_mel(root, clip, FRAMINGS[paper])}, None),
        {"mixture": frames},
        dtype,
        workers,
        root,
    )
    write_csv(index_table(rows), index)
    write_rejected(failed, rejected)


def _mixture_mel(root, clip, framing):
    path = Path(root, clip.path)
    require_unchanged(path, clip)
    return framing.log_mel(long_enough(load_mono(path), path))
