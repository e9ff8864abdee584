"""Cache the log-mel spectrograms of mixtures, in one pass from the raw files."""

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
        The shard's part of the manifest: a CSV with columns id and path.
    root : str or os.PathLike
        The dataset's folder; the paths of the manifest are relative to it.
    frames, index, rejected : str or os.PathLike
        Outputs: the array, its table, and the clips that failed to decode, with reasons.
    dtype : str
        ``float32`` or ``float16``.
    workers : int
        Number of threads.
    normalise : float or str
        Scale longer recordings to the level of clips of this many seconds, or ``file`` (`mscol.mels.normalising`).
    whole_only : bool
        Reject clips that decode to less audio than the manifest lists.
    paper : str
        Paper that determines the framing: whole clips, or slices (`mscol.mels.framing`).
    split : str, optional
        Cache the clips of this split only.
    transform : callable, optional
        Function applied to each waveform first: from (n_samples,) at 16 kHz and the clip's id to (n_samples,). May raise `AudioError`.

    Raises
    ------
    DatasetError
        If the dataset no longer exists.
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
