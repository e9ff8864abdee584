"""What is checked before the first job of a run starts: folders that can be written to, arrays that can start."""

import os
import shlex
from pathlib import Path

from mscol.errors import ConfigError, WriteError


def check_writable(paths):
    """Check that files and folders may be made where they are to lie.

    Parameters
    ----------
    paths : iterable of (str or os.PathLike)
        What is to be made. Of each, the nearest folder that exists is looked at.

    Raises
    ------
    WriteError
        For the first folder (by name) that may not be written to.
    """
    folders = {_nearest(folder) for folder in {os.path.dirname(path) for path in paths}}
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WriteError(
                f"{folder}: this folder cannot be written to (it lies on a read-only file system, or you may not); "
                "make it writable, or run in another folder with --directory"
            )


def check_interpreter(python):
    """Check that jobs will find their Python: Snakemake hands its path to a shell as it is.

    Raises
    ------
    ConfigError
        If it has a space, or another character at which a shell would cut it.
    """
    if shlex.quote(python) != python:
        raise ConfigError(
            f"{python}: the path of this Python has a space, or another character that Snakemake does not pass on to its jobs; move "
            "the project to a folder without it, and set it up anew there (make .venv/installed)"
        )


def _nearest(folder):
    path = Path(folder or ".").absolute()
    return next(str(parent) for parent in (path, *path.parents) if parent.exists())


def check_arrays(rules, jobs, at_once, turns):
    """Check that all jobs of a rule that is submitted as a job array may start at once.

    An array waits until all jobs of its rule that are ready have been selected (snakemake-executor-plugin-slurm 2.8).
    Where a limit keeps some of them back, it would wait for ever.

    Parameters
    ----------
    rules : str
        Rules that are submitted as arrays, with commas between them; ``all`` for all of them.
    jobs : dict of str to int
        How many jobs of each rule are to run.
    at_once : int
        How many jobs may be queued or running (``--jobs``).
    turns : dict of str to int
        Rules whose jobs take turns, with the number of them that may run at once.

    Raises
    ------
    ConfigError
        If an array would have to wait for a job that may not start.
    """
    named = {rule.strip() for rule in rules.replace(";", ",").split(",")}
    for rule in sorted(set(jobs) if "all" in named else named & set(jobs)):
        if jobs[rule] > at_once:
            raise ConfigError(
                f"--slurm-array-jobs {rule}: its array would wait for all of its {jobs[rule]} jobs, and --jobs {at_once} lets "
                f"no more than {at_once} start; give --jobs {jobs[rule]} or more, or leave {rule} out"
            )
        if jobs[rule] > turns.get(rule, jobs[rule]):
            raise ConfigError(
                f"--slurm-array-jobs {rule}: its array would wait for all of its {jobs[rule]} jobs, and --resources "
                f"shards_in_flight={turns[rule]} lets them take turns; leave {rule} out"
            )
