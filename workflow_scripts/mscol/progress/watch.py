"""A thread that reports the progress of a run at regular intervals."""

import logging
import threading
import time

from mscol.progress.course import Course
from mscol.progress.record import write_record
from mscol.progress.words import tell_line

# Without a terminal: a line when the percent changed, at most every _LINE_SECONDS, and at least every _QUIET_SECONDS
_LINE_SECONDS, _QUIET_SECONDS = 60.0, 600.0


class Watch:
    """Report the progress of a run until it ends.

    Parameters
    ----------
    look : callable
        Returns the arguments of `Course.see`: jobs, running, done, lost.
    price : callable
        Sets the costs of a list of jobs, in place.
    say : callable
        Prints a line.
    record : str or os.PathLike
        Progress file (`mscol.progress.record`).
    every : float
        Seconds between two updates.
    rewrites : bool
        Whether each line replaces the last one. If so, a line is printed at every update.
    """

    def __init__(self, look, price, say, record, every, rewrites):
        self._look, self._price, self._say, self._record = look, price, say, record
        self._every, self._rewrites = every, rewrites
        self.course = Course(time.time())
        self._lock, self._stopped, self._woken = threading.Lock(), threading.Event(), threading.Event()
        self._priced = set()
        self._said_at, self._said_percent = self.course.started, None
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self):
        """Start the thread."""
        self.look()
        self._thread.start()

    def look(self):
        """Update the state of all jobs."""
        with self._lock:
            self.course.see(time.time(), *self._look())

    def wake(self):
        """Let the thread update now. Never waits for it: the caller may hold locks of Snakemake's log, which the thread may need."""
        self._woken.set()

    def stop(self):
        """Stop the thread and record how the run ended."""
        self._stopped.set()
        self.wake()
        self.look()
        with self._lock:
            write_record(self.course, time.time(), self._record, is_over=True)

    def _run(self):
        while not self._stopped.is_set():
            # Errors here, such as a graph that changes while it is read, must not affect the run.
            try:
                self._tick()
            except Exception as error:
                logging.getLogger(__name__).debug("%r", error)
            self._woken.wait(self._every)
            self._woken.clear()

    def _tick(self):
        self.look()
        new = self.course.jobs - self._priced
        if new:
            self._price(list(new))
            self._priced |= new
        with self._lock:
            if self._stopped.is_set():
                return
            now = time.time()
            write_record(self.course, now, self._record)
            line = tell_line(self.course, now)
        if self._rewrites or self._is_due(now):
            self._say(line)

    def _is_due(self, now):
        percent, since = int(100 * self.course.share), now - self._said_at
        is_due = since >= _QUIET_SECONDS or (since >= _LINE_SECONDS and percent != self._said_percent)
        if is_due:
            self._said_at, self._said_percent = now, percent
        return is_due
