"""The clips that a manifest lists: read whole or not at all, and held against what lies in the dataset now."""

import itertools
import os
from pathlib import Path

from mscol.errors import AudioError, CacheError, DatasetError
from mscol.io.audio import ANALYSIS_RATE
from mscol.io.files import read_csv, read_json
from mscol.io.lengths import TOLERANCE_SECONDS

REJECTED_COLUMNS = ["id", "path", "reason"]
SPLITS_WITH_STEMS = ("train", "validation")  # test clips are embedded as mixtures only
ABOUT = "about.json"  # beside clips.csv; counts the rows of it and of each shard


def read_listed(path):
    """Read clips.csv or a shard of a manifest, and count its rows.

    Parameters
    ----------
    path : str or os.PathLike
        ``{manifest}/clips.csv`` or ``{manifest}/shards/{shard}.csv``. Where no about.json lies in the
        manifest's folder, or one that counts nothing, the rows are not counted.

    Returns
    -------
    pd.DataFrame
        As `mscol.io.files.read_csv` returns it.

    Raises
    ------
    CacheError
        If the table, or about.json, is not whole.
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
            f"delete {folder}, and it is made again"
        )
    return table


def read_rejected(paths):
    """Read what stages of a shard rejected: tuples of id, path and reason."""
    rows = [read_csv(path)[["id", "path", "reason"]].itertuples(index=False, name=None) for path in paths]
    return list(itertools.chain(*rows))


def require_all(folder, name, clips, rejected_before):
    """Raise where a stage has not all of its clips before it.

    Without this, whatever took files away, such as a second run in the same folder, would cost clips unseen.

    Parameters
    ----------
    folder : str or os.PathLike
        What the stage before made.
    name : str
        What a clip is called there, ``{}`` for its id.
    clips : str or os.PathLike
        The shard's part of the manifest.
    rejected_before : list of (str or os.PathLike)
        What earlier stages of this shard rejected.

    Raises
    ------
    CacheError
        If a clip for training or validation is not there, though no stage rejected it.
    """
    table = read_listed(clips)
    rejected = {clip for clip, _, _ in read_rejected(rejected_before)}
    wanted = table.loc[table["split"].isin(SPLITS_WITH_STEMS), "id"]
    lost = [clip for clip in wanted if clip not in rejected and not Path(folder, name.format(clip)).exists()]
    if lost:
        raise CacheError(
            f"{folder}: lacks {len(lost)} clips ({lost[0]}) that no stage rejected; does another run work here, too? "
            f"Delete {folder}, and run again when none does"
        )


def require_unchanged(file, clip):
    """Raise where a clip's file is another one than the manifest lists, as far as its size tells.

    Parameters
    ----------
    file : str or os.PathLike
    clip : named tuple
        A row of a manifest. Without a column bytes nothing is compared.

    Raises
    ------
    AudioError
        If the size differs. A file that is not there is left to whoever decodes it.
    """
    listed = getattr(clip, "bytes", None)
    if listed is None or not os.path.isfile(file):
        return
    now = os.path.getsize(file)
    if now != listed:
        raise AudioError(
            f"{file}: changed since the manifest listed it ({now} bytes, it had {listed}); make the manifest again"
        )


def require_whole(waveform, file, clip):
    """Raise where a clip decodes to a tenth of a second less than the manifest lists.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,)
        16 kHz.
    file : str or os.PathLike
    clip : named tuple
        A row of a manifest. Without a column duration nothing is compared.

    Raises
    ------
    AudioError
    """
    seconds = len(waveform) / ANALYSIS_RATE
    listed = float(getattr(clip, "duration", seconds))
    if seconds < listed - TOLERANCE_SECONDS:
        raise AudioError(
            f"{file}: cut short: listed at {listed:.3f} s, it decodes to {seconds:.3f} s; get it anew"
        )


def require_dataset(root, files, n_failed):
    """Raise where clips failed because their dataset is not there any more: no clip is to blame for that.

    Parameters
    ----------
    root : str or os.PathLike
    files : sequence of (str or os.PathLike)
        Of all clips of a shard.
    n_failed : int
        How many of them could not be used; of none, nothing is looked at.

    Raises
    ------
    DatasetError
        If the root is gone or empty, or of several clips not one has its file.
    """
    if not n_failed:
        return
    is_there = os.path.isdir(root) and next(os.scandir(root), None) is not None
    if not is_there or (len(files) > 1 and not any(map(os.path.exists, files))):
        raise DatasetError(
            f"{root}: the files of its clips are gone; is the disk that they lie on still there? Bring it back, "
            "and run again"
        )
