"""Read the clips of a manifest, and check them against the dataset's files."""

import itertools
import os
from pathlib import Path

from mscol.errors import AudioError, CacheError, DatasetError
from mscol.io.audio import ANALYSIS_RATE
from mscol.io.files import read_csv, read_json
from mscol.io.lengths import TOLERANCE_SECONDS

REJECTED_COLUMNS = ["id", "path", "reason"]
SPLITS_WITH_STEMS = ("train", "validation")  # test clips are embedded as mixtures only
ABOUT = "about.json"  # in the folder of clips.csv; has the row counts of it and of each shard


def read_listed(path):
    """Read clips.csv or a shard of a manifest, and check its number of rows.

    Parameters
    ----------
    path : str or os.PathLike
        ``{manifest}/clips.csv`` or ``{manifest}/shards/{shard}.csv``. The number of rows is not checked if the
        manifest's folder has no about.json, or an about.json without row counts.

    Returns
    -------
    pd.DataFrame
        As `mscol.io.files.read_csv` returns it.

    Raises
    ------
    CacheError
        If the table or about.json is incomplete.
    """
    path = Path(path)
    table = read_csv(path)
    folder = next((parent for parent in path.parents[:2] if (parent / ABOUT).is_file()), None)
    if folder is None:
        return table
    counted = read_json(folder / ABOUT).get("rows", {}).get(path.relative_to(folder).as_posix(), len(table))
    if counted != len(table):
        raise CacheError(
            f"{path}: incomplete table (it holds {len(table)} clips, but {folder / ABOUT} counts {counted}); "
            f"delete {folder} and run again"
        )
    return table


def read_rejected(paths):
    """Read the clips that stages of a shard rejected; return tuples of id, path and reason."""
    rows = [read_csv(path)[["id", "path", "reason"]].itertuples(index=False, name=None) for path in paths]
    return list(itertools.chain(*rows))


def require_all(folder, name, clips, rejected_before):
    """Raise an error if input clips of a stage are missing.

    Without this check, clips would be lost silently if something removes files, such as a second run in the same folder.

    Parameters
    ----------
    folder : str or os.PathLike
        The output folder of the stage before.
    name : str
        The file name of a clip there, with ``{}`` for its id.
    clips : str or os.PathLike
        The shard's part of the manifest.
    rejected_before : list of (str or os.PathLike)
        The tables of clips that earlier stages of this shard rejected.

    Returns
    -------
    pd.DataFrame
        The rows of the clips that are there.

    Raises
    ------
    CacheError
        If a clip for training or validation is missing, although no stage rejected it.
    """
    table = read_listed(clips)
    rejected = {clip for clip, _, _ in read_rejected(rejected_before)}
    wanted = table[table["split"].isin(SPLITS_WITH_STEMS) & ~table["id"].isin(rejected)]
    lost = [clip for clip in wanted["id"] if not Path(folder, name.format(clip)).exists()]
    if lost:
        raise CacheError(
            f"{folder}: {len(lost)} clips are missing ({lost[0]}) that no stage rejected. Is another run active in this folder? "
            f"Delete {folder}, and run again after the other run has ended"
        )
    return wanted


def require_unchanged(file, clip):
    """Raise an error if the size of a clip's file differs from the manifest.

    Parameters
    ----------
    file : str or os.PathLike
    clip : named tuple
        A row of a manifest. Without a column bytes, nothing is compared.

    Raises
    ------
    AudioError
        If the size differs. A missing file is reported when it is decoded.
    """
    listed = getattr(clip, "bytes", None)
    if listed is None or not os.path.isfile(file):
        return
    now = os.path.getsize(file)
    if now != listed:
        raise AudioError(
            f"{file}: changed since the manifest was made ({now} bytes, it had {listed}); make the manifest again"
        )


def require_whole(waveform, file, clip):
    """Raise an error if a clip decodes to over 0.1 s less than the manifest lists.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        16 kHz.
    file : str or os.PathLike
    clip : named tuple
        A row of a manifest. Without a column duration, nothing is compared.

    Raises
    ------
    AudioError
    """
    seconds = len(waveform) / ANALYSIS_RATE
    listed = float(getattr(clip, "duration", seconds))
    if seconds < listed - TOLERANCE_SECONDS:
        raise AudioError(
            f"{file}: cut short: listed at {listed:.3f} s, it decodes to {seconds:.3f} s; get it again"
        )


def require_dataset(root, files, n_failed):
    """Raise an error if clips failed because their dataset is gone, instead of rejecting the clips.

    Parameters
    ----------
    root : str or os.PathLike
    files : sequence of (str or os.PathLike)
        The files of all clips of a shard.
    n_failed : int
        Number of clips that could not be used; if 0, nothing is checked.

    Raises
    ------
    DatasetError
        If the root is missing or empty, or the files of all of several clips are missing.
    """
    if not n_failed:
        return
    is_there = os.path.isdir(root) and next(os.scandir(root), None) is not None
    if not is_there or (len(files) > 1 and not any(map(os.path.exists, files))):
        raise DatasetError(
            f"{root}: the audio files are gone. Is their disk still mounted? Mount it, and run again"
        )
