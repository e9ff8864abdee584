"""The line at the bottom of a terminal, looked at as a terminal shows it."""

import contextlib
import logging
import os
import pty

import pytest

from mscol.progress.bottom import BottomLine


class Screen:
    """What a terminal shows that knows line ends, carriage returns and how to erase a line."""

    def __init__(self, handler, reading):
        self.handler, self._reading, self._written = handler, reading, ""

    def rows(self):
        os.set_blocking(self._reading, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._written += os.read(self._reading, 65536).decode()
        return [row.rpartition("\r\x1b[K")[2] for row in self._written.replace("\r\n", "\n").split("\n")]


@pytest.fixture
def screen():
    reading, writing = pty.openpty()
    with open(writing, "w", encoding="utf-8") as stream:
        yield Screen(logging.StreamHandler(stream), reading)
    os.close(reading)


def say(handler, text):
    handler.emit(logging.LogRecord("x", logging.INFO, "x", 1, text, (), None))


def test_the_line_stays_below_other_output(screen):
    line = BottomLine(screen.handler)
    line.show("1 % done.")
    say(screen.handler, "Job 1")
    say(screen.handler, "Job 2\nReason: none")
    line.show("2 % done.")
    assert screen.rows() == ["Job 1", "Job 2", "Reason: none", "2 % done."]


def test_no_line_is_drawn_into_one_that_has_not_ended(screen):
    line = BottomLine(screen.handler)
    screen.handler.stream.write("Half of ")
    line.show("1 % done.")
    screen.handler.stream.write("a line\n")
    screen.handler.stream.flush()
    assert screen.rows() == ["Half of a line", "1 % done."]


def test_nothing_of_it_is_left_behind(screen):
    stream = screen.handler.stream
    line = BottomLine(screen.handler)
    line.show("1 % done.")
    line.leave()
    say(screen.handler, "The end")
    line.show("2 % done.")
    assert screen.handler.stream is stream and screen.rows() == ["The end", ""]


def test_a_line_that_is_too_long_is_cut_to_the_width_of_the_terminal(screen, monkeypatch):
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((20, 40)))
    BottomLine(screen.handler).show("1 % done. pretrain_encoder mixture seed 1")
    assert screen.rows() == ["1 % done. pretra..."]
