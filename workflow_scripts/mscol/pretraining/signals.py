"""Handle the signals that announce the end of a run."""

import contextlib
import signal
import threading

# A cluster's signal before the time limit, and Ctrl-C
WARNINGS = (signal.SIGTERM, signal.SIGINT)


class Warned:
    """Holds the signal that has arrived.

    Attributes
    ----------
    by : str or None
        Name of the signal; None if there was none.
    """

    by = None


@contextlib.contextmanager
def heed_warnings():
    """Record a SIGTERM or Ctrl-C during a block instead of ending at once; a further Ctrl-C does end at once.

    A further SIGTERM changes nothing: when a scheduler ends a job, it sends one and Snakemake sends another,
    and the second one must not interrupt saving. This works in the main thread only; in other threads, signals keep
    their usual effect.

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
