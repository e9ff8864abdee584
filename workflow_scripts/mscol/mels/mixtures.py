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
    clips,
    root,
    frames,
    index,
    rejected,
    dtype,
    workers,
    normalise=FILE,
    whole_only=False,
    paper="mscol",
    split=None,
    transform=None,
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
    split : str, optional
        Of which split only.
    transform : callable, optional
        What is done to each waveform first: (n_samples,) at 16 kHz, and the clip's id, to (n_samples,). May raise `AudioError`.

    Raises
    ------
    DatasetError
        If the dataset is not there any more.
    """
    seconds, framing = seconds_of(normalise), FRAMINGS[paper]

    def analyse(clip):
        waveform = _load(root, clip, whole_only)
        heard = transform(waveform, clip.id) if transform else waveform
        return {"mixture": framing.log_mel(heard, seconds)}, None

    listed = read_listed(clips)
    rows, _, failed = write_mels(
        listed[listed["split"] == split] if split else listed,
        analyse,
        {"mixture": frames},
        dtype,
        workers,
        root,
    )
    write_csv(index_table(rows), index)
    write_rejected(failed, rejected)


def _load(root, clip, whole_only):
    path = Path(root, clip.path)
    require_unchanged(path, clip)
    waveform = long_enough(load_mixture(path), path)
    if whole_only:
        require_whole(waveform, path, clip)
    return waveform
