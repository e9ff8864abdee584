"""The clips of a shard: which need stems, where their files go, and how failures are handled.

A clip's files are named after its id, which may contain slashes: ``{id}.wav`` for mixtures,
``{id}/{stem}.wav`` for stems. A clip that cannot be used is left out and listed with a reason; the other
clips go through.
"""

import logging
from pathlib import Path, PurePosixPath

import pandas as pd

from mscol.datasets.listed import SPLITS_WITH_STEMS, read_listed
from mscol.errors import AudioError
from mscol.io.audio import ANALYSIS_RATE
from mscol.io.files import write_csv
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map

SHORTEST_SAMPLES = 15_920  # at 16 kHz: one crop of 98 frames (METHOD.md)


def clips_with_stems(clips):
    """Read the rows of a shard's manifest whose clips need stems: training and validation.

    Ids stay text, including "000002" and "NA".
    """
    table = read_listed(clips)
    return table[table["split"].isin(SPLITS_WITH_STEMS)]


def each_clip(clips, work, workers=1):
    """Call ``work(clip)`` for each row of a manifest, in parallel, and collect the failures.

    Parameters
    ----------
    clips : pandas.DataFrame
        With columns id and path.
    work : callable
        Takes a row as a named tuple; raises `AudioError` if the clip cannot be used.
    workers : int
        Number of clips processed at the same time.

    Returns
    -------
    list of dict
        id, path and reason of the clips that failed, in the order of the manifest.
    """
    progress = Progress("clips", len(clips))
    failures = []

    def attempt(clip):
        try:
            work(clip)
        except AudioError as error:
            return str(error).removeprefix(f"{clip.path}: ")
        return None

    logging.info("Processing %d clips.", len(clips))
    reasons = ordered_map(attempt, clips.itertuples(), workers)
    for clip, reason in zip(clips.itertuples(), reasons, strict=True):
        progress.step()
        if reason is not None:
            logging.warning("Left out %s: %s", clip.id, reason)
            failures.append({"id": clip.id, "path": clip.path, "reason": reason})
    logging.info("%d clips done, %d left out.", len(clips) - len(failures), len(failures))
    return failures


def reject(path, failures):
    """Write the CSV of clips left out: id, path, reason."""
    write_csv(pd.DataFrame(failures, columns=["id", "path", "reason"]), path)


def inside(folder, name):
    """Join a clip's name to a folder; refuse a name that leads outside it.

    Raises
    ------
    AudioError
        If the name is absolute or contains ``..``.
    """
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise AudioError(
            f"{name}: the clip id leads outside its folder. Use an id without '..' or a leading '/'."
        )
    return Path(folder, name)


def require_one_crop(n_samples, rate, path):
    """Raise `AudioError` if a clip is shorter than one crop."""
    n_analysed = round(n_samples * ANALYSIS_RATE / rate)
    if n_analysed < SHORTEST_SAMPLES:
        raise AudioError(
            f"{path}: {n_analysed} samples at {ANALYSIS_RATE} Hz, "
            f"shorter than one crop ({SHORTEST_SAMPLES} samples). Leave it out."
        )
