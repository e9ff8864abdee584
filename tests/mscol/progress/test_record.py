"""What `progress` prints in another terminal about a run that goes on, has ended, or was killed."""

import json
import os
import socket
import subprocess
import sys
import time

from mscol.progress.course import Course, Job
from mscol.progress.record import tell_record, write_record


def a_course(started, log=None):
    jobs = [
        Job("embed_clips", {"dataset": "fma", "model": "mixture"}, log),
        Job("train_probe", {"dataset": "fma"}),
    ]
    course = Course(started)
    course.see(started, jobs, jobs[:1], jobs[1:])
    return course


def test_a_run_that_goes_on_says_what_runs(tmp_path):
    now = time.time()
    log = tmp_path / "job.log"
    course = a_course(now, str(log))
    log.write_text("2026-11-27 01:35:52 INFO 30 of 120 crops done.\n")
    os.utime(log, (now + 1, now + 1))
    course.see(now + 300, course.jobs, course.running, course.done)
    write_record(course, now + 300, tmp_path / "logs" / "progress.json")
    assert tell_record(now + 301, tmp_path / "logs" / "progress.json").splitlines() == [
        "62 % done, about 3 minutes left, after 5 min 1 s: 1 of 2 jobs.",
        "Running:",
        "  embed_clips fma mixture: 30 of 120 crops (for 5 min 0 s)",
    ]


def test_a_run_that_has_ended_says_so(tmp_path):
    write_record(a_course(0.0), 60.0, tmp_path / "progress.json", is_over=True)
    printed = tell_record(time.time(), tmp_path / "progress.json")
    assert (
        printed.startswith("No run is active. The last one ended at 1970-01-01")
        and "1 of 2 jobs were done" in printed
    )


def test_a_run_whose_process_is_gone_was_killed(tmp_path):
    program = (
        "import sys; from mscol.progress.course import Course; from mscol.progress.record import write_record; "
        "write_record(Course(0.0), 60.0, sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "progress.json"], check=True)
    printed = tell_record(time.time(), tmp_path / "progress.json")
    assert printed.startswith("No run is active. The last one was killed at 1970-01-01")


def test_a_run_on_another_machine_that_has_fallen_silent_is_reported_with_its_last_word(tmp_path):
    path = tmp_path / "progress.json"
    write_record(a_course(0.0), 60.0, path)
    record = json.loads(path.read_text()) | {"host": f"not-{socket.gethostname()}"}
    path.write_text(json.dumps(record))
    assert tell_record(70.0, path).startswith("50 % done")
    assert (
        f"The run on not-{socket.gethostname()} (process {os.getpid()}) last wrote its progress at"
        in tell_record(1e4, path)
    )


def test_a_folder_without_a_run_says_so_and_a_damaged_record_is_none(tmp_path):
    assert tell_record(0.0, tmp_path / "progress.json") == "No run was started in this folder yet."
    (tmp_path / "progress.json").write_text('{"over": tr')
    assert tell_record(0.0, tmp_path / "progress.json") == "No run was started in this folder yet."


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "logs").write_text("no folder")
    write_record(a_course(0.0), 60.0, tmp_path / "logs" / "progress.json")
