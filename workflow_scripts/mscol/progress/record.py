"""The progress file of a run, which `snakemake progress` reads in another terminal."""

import contextlib
import json
import os
import socket
import time

from mscol.jobs.logs import spoken_time
from mscol.progress.words import running_jobs, tell_lost, tell_share

RECORD = "logs/progress.json"
# A running run writes more often than this.
_SILENT_SECONDS = 120.0


def write_record(course, now, path=RECORD, is_over=False):
    """Write the progress of a run; ignore errors of the disk, which must not stop a run.

    Parameters
    ----------
    course : Course
    now : float
    path : str or os.PathLike
    is_over : bool
    """
    running = [
        {"job": job, "seconds": round(seconds), "where": where}
        for job, seconds, where in running_jobs(course, now)
    ]
    left = None if is_over else course.seconds_left(now)
    content = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "started": round(course.started),
        "seen": round(now),
        "over": is_over,
        "said": tell_share(course, now),
        "share": round(course.share, 4),
        "seconds_left": None if left is None else round(left),
        "jobs": {"all": len(course.jobs), "done": len(course.done), "lost": len(course.lost)},
        "running": running,
    }  # fmt: skip
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        beside = f"{path}.partial"
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        os.replace(beside, path)


def tell_record(now, path=RECORD):
    """Describe the progress of the run in this folder, or how the last one ended.

    Returns
    -------
    str
    """
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
        return _tell(record, now)
    except (OSError, ValueError, LookupError, TypeError):
        return "No run was started in this folder yet."


def _tell(record, now):
    seen = time.strftime("%Y-%m-%d %H:%M", time.localtime(record["seen"]))
    jobs = record["jobs"]
    n_jobs = f"{jobs['done']} of {jobs['all']} jobs"
    if record["over"]:
        n_jobs = f"all {jobs['all']} jobs" if jobs["done"] == jobs["all"] else n_jobs
        failed = f"; {tell_lost(jobs['lost'])}" if jobs["lost"] else ""
        return f"No run is active. The last one ended at {seen}: {n_jobs} were done{failed}."
    is_here = record["host"] == socket.gethostname()
    if is_here and not _lives(record["process"]):
        return f"No run is active. The last one was killed at {seen} or soon after: {n_jobs} were done ({record['said']})."
    told = [f"{record['said']}, after {spoken_time(now - record['started'])}: {n_jobs}."]
    if now - record["seen"] > _SILENT_SECONDS:
        where = "" if is_here else f" on {record['host']}"
        told = [
            f"The run{where} (process {record['process']}) last wrote its progress at {seen}:",
            *told,
        ]
    told += ["Running:"] * bool(record["running"])
    for job in record["running"]:
        told.append(
            f"  {job['job']}{': ' + job['where'] if job['where'] else ''} (for {spoken_time(job['seconds'])})"
        )
    return "\n".join(told)


def _lives(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process of another user
        return True
    return True
