"""How far a run is: in its log, at the bottom of a terminal, and in another terminal."""

import os
import pty
import re
import signal
import subprocess
import threading
import time

from running import command, run

ERASE = b"\r\x1b[K"


def test_the_log_of_a_run_says_how_far_it_is_on_lines_of_their_own(finished):
    [first, *_] = sorted((finished / ".snakemake" / "log").glob("*.snakemake.log"))
    printed = first.read_text()
    lines = re.findall(
        r"^(\d+) % done(?:, about [\d.]+ \w+ left|, about a minute left)?\.(?: \w.+)?$", printed, re.MULTILINE
    )
    assert lines and int(lines[0]) <= int(lines[-1]) and printed.count(" % done") == len(lines)
    assert "\x1b[K" not in printed


def test_a_terminal_keeps_a_line_at_its_bottom_and_another_one_may_ask(workflow, tmp_path):
    targets = ("mels/mtat/000-of-002/mixture.npy", "mels/mtat/001-of-002/mixture.npy")
    before = run(workflow, tmp_path, "progress")
    written, asked = watched(workflow, tmp_path, *targets, ask=True)
    after = run(workflow, tmp_path, "progress")
    assert before.endswith("No run was started in this folder yet.\n")
    assert re.search(
        r"^\d+ % done.*, after \d+ .*: \d of 4 jobs\.\nRunning:\n  \w+ mtat.*\(for \d+ s\)$",
        asked,
        re.MULTILINE,
    )
    assert re.search(
        r"^No run is active. The last one ended at .*: all 4 jobs were done\.$",
        after,
        re.MULTILINE,
    )
    drawn = re.findall(
        rb"^\d+ % done\. \w+ mtat[^\r\n]*(?=\r\x1b\[K)", written.replace(ERASE, ERASE + b"\n"), re.MULTILINE
    )
    assert len(drawn) > 3
    # What stays on the screen is what Snakemake says, each line whole
    assert b" % done" not in b"".join(row.rpartition(ERASE)[2] for row in written.split(b"\n"))
    assert all(
        row.partition(ERASE)[0] == b"" or b" % done" in row.partition(ERASE)[0]
        for row in written.split(b"\n")
        if ERASE in row
    )


def test_a_quiet_run_says_nothing_of_it_but_may_be_asked(workflow, tmp_path):
    written, _ = watched(workflow, tmp_path, "manifests/fma/clips.csv", "--quiet", "progress", ask=False)
    assert b"Listing" in written and b" % done" not in written
    assert "The last one ended" in run(workflow, tmp_path, "progress")


def watched(workflow, directory, *arguments, ask):
    """Run in a terminal; return what was written there, and what another one was told meanwhile."""
    reading, writing = pty.openpty()
    process = subprocess.Popen(
        command(workflow, directory, *arguments),
        stdin=writing,
        stdout=writing,
        stderr=writing,
        env=os.environ | {"TERM": "xterm", "PYTHONFAULTHANDLER": "1"},
        start_new_session=True,
    )
    os.close(writing)
    hanging = threading.Timer(600, end, [process])
    hanging.start()
    written, asked = b"", ""
    try:
        while data := os.read(reading, 65536):
            written += data
            if ask and not asked and b" % done" in written:
                asked = run(workflow, directory, "progress")
    except OSError:  # the other end was closed
        pass
    finally:
        hanging.cancel()
    os.close(reading)
    assert process.wait() == 0, written.decode()[-4000:]
    return written, asked


def end(process):
    """End a run that hangs: it prints where all of its threads are."""
    process.send_signal(signal.SIGABRT)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGKILL)
