"""Killed and interrupted anywhere, then run again: the tables are those of an uninterrupted run."""

import os
import signal
import subprocess
import time

from running import command, run


def test_killed_jobs_and_an_interrupted_run_end_in_the_same_tables(house, finished, tmp_path):
    # kill -9 of jobs in three stages; what does not need what they were to make goes on
    for scripts in (("separate_stems.py", "cache_mixture_mels.py"), ("pretrain_encoder.py",)):
        with start(house, tmp_path) as process:
            for script in scripts:
                kill_job(process, script)
            assert process.wait() != 0
    # Ctrl-C while heads are trained
    with start(house, tmp_path) as process:
        wait_for_job(process, "train_probe.py")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the run
        assert process.wait() != 0
    run(house, tmp_path)
    expected = sorted((finished / "results").rglob("*.csv"))
    assert len(expected) > 10
    for path in expected:
        again = tmp_path / path.relative_to(finished)
        assert again.read_bytes() == path.read_bytes(), path.name


def start(house, directory):
    """Start a run in the background, in a session of its own."""
    return subprocess.Popen(
        command(house, directory),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )


def heed_interrupts():
    """Undo what a shell does to its background jobs, which is to make them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def kill_job(process, script):
    os.kill(wait_for_job(process, script), signal.SIGKILL)


def wait_for_job(process, script, at_most_seconds=300):
    """Wait until a job's script runs; return its process id."""
    until = time.monotonic() + at_most_seconds
    while time.monotonic() < until:
        assert process.poll() is None, f"the run ended with {process.returncode} before {script} was started"
        for pid in session_members(process.pid):
            if script in command_line(pid):
                time.sleep(0.5)  # so that it is at work
                return pid
        time.sleep(0.1)
    raise AssertionError(f"{script} was not started within {at_most_seconds} s")


def session_members(session):
    """The Python processes of a session, by /proc."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getsid(int(entry)) == session and "python" in command_line(int(entry)).split("\0")[0]:
                    yield int(entry)
            except ProcessLookupError:
                continue


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            return file.read()
    except OSError:
        return ""
