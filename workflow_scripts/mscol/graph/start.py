"""Checks before the first job of a run: writable folders, and job arrays that can start."""

import os
import shlex
from pathlib import Path

from mscol.errors import ConfigError, WriteError


def check_writable(paths):
    """Check that files and folders can be written.

    Parameters
    ----------
    paths : iterable of (str or os.PathLike)
        The files and folders to write. The nearest existing parent folder of each is checked.

    Raises
    ------
    WriteError
        For the first folder (by name) that is not writable.
    """
    folders = {_nearest(folder) for folder in {os.path.dirname(path) for path in paths}}
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WriteError(
                f"{folder}: this folder is not writable (read-only file system, or missing permission). "
                "Make it writable, or run in another folder with --directory"
            )


def check_interpreter(python):
    """Check that jobs will find their Python: Snakemake passes its path to a shell without quoting it.

    Raises
    ------
    ConfigError
        If the path contains a space, or another character that a shell interprets.
    """
    if shlex.quote(python) != python:
        raise ConfigError(
            f"{python}: the path of this Python contains a space, or another character that Snakemake cannot pass to its jobs. Move "
            "the project to a folder without it, and install it again there (make .venv/installed)"
        )


def _nearest(folder):
    path = Path(folder or ".").absolute()
    return next(str(parent) for parent in (path, *path.parents) if parent.exists())


def check_arrays(rules, jobs, at_once, turns):
    """Check that all jobs of a rule that is submitted as a job array can start at once.

    An array waits until all ready jobs of its rule are selected (snakemake-executor-plugin-slurm 2.8). If a limit holds some
    of them back, it waits forever.

    Parameters
    ----------
    rules : str
        Rules that are submitted as arrays, separated by commas; ``all`` for all rules.
    jobs : dict of str to int
        Number of jobs of each rule to run.
    at_once : int
        Number of jobs that may be queued or running (``--jobs``).
    turns : dict of str to int
        Rules whose jobs take turns, with the number that may run at once.

    Raises
    ------
    ConfigError
        If an array would wait forever.
    """
    named = {rule.strip() for rule in rules.replace(";", ",").split(",")}
    for rule in sorted(set(jobs) if "all" in named else named & set(jobs)):
        if jobs[rule] > at_once:
            raise ConfigError(
                f"--slurm-array-jobs {rule}: the array waits for all of its {jobs[rule]} jobs, but --jobs {at_once} lets only "
                f"{at_once} start. Use --jobs {jobs[rule]} or more, or remove {rule}"
            )
        if jobs[rule] > turns.get(rule, jobs[rule]):
            raise ConfigError(
                f"--slurm-array-jobs {rule}: the array waits for all of its {jobs[rule]} jobs, but --resources "
                f"shards_in_flight={turns[rule]} makes them take turns. Remove {rule}"
            )
