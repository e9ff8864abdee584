"""The clips that a manifest lists: read whole or not at all, and held against what lies in the dataset now."""

import os
from pathlib import Path

from mscol.errors import AudioError, CacheError, DatasetError
from mscol.files import read_csv, read_json

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
        As `mscol.files.read_csv` returns it.

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
            f"{path}: not a whole table (it holds {len(table)} clips, but {folder / ABOUT} counts {counted}); "
            f"delete {folder}, and it is made again"
        )
    return table


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
