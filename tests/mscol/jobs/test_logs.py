"""What every job does first."""

import os
import subprocess
import sys
import time

import pytest

from mscol.jobs.logs import Progress

NOTEBOOKS = (
    "module://matplotlib_inline.backend_inline_that_is_not_here"  # every notebook sets one of this kind
)


@pytest.mark.parametrize(
    "program",
    [
        "from mscol.jobs.logs import log_to_file; log_to_file('x.log'); import matplotlib.figure, keras",
        "from mscol.__main__ import main; main(['embed', 'x.wav', '--encoder', 'x.keras', '-o', 'x.csv']); import matplotlib.figure",
    ],
)
def test_a_notebooks_setting_for_figures_stops_no_job(tmp_path, program):
    (tmp_path / "x.keras").write_text("no encoder")
    environment = os.environ | {"MPLBACKEND": NOTEBOOKS}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    log = tmp_path / "x.log"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")


def test_log_of_a_job_says_in_a_sentence_which_extra_is_missing(tmp_path):
    program = (
        "import sys; from mscol.jobs.logs import log_to_file; log_to_file('x.log'); sys.modules['matplotlib'] = None; "
        "import mscol.figures.style"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path)
    [line] = (tmp_path / "x.log").read_text().splitlines()
    assert (
        done.returncode == 1
        and "ERROR matplotlib is required but not installed. Install it: pip install" in line
    )
    assert "[workflow]'" in line


def test_time_left_is_logged_from_the_second_line_on_and_leaves_out_the_first(monkeypatch, caplog):
    caplog.set_level("INFO")
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress("updates", 100, every=20)
    for seconds in (60, 1, 1, 25, 25):  # compiling, then two updates, then slower ones
        now[0] += seconds
        progress.step(note="Loss 4.1.")
    assert caplog.messages == [
        "1 of 100 updates done. Loss 4.1.",
        "4 of 100 updates done, about 14 min 24 s left. Loss 4.1.",
        "5 of 100 updates done, about 20 min 35 s left. Loss 4.1.",
    ]


def test_no_time_left_is_logged_if_the_total_is_unknown(caplog):
    caplog.set_level("INFO")
    progress = Progress("MB", None, every=0)
    progress.step(2)
    progress.step(3)
    assert caplog.messages == ["2 MB done.", "5 MB done."]
