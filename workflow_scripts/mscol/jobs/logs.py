"""Logging: each script writes whole sentences with numbers to its own file."""

import contextlib
import logging
import os
import sys
import time
from pathlib import Path

from mscol.errors import MscolError
from mscol.jobs.extras import what_is_missing


def log_to_file(path, attempts=None):
    """Send all output of this process to ``path``, including child processes and tracebacks.

    Standard output and error are redirected at the level of file descriptors, so the output of C libraries
    and child processes is included. An uncaught `MscolError` is logged as its message only, and so is a
    missing package of an extra; any other exception keeps its traceback.

    Parameters
    ----------
    path : str or os.PathLike
        The log file. Its folder is created; an earlier log is replaced.
    attempts : str or os.PathLike, optional
        A folder that keeps the log under a name of its own (``attempt-001.log``) when a later attempt
        replaces it.
    """
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as error:
        sys.exit(
            f"{path}: cannot write this log ({error.strerror}). Free some space, or make its folder writable"
        )
    if attempts is not None:
        _keep_log(path, attempts)
    needs_no_display()
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        stream=sys.stderr,
        force=True,
    )
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def needs_no_display():
    """Let Matplotlib draw into files, whichever module imports it: a notebook's setting may name a module that is missing here."""
    os.environ["MPLBACKEND"] = "agg"


def _keep_log(path, attempts):
    """Add a second name to a log, which stays when the first is replaced."""
    folder = Path(attempts)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = [int(log.stem.rpartition("-")[2]) for log in folder.glob("attempt-[0-9]*.log")]
    # On a file system without hard links, the log is not kept and the run continues.
    with contextlib.suppress(OSError):
        os.link(path, folder / f"attempt-{max(earlier, default=0) + 1:03d}.log")


def _log_uncaught(kind, error, traceback):
    missing = what_is_missing(error) if isinstance(error, ModuleNotFoundError) else None
    if missing or issubclass(kind, MscolError):
        logging.error("%s", missing or error)
    else:
        logging.error("Uncaught exception.", exc_info=(kind, error, traceback))


class Progress:
    """Log the progress of long work, and the time left, at most every ``every`` s.

    The time left appears from the second line on, estimated from the work since the first: this excludes one-time costs such
    as compiling. `mscol.progress.standing` parses these lines.

    Parameters
    ----------
    what : str
        The counted items, in the plural: "clips", "updates".
    total : int or None
        Number of items; None if unknown, and then no time left is logged.
    every : float
        Seconds between two lines.
    done : int
        Number of items that an earlier attempt has done.
    """

    def __init__(self, what, total, every=20.0, done=0):
        self.what, self.total, self.every = what, total, every
        self.done = self._done_before = done
        self.started = self.last_said = time.monotonic()
        self._first_said = None  # when, and how many were done then

    @property
    def seconds(self):
        """Seconds since the start."""
        return time.monotonic() - self.started

    def step(self, count=1, note=""):
        """Count ``count`` more items; append ``note`` to a line that is logged now."""
        self.done += count
        now = time.monotonic()
        if now - self.last_said < self.every or self.done == self._done_before:
            return
        self.last_said = now
        of_all = "" if self.total is None else f" of {self.total:.0f}"
        logging.info(
            "%d%s %s done%s.%s", self.done, of_all, self.what, self._left(now), f" {note}" if note else ""
        )

    def _left(self, now):
        if self._first_said is None:
            self._first_said = now, self.done
            return ""
        since, done = self._first_said
        if self.total is None or self.done == done:
            return ""
        return f", about {spoken_time((now - since) / (self.done - done) * (self.total - self.done))} left"


def spoken_time(seconds):
    """Format seconds for people.

    >>> spoken_time(8.4), spoken_time(200), spoken_time(7300)
    ('8 s', '3 min 20 s', '2 h 1 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


@contextlib.contextmanager
def timed(what):
    """Log the duration of a block: "``what`` took 12 s."."""
    started = time.monotonic()
    yield
    logging.info("%s took %s.", what, spoken_time(time.monotonic() - started))
