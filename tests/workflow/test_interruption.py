"""Killed and interrupted anywhere, then run again: the tables are those of an uninterrupted run."""

import contextlib
import os
import signal
import subprocess
import time

from running import command, run


def test_killed_jobs_and_an_interrupted_run_end_in_the_same_tables(house, finished, tmp_path):
    # kill -9 of jobs in three stages; what does not need what they were to make goes on
    for scripts in ({"separate_stems.py", "cache_mixture_mels.py"}, {"pretrain_encoder.py"}):
        with start(house, tmp_path) as process:
            kill_one_job_of_each(process, scripts)
            assert process.wait() != 0
    # Ctrl-C while heads are trained
    with start(house, tmp_path) as process:
        wait_for_job(process, {"train_probe.py"})
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the run
        assert process.wait() != 0
    run(house, tmp_path)
    expected = sorted((finished / "results").rglob("*_bass_vocals.csv"))
    assert len(expected) == 6
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


def kill_one_job_of_each(process, scripts):
    """Kill the first job that is caught at work of each script, in whatever order they come."""
    while scripts:
        script, pid = wait_for_job(process, scripts)
        time.sleep(0.3)  # so that it is at work
        with contextlib.suppress(ProcessLookupError):  # too quick for us: the next one, then
            os.kill(pid, signal.SIGKILL)
            scripts = scripts - {script}


def wait_for_job(process, scripts, at_most_seconds=300):
    """Wait until one of the scripts runs; return it and its process id."""
    until = time.monotonic() + at_most_seconds
    while time.monotonic() < until:
        assert process.poll() is None, (
            f"the run ended with {process.returncode} before {scripts} were started"
        )
        for pid in session_members(process.pid):
            for script in scripts:
                if script in command_line(pid):
                    return script, pid
        time.sleep(0.1)
    raise AssertionError(f"{scripts} were not started within {at_most_seconds} s")


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
