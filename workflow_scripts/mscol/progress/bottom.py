"""A line that stays at the bottom of a terminal, below what else is written there."""

import contextlib
import os
import sys
import threading

_ERASE = "\r\x1b[K"


class BottomLine:
    """A stream that keeps a line below what is written to it.

    The line is erased before other text, and drawn again as soon as that has ended a line. It takes the place of a terminal
    in a handler and in `sys`, and gives all else on to it.

    Parameters
    ----------
    handler : logging.StreamHandler
        It writes to a terminal.
    """

    def __init__(self, handler):
        self._handler, self._stream = handler, handler.stream
        self._lock = threading.RLock()
        self._line = ""
        self._is_drawn, self._is_at_start = False, True
        self._put(self._stream, self)

    def _put(self, old, new):
        """Take the place of a stream, so that all that this process writes there is seen."""
        self._handler.stream = new
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is old:
                setattr(sys, name, new)

    def leave(self):
        """Erase the line for good, and give the terminal back."""
        self.show("")
        self._put(self, self._stream)

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        """Write text above the line."""
        with self._lock:
            self._erase()
            written = self._stream.write(text)
            if text:
                self._is_at_start = text.endswith("\n")
            return written

    def flush(self):
        """Flush, and draw the line again."""
        with self._lock:
            self._draw()
            self._stream.flush()

    def show(self, line):
        """Put another line in the place of the last; an empty one for none."""
        with self._lock:
            if self._handler.stream is not self:
                return
            self._erase()
            self._line = line
            self.flush()

    def _erase(self):
        if self._is_drawn:
            self._stream.write(_ERASE)
            self._is_drawn = False

    def _draw(self):
        if self._line and self._is_at_start and not self._is_drawn:
            self._stream.write(self._fitted())
            self._is_drawn = True

    def _fitted(self):
        """The line, cut to the width that the terminal has now: one that is wrapped could not be erased."""
        width = 0  # which some terminals say themselves
        with contextlib.suppress(OSError, ValueError):
            width = os.get_terminal_size(self._stream.fileno()).columns
        width = (width or 80) - 1
        return self._line if len(self._line) <= width else self._line[: max(0, width - 3)] + "..."
