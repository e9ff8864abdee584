"""How far a run is, and how long it still takes, of runs whose jobs take what we say."""

import os

import pytest

from mscol.progress.course import Course, Job
from mscol.progress.words import tell_line


def at_work(folder, name, line="Something.", at=0.0):
    """The log of a job that has written a line."""
    path = folder / f"{name}.log"
    path.write_text(f"2026-11-27 01:35:52 INFO {line}\n")
    os.utime(path, (at, at))
    return str(path)


def job(seconds, log=None, stage="heads", machine=1.0, rule="train_probe"):
    return Job(rule, {"model": "mixture", "seed": "1"}, log, stage=stage, seconds=seconds, machine=machine)


def run_one_after_another(course, jobs, pace, now=0.0):
    """Let jobs run one after another, each as many times longer than estimated as `pace` says."""
    everything, done = set(course.jobs) | set(jobs), set(course.done)
    for one in jobs:
        course.see(now, everything, [one], done)
        now += pace * one.seconds
        done.add(one)
        course.see(now, everything, [], done)
    return now


def test_what_is_done_is_weighed_by_cost_and_not_by_jobs(tmp_path):
    small, large = [job(1) for _ in range(10)], job(90)
    course = Course(0.0)
    course.see(0.0, [*small, large], [], small)
    assert course.share == pytest.approx(0.1)


def test_a_job_counts_by_what_it_says_of_itself(tmp_path):
    log = at_work(tmp_path, "a", "60 of 150 updates done. Loss 2.31, accuracy 0.07.", at=5)
    one, other = job(3000, log, rule="pretrain_encoder"), job(1000)
    course = Course(0.0)
    course.see(0.0, [one, other], [one], [])
    course.see(10.0, [one, other], [one], [])
    assert course.share == pytest.approx(0.4 * 3000 / 4000)
    assert (
        tell_line(course, 10.0) == "30 % done. pretrain_encoder mixture seed 1: 60 of 150 updates, loss 2.31"
    )


def test_a_job_that_waits_in_a_queue_has_done_nothing_and_taken_no_time(tmp_path):
    waiting = [
        job(50, at_work(tmp_path, str(n), "9 of 10 clips done.", at=0)) for n in range(3)
    ]  # an earlier run's
    course = Course(100.0)
    course.see(100.0, waiting, waiting, [])
    course.see(5000.0, waiting, waiting, [])
    assert course.share == 0 and course.seconds_left(5000.0) is None


@pytest.mark.parametrize("pace", [0.5, 1, 4])
def test_time_left_follows_the_pace_of_this_machine(tmp_path, pace):
    jobs = [job(60, at_work(tmp_path, str(n), at=1e9)) for n in range(10)]
    course = Course(0.0)
    course.see(0.0, jobs, [], [])
    now = run_one_after_another(course, jobs[:5], pace)
    assert course.seconds_left(now) == pytest.approx(5 * 60 * pace, rel=0.1)


def test_a_slow_stage_says_little_of_another(tmp_path):
    heads = [job(60, at_work(tmp_path, f"h{n}", at=1e9)) for n in range(10)]
    passes = [job(60, at_work(tmp_path, f"p{n}", at=1e9), stage="embeddings") for n in range(20)]
    course = Course(0.0)
    course.see(0.0, [*heads, *passes], [], [])
    now = run_one_after_another(course, heads, 5)
    now = run_one_after_another(course, passes[:10], 1, now)
    assert course.seconds_left(now) == pytest.approx(10 * 60, rel=0.15)


def test_what_an_earlier_attempt_has_done_makes_this_machine_no_faster(tmp_path):
    log = at_work(tmp_path, "resumed", "Going on from the checkpoint of update 800 of 1000.", at=1e9)
    one = job(1000, log, stage="pretraining", rule="pretrain_encoder")
    course = Course(0.0)
    course.see(0.0, [one], [one], [])
    at_work(tmp_path, "resumed", "900 of 1000 updates done.", at=1e9)
    course.see(200.0, [one], [one], [])  # half as fast as estimated
    assert course.share == pytest.approx(0.9)
    assert course.seconds_left(200.0) == pytest.approx(200, rel=0.15)


def test_a_long_job_that_leaves_most_of_the_machine_idle_still_takes_its_time(tmp_path):
    short = [job(60, at_work(tmp_path, str(n), at=1e9)) for n in range(4)]
    long = job(36000, machine=1 / 16, rule="pretrain_encoder")
    course = Course(0.0)
    course.see(0.0, [*short, long], [], [])
    now = run_one_after_another(course, short, 1)
    assert course.seconds_left(now) == pytest.approx(36000, rel=0.05)


def test_nothing_is_reported_of_time_before_there_is_enough_to_go_by(tmp_path):
    jobs = [job(10, at_work(tmp_path, str(n), at=1e9)) for n in range(100)]
    course = Course(0.0)
    course.see(0.0, jobs, [], [])
    now = run_one_after_another(course, jobs[:2], 1)
    assert course.seconds_left(now) is None and "left" not in tell_line(course, now)
    now = run_one_after_another(course, jobs[2:10], 1, now)
    assert tell_line(course, now) == "10 % done, about 15 minutes left."


def test_jobs_that_a_checkpoint_adds_and_takes_away_are_counted(tmp_path):
    first, second, third = job(10), job(10), job(20)
    course = Course(0.0)
    course.see(0.0, [first, second], [first], [])
    course.see(10.0, [third], [], [first])
    course.see(11.0, [third], [], [])
    assert course.jobs == {first, third} and course.share == pytest.approx(10 / 30)


def test_what_failed_and_what_needs_it_is_reported_and_takes_no_time(tmp_path):
    jobs = [job(60, at_work(tmp_path, str(n), at=1e9)) for n in range(4)]
    course = Course(0.0)
    course.see(0.0, jobs, [], [])
    now = run_one_after_another(course, jobs[:2], 1)
    course.see(now, jobs, [], jobs[:2], lost=jobs[2:])
    assert course.seconds_left(now) == 0
    assert tell_line(course, now).startswith(
        "50 % done, about a minute left; 2 jobs failed or need one that did."
    )


@pytest.mark.parametrize(
    ("cores", "gpus", "all_gpus", "seconds", "machine"),
    [
        (16, 0, 0, 50.0, 2 / 16),  # two threads of sixteen cores
        (16, 1, 2, 8.0, 1 / 2),  # one of two GPUs
        (None, 1, 0, 8.0, 1.0),  # a cluster
        (None, 0, 0, 50.0, 1.0),
    ],
)
def test_a_job_costs_its_seconds_and_its_share_of_the_machine(cores, gpus, all_gpus, seconds, machine):
    one = Job("pretrain_encoder", {}, threads=2, gpus=gpus)
    one.price("pretraining", 100.0, 8.0, cores, all_gpus)
    assert (one.seconds, one.machine) == (seconds, machine)
