"""Check digests of files and the number of files in an unpacked dataset."""

import fnmatch
import hashlib
import importlib
import logging
import os

from mscol.errors import FetchError
from mscol.fetching.disk import spoken_bytes
from mscol.jobs.logs import Progress

RECORDED_DIGEST = "sha256"  # for files without a checksum
_EXAMPLES_NAMED = 5
_CHUNK_BYTES = 1 << 22


def digest_of(path, algorithm):
    """Compute the digest of a file, such as "sha256:f857...".

    Parameters
    ----------
    path : pathlib.Path
    algorithm : str
        sha256, sha1 or md5.
    """
    size = path.stat().st_size
    logging.info("Computing the %s of %s (%s).", algorithm, path.name, spoken_bytes(size))
    progress = Progress("MB", size / 1e6)
    digest = hashlib.new(algorithm, usedforsecurity=algorithm != "md5")
    with open(path, "rb") as file:
        while data := file.read(_CHUNK_BYTES):
            digest.update(data)
            progress.step(len(data) / 1e6)
    return f"{algorithm}:{digest.hexdigest()}"


def checked_digest(path, expected):
    """Compare a file with its checksum.

    Parameters
    ----------
    path : pathlib.Path
    expected : str
        "ALGORITHM:HEX", or "" if there is no checksum; the digest is then logged.

    Returns
    -------
    str
        The digest of the file.

    Raises
    ------
    FetchError
        If the digest differs.
    """
    found = digest_of(path, expected.partition(":")[0] or RECORDED_DIGEST)
    if not expected:
        logging.warning("%s has no checksum in the config. Its digest is %s.", path.name, found)
    elif found != expected.lower():
        raise FetchError(f"{path}: wrong checksum, expected {expected}, found {found}")
    return found


def require_counts(layout, root, counts):
    """Check that a dataset is complete.

    Parameters
    ----------
    layout : str
        mtat, nsynth or fma; its reader lists the clips of the metadata.
    root : str or os.PathLike
    counts : dict of str to int
        Expected number of files for each pattern below the root, such as ``fma_small/*/*.mp3``. Empty files count.

    Raises
    ------
    FetchError
        If a count differs. The message names clips that the metadata list but that are missing.
    DatasetError
        If the metadata cannot be read.
    """
    names_in = _names_by_folder(root)
    found = {pattern: _count(names_in, pattern) for pattern in counts}
    for pattern, count in found.items():
        logging.info("%d files match %s, %d expected.", count, pattern, counts[pattern])
    missing = _missing_clips(layout, root, names_in)
    named = ", ".join(missing[:_EXAMPLES_NAMED])
    wrong = [pattern for pattern in counts if found[pattern] != counts[pattern]]
    if wrong:
        listed = f" (listed but missing: {len(missing)}, for example {named})" if missing else ""
        raise FetchError(
            f"{layout}: {found[wrong[0]]} files match {wrong[0]}, expected {counts[wrong[0]]}{listed}. Either the archives have "
            "other contents or the expected number is wrong"
        )
    if missing:
        logging.warning("The metadata list %d clips that are missing, for example %s.", len(missing), named)


def _names_by_folder(root):
    """Return the file names in each folder below a root, without reading the status of files, which is slow on a cluster."""
    tree = os.walk(root, followlinks=True)
    return {os.path.relpath(folder, root): set(names) for folder, _, names in tree}


def _count(names_in, pattern):
    """Count the files that match a pattern, part by part; hidden files do not match, as in a shell.

    >>> _count({"0": {"a.mp3", "a.txt", "._a.mp3"}, "0/more": {"b.mp3"}}, "[0-9]/*.mp3")
    1
    """
    above, _, name = pattern.rpartition("/")
    wanted = above.split("/") if above else ["."]

    def matches(folder):
        parts = folder.split("/")
        return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))

    visible = (
        {name for name in names_in[folder] if name[0] != "."} for folder in names_in if matches(folder)
    )
    return sum(len(fnmatch.filter(names, name)) for names in visible)


def _missing_clips(layout, root, names_in):
    """Return the clips that the metadata list but that are missing, as paths relative to the root."""
    # imported by name, as in `mscol.datasets.manifest`
    reader = importlib.import_module(f"mscol.datasets.{layout}")
    paths = reader.read_clips(root)["path"]
    return [path for path in paths if os.path.basename(path) not in names_in.get(os.path.dirname(path), ())]
