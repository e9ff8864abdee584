"""Where a job stands, read off a log that a job has really written."""

import logging
import os
import time

import pytest

from mscol.jobs.logs import Progress
from mscol.progress.standing import read_standing


@pytest.fixture
def log(tmp_path):
    """A log as `log_to_file` sets it up."""
    handler = logging.FileHandler(tmp_path / "job.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield tmp_path / "job.log"
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


def test_the_last_count_of_a_log_says_where_a_job_stands(log):
    progress = Progress("updates", 150, every=0)
    progress.step(40, "Loss 3.601, accuracy 0.039; validation 3.339, 0.070; 70 pairs/s.")
    progress.step(20, "Loss 2.31, accuracy 0.070.")  # now with the time left
    logging.info("Saved checkpoints/mixture/seed1/update-000000050.npz in 0.1 s.")
    standing = read_standing(log, since=0)
    assert (standing.share, standing.text) == (0.4, "60 of 150 updates, loss 2.31")


@pytest.mark.parametrize(
    ("total", "share", "text"), [(None, None, "12,000 MB"), (48_000.0, 0.25, "12,000 of 48,000 MB")]
)
def test_a_count_without_a_note_is_read_with_and_without_a_total(log, total, share, text):
    Progress("MB", total, every=0).step(12_000)
    standing = read_standing(log, since=0)
    assert (standing.share, standing.text) == (share, text)


def test_the_log_of_an_earlier_attempt_says_nothing(log):
    Progress("clips", 10, every=0).step(9)
    os.utime(log, (time.time() - 60, time.time() - 60))
    assert read_standing(log, since=time.time() - 30) is None


def test_a_job_that_has_begun_without_a_count_is_at_work(log):
    logging.info("Computing with TensorFlow: no GPU is available to this job.")
    standing = read_standing(log, since=0)
    assert (standing.share, standing.text) == (None, "")


@pytest.mark.parametrize("name", [None, "is not there.log"])
def test_a_job_without_a_log_has_not_begun(name):
    assert read_standing(name, since=0) is None


def test_only_the_end_of_a_long_log_is_read(log):
    Progress("clips", 10, every=0).step(1)
    for _ in range(2000):
        logging.info("Something else.")
    assert read_standing(log, since=0).text == ""
