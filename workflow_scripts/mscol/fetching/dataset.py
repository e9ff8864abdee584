"""Make a dataset's folder, as the readers of `mscol.datasets` expect it, from the official archives."""

import contextlib
import datetime
import fcntl
import logging
import os
import shutil
from pathlib import Path

import mscol
from mscol.errors import ArchiveError, CacheError, FetchError
from mscol.fetching.archives import group_archives, unpack
from mscol.fetching.checks import checked_digest, require_counts
from mscol.fetching.disk import disk_errors_told, require_space, spoken_bytes
from mscol.fetching.intake import Intake
from mscol.fetching.transfer import (
    PAUSES_SECONDS,
    download,
    forget,
    local_file,
    partial_bytes,
    remote_size,
)
from mscol.io.files import read_json, write_json

RECORD = ".fetched.json"  # in the dataset's folder; marks it as complete
UNPACKED = "unpacked"  # in the folder of downloads, until the dataset is complete


def fetch_dataset(layout, root, downloads, files, counts, limit_bytes, record_path, pauses=PAUSES_SECONDS):
    """Fetch a dataset: download, check, unpack and count its files, then move its folder into place and remove the downloads.

    The folder appears only when it is complete. If it exists already, it is only checked.

    Parameters
    ----------
    layout : str
        mtat, nsynth or fma.
    root : str or os.PathLike
        The dataset's folder.
    downloads : str or os.PathLike
        A folder on the same file system, used for nothing else. Partial downloads stay there until the dataset is complete.
    files : dict of str to dict
        By file name: ``address`` (http, https, file, or a path) and ``checksum`` ("ALGORITHM:HEX" or "").
    counts : dict of str to int
        See `checks.require_counts`.
    limit_bytes : int
        Limit for the unpacked files.
    record_path : str or os.PathLike
        A JSON file to be written: files, date and addresses.
    pauses : sequence of float
        See `transfer.download`.

    Raises
    ------
    FetchError
        If a step fails. The message says which files are kept and what to do.
    DatasetError
        If the dataset's metadata cannot be read.
    """
    root, downloads = Path(root), Path(downloads)
    groups = group_archives(files)
    if root.is_dir() and any(root.iterdir()):
        record = _look_at(layout, root, files, counts)
    else:
        _require_free_name(root)
        needed = _needed_bytes(downloads, files, limit_bytes)
        with disk_errors_told(downloads, needed), _alone(downloads):
            paths = _download_all(downloads, files, needed, pauses)
            digests = {name: _checked(paths[name], files[name]) for name in files}
            record = _record(layout, files, paths, digests, counts)
            with _unpacked(downloads / UNPACKED, groups, paths, files, limit_bytes) as folder:
                require_counts(layout, folder, counts)
                write_json(record, folder / RECORD)
                os.rename(folder, root)
    shutil.rmtree(downloads, ignore_errors=True)
    write_json(record, record_path)
    logging.info("The dataset is complete. Its folder is %s.", root)


def _require_free_name(root):
    if root.is_symlink() or os.path.ismount(root):
        raise FetchError(
            f"{root}: is a link or a mounted disk, which the finished dataset cannot replace. Remove it, and set 'downloads/folder' "
            "to a folder on the disk that you want to use"
        )
    if not root.is_dir() and os.path.lexists(root):
        raise FetchError(f"{root}: exists but is not a folder. Move it away")


def _look_at(layout, root, files, counts):
    """Check an existing folder; return its record."""
    record = _read_record(root)
    if record is None:
        logging.warning("%s was not fetched by this program. It is used if its clips are complete.", root)
        record = _record(layout, {}, {}, {}, counts)
    else:
        found = {entry["name"]: entry["checksum"] for entry in record["files"]}
        others = [name for name, entry in files.items() if entry["checksum"] not in ("", found.get(name))]
        if others:
            raise FetchError(
                f"{root}: was made from another {others[0]} (it has {found.get(others[0])}, expected "
                f"{files[others[0]]['checksum']}). Move the folder away to fetch it again"
            )
    try:
        require_counts(layout, root, counts)
    except FetchError as error:
        raise FetchError(f"{error}. Move the folder {root} away to fetch it again") from error
    logging.info("%s exists already, and its clips are complete.", root)
    return record


def _read_record(root):
    try:
        return read_json(root / RECORD)
    except (FileNotFoundError, CacheError):
        return None


@contextlib.contextmanager
def _alone(downloads):
    """Lock the folder of downloads, so that no second process writes to the same files."""
    downloads.mkdir(parents=True, exist_ok=True)
    handle = os.open(downloads, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise FetchError(
            f"{downloads}: another process is fetching this dataset. Wait until it is done"
        ) from None
    except OSError as error:  # a file system without locks
        logging.warning("%s cannot be locked (%s). Do not start a second fetch.", downloads, error.strerror)
    try:
        yield
    finally:
        os.close(handle)


def _needed_bytes(downloads, files, limit_bytes):
    """Log the maximum disk space of a fetch; return how much of it must still be free."""
    remote = {name: entry["address"] for name, entry in files.items() if not local_file(entry["address"])}
    sizes = {name: remote_size(address) for name, address in remote.items()}
    there = {name: partial_bytes(downloads / name) for name in remote}
    total = sum(size or there[name] for name, size in sizes.items())
    logging.info(
        "Fetching needs at most %s of disk: %s for the archives (%s are there already), which are removed at the end, and "
        "%s for the dataset.",
        *map(spoken_bytes, (total + limit_bytes, total, sum(there.values()), limit_bytes)),
    )  # fmt: skip
    unknown = [name for name, size in sizes.items() if size is None]
    if unknown:
        logging.warning("The server does not state the size of %s.", ", ".join(unknown))
    return limit_bytes + sum(max((size or 0) - there[name], 0) for name, size in sizes.items())


def _download_all(downloads, files, needed, pauses):
    """Download all files; return the path of each."""
    shutil.rmtree(downloads / UNPACKED, ignore_errors=True)  # from a killed attempt
    paths = {name: local_file(entry["address"]) or downloads / name for name, entry in files.items()}
    for name, path in paths.items():
        if local_file(files[name]["address"]) and not path.is_file():
            raise FetchError(f"{path}: there is no such file. Correct the address, or put the archive there")
    require_space(downloads, needed, "the dataset with its archives")
    for name, path in paths.items():
        address = files[name]["address"]
        if not local_file(address):
            logging.info("Downloading %s from %s.", name, address)
            download(address, path, bool(files[name]["checksum"]), pauses)
    return paths


def _checked(path, entry):
    """Compare a file with its checksum; remove a wrong download."""
    try:
        return checked_digest(path, entry["checksum"])
    except FetchError as error:
        if local_file(entry["address"]):
            raise FetchError(f"{error}. Get the archive again, or correct the checksum") from None
        forget(path)
        raise FetchError(f"{error}. The download was removed. Run again, or correct the checksum") from None


@contextlib.contextmanager
def _unpacked(folder, groups, paths, files, limit_bytes):
    """Yield a folder with the content of all archives; it is removed unless the block renames it."""
    folder.mkdir()
    intake = Intake(folder, limit_bytes)
    try:
        for group in groups:
            unpack([paths[name] for name in group], intake)
        yield folder
    except ArchiveError as error:
        for name, path in paths.items():
            if path in error.files and not (files[name]["checksum"] or local_file(files[name]["address"])):
                forget(path)
                logging.warning("%s was removed. The next attempt downloads it again.", path)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _record(layout, files, paths, digests, counts):
    return {
        "layout": layout,
        "fetched": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "files": [
            {
                "name": name,
                "address": entry["address"],
                "bytes": paths[name].stat().st_size,
                "checksum": digests[name],
            }
            for name, entry in files.items()
        ],
        "counts": counts,
        "mscol": mscol.__version__,
    }
