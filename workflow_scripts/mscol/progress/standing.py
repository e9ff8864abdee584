"""Read the progress of a job from the last progress line in its log (`mscol.jobs.logs.Progress`)."""

import os
import re
from dataclasses import dataclass

_TAIL_BYTES = 8192
_COUNTED = re.compile(
    r"[\d-]+ [\d:]+ INFO (?P<done>\d+)(?: of (?P<total>\d+))? (?P<what>.+?) done(?:, about .+? left)?\.(?: (?P<note>.*))?"
)
_EPOCH = re.compile(r"[\d-]+ [\d:]+ INFO Epoch (?P<epoch>\d+): .*?\bloss (?P<loss>[\d.]+\d)")
_RESUMED = re.compile(
    r"[\d-]+ [\d:]+ INFO Going on from the checkpoint of update (?P<done>\d+) of (?P<total>\d+)\."
)


@dataclass(frozen=True)
class Standing:
    """Progress of a job.

    Attributes
    ----------
    share : float or None
        Share of its work that is done, from 0 to 1; None if the log does not say.
    text : str
        The same for people: "60 of 150 updates, loss 2.31".
    is_resumed : bool
        Whether an earlier attempt did all of this.
    """

    share: float | None = None
    text: str = ""
    is_resumed: bool = False


def read_standing(log, since):
    """Read the progress of a job from its log.

    Parameters
    ----------
    log : str, os.PathLike or None
    since : float
        When the job was started or submitted. An older log belongs to an earlier attempt.

    Returns
    -------
    Standing or None
        None without a sign that the job is running: it may wait in a queue.
    """
    try:
        if log is None or os.stat(log).st_mtime < since:
            return None
        with open(log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return next(filter(None, map(parse_line, reversed(lines))), Standing())


def parse_line(line):
    """Parse a line of a log; return None if it is not a progress line.

    >>> parse_line("2026-11-27 01:35:52 INFO 110 of 150 updates done, about 11 s left. Loss 2.287, accuracy 0.284; 144 pairs/s.").text
    '110 of 150 updates, loss 2.287'
    >>> parse_line("2026-11-27 01:35:52 INFO Epoch 3: accuracy 0.3120, loss 1.9871, val_accuracy 0.2800.").text
    'epoch 3, loss 1.9871'
    """
    if epoch := _EPOCH.match(line):
        return Standing(None, f"epoch {epoch['epoch']}, loss {epoch['loss']}")
    if resumed := _RESUMED.fullmatch(line):
        done, total = int(resumed["done"]), int(resumed["total"])
        return Standing(done / total, f"{done:,} of {total:,} updates", is_resumed=True)
    counted = _COUNTED.fullmatch(line)
    if counted is None:
        return None
    done, total = int(counted["done"]), int(counted["total"] or 0)
    first = re.split(r"[,;]|\.(?:\s|$)", counted["note"] or "")[0]
    text = f"{done:,} of {total:,} {counted['what']}" if total else f"{done:,} {counted['what']}"
    return Standing(
        min(1.0, done / total) if total else None,
        text + (f", {first[0].lower()}{first[1:]}" if first else ""),
    )
