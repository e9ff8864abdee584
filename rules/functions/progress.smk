# The jobs of the current run, as progress sees them. No rules here.

import io
import os
import sys
from contextlib import redirect_stderr

from snakemake.cli import parse_args
from snakemake.logging import logger
from snakemake.settings.enums import Quietness

from mscol.progress.bottom import BottomLine
from mscol.progress.course import Job
from mscol.progress.prices import ask_prices
from mscol.progress.record import RECORD
from mscol.progress.watch import Watch

# It prices jobs that are not made yet.
NOT_WATCHED = ("estimate",)
NOT_ESTIMATED = ("estimate", "fetch_dataset")
WATCHED, TAKEN = {}, {}


def asks_for_progress():
    """Whether the command line has the target `progress`; `--quiet progress` does not count."""
    if called("progress") not in sys.argv:
        return False
    with redirect_stderr(io.StringIO()):  # it prints the profile again
        return called("progress") in parse_args(sys.argv[1:])[1].targets


def jobs_now():
    """All jobs of this run, started jobs, finished jobs, and jobs that can no longer run (`Watch`).

    Called from another thread than Snakemake's, so it copies each collection in one step.
    """
    dag, scheduler = workflow.dag, workflow.scheduler
    to_run = list(dag.needrun_jobs(exclude_finished=False))
    started = list(scheduler.running)
    # A checkpoint removes finished jobs.
    over = [job for job in list(WATCHED) if dag.finished(job)]
    lost = behind(single_jobs(list(scheduler.failed)))
    return tuple(
        [as_watched(job) for job in single_jobs(jobs)]
        for jobs in (to_run, started, over, lost)
    )


def single_jobs(entries):
    """The jobs among scheduled entries: groups are split, and jobs that make nothing are left out."""
    jobs = [
        job for entry in entries for job in (entry if entry.is_group() else [entry])
    ]
    return [job for job in jobs if not job.rule.norun]


def behind(jobs):
    """Some jobs, and all jobs that depend on them."""
    found = dict.fromkeys(jobs)
    for job in jobs:
        for later in list(workflow.dag.depending.get(job, ())):
            if later not in found:
                found[later] = None
                jobs.append(later)
    return jobs


def as_watched(job):
    """The watched job of a Snakemake job; always the same object."""
    if job not in WATCHED:
        log = str(job.log[0]) if job.log else None
        # In a module also jobs of the other workflow, which the estimate does not know
        name = own_rule(job) or job.rule.name
        WATCHED[job] = Job(name, dict(job.wildcards_dict), log, *taken_by(job))
    return WATCHED[job]


def taken_by(job):
    """Threads and GPUs of a job, from the first job of its rule: asking every job would take long."""
    name = job.rule.name
    if name not in TAKEN:
        # All jobs that could use a GPU ask for one, with or without a GPU.
        has_gpus = gpus_of_run() or not workflow.local_exec
        TAKEN[name] = job.threads, int(job.resources.get("gpu", 0)) * bool(has_gpus)
    return TAKEN[name]


def gpus_of_run():
    """The number of GPUs of this machine that jobs of this run may use at once."""
    return workflow.scheduler.global_resources.get("gpu", 0)


def price(jobs):
    """Give watched jobs their estimated costs."""
    known = [
        job for job in jobs if rules.has(job.rule) and job.rule not in NOT_ESTIMATED
    ]
    prices = ask_prices(estimated_run(), [(job.rule, job.wildcards) for job in known])
    cores = workflow.resource_settings.cores if workflow.local_exec else None
    for job, its_price in zip(known, prices or ()):
        job.price(*its_price, cores, gpus_of_run())


def is_quiet():
    """Whether --quiet hides progress."""
    return bool({Quietness.PROGRESS, Quietness.ALL} & set(quietness()))


def say_progress(line):
    """Log the progress of the run with Snakemake's messages."""
    logger.info(line, extra={"quietness": Quietness.PROGRESS})


def take_bottom_line():
    """Reserve the last line of the terminal; None if it cannot be rewritten, or --quiet hides progress."""
    handlers = [
        known for known in logger.handlers if known.name == "DefaultStreamHandler"
    ]
    can_rewrite = handlers and handlers[0].is_tty and os.environ.get("TERM") != "dumb"
    return BottomLine(handlers[0]) if can_rewrite and not is_quiet() else None
