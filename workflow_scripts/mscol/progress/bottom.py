"""A line that stays at the bottom of a terminal, below other output."""

import contextlib
import os
import sys
import threading

_ERASE = "\r\x1b[K"


class BottomLine:
    """A stream that keeps one line below everything that is written to it.

    The line is erased before other text and drawn again once that text ends with a newline. The stream replaces the terminal in a
    handler and in `sys`, and forwards all other calls to it.

    Parameters
    ----------
    handler : logging.StreamHandler
        A handler that writes to a terminal.
    """

    def __init__(self, handler):
        self._handler, self._stream = handler, handler.stream
        self._lock = threading.RLock()
        self._line = ""
        self._is_drawn, self._is_at_start = False, True
        self._put(self._stream, self)

    def _put(self, old, new):
        """Replace a stream in the handler and in `sys`, to see all output of this process."""
        self._handler.stream = new
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is old:
                setattr(sys, name, new)

    def leave(self):
        """Erase the line and restore the terminal."""
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
        """Flush and draw the line again."""
        with self._lock:
            self._draw()
            self._stream.flush()

    def show(self, line):
        """Replace the line; an empty string removes it."""
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
        """Cut the line to the current width of the terminal, because a wrapped line cannot be erased."""
        width = 0  # some terminals report 0 themselves
        with contextlib.suppress(OSError, ValueError):
            width = os.get_terminal_size(self._stream.fileno()).columns
        width = (width or 80) - 1
        return self._line if len(self._line) <= width else self._line[: max(0, width - 3)] + "..."
