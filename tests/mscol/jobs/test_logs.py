"""What every job does first."""

import os
import subprocess
import sys

import pytest

NOTEBOOKS = (
    "module://matplotlib_inline.backend_inline_that_is_not_here"  # every notebook sets one of this kind
)


@pytest.mark.parametrize(
    "program",
    [
        "from mscol.jobs.logs import log_to_file; log_to_file('x.log'); import matplotlib.figure, keras",
        "from mscol.__main__ import main; main(['embed', 'x.wav', '--encoder', 'x', '-o', 'x.csv']); import matplotlib.figure",
    ],
)
def test_a_notebooks_setting_for_figures_stops_no_job(tmp_path, program):
    (tmp_path / "x").write_text("no encoder")
    environment = os.environ | {"MPLBACKEND": NOTEBOOKS}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    log = tmp_path / "x.log"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
