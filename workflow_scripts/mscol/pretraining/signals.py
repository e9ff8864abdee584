"""Heed the warning before a run is ended."""

import contextlib
import signal
import threading

# A cluster's warning before the time limit, and Ctrl-C
WARNINGS = (signal.SIGTERM, signal.SIGINT)


class Warned:
    """Whether a warning has come.

    Attributes
    ----------
    by : str or None
        The name of the signal.
    """

    by = None


@contextlib.contextmanager
def heed_warnings():
    """Note a SIGTERM or Ctrl-C of a block instead of ending at once; a Ctrl-C after it does end at once.

    A SIGTERM after it changes nothing: where a scheduler ends a job, it comes from the scheduler and once more from
    Snakemake, and the second must not cut what the first let save. Only the main thread can do so; elsewhere, signals do
    what they always do.

    Yields
    ------
    Warned
    """
    warned = Warned()
    if threading.current_thread() is not threading.main_thread():
        yield warned
        return

    def note(number, frame):
        warned.by = warned.by or signal.Signals(number).name
        signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, note) for number in WARNINGS}
    try:
        yield warned
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
