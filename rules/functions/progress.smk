# What is known of the jobs of a run that is going on. No rules here.

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

# It is asked about what is not yet made.
NOT_WATCHED = ("estimate",)
NOT_ESTIMATED = ("estimate", "fetch_dataset")
WATCHED, TAKEN = {}, {}


def asks_for_progress():
    """Whether the command line asks how far a run is. `--quiet progress` does not."""
    if called("progress") not in sys.argv:
        return False
    with redirect_stderr(io.StringIO()):  # it says again which profile it reads
        return called("progress") in parse_args(sys.argv[1:])[1].targets


def jobs_now():
    """All jobs of this run, those that were started, those that are over, and those that cannot be done any more (`Watch`).

    It is called from a thread beside Snakemake's own, and so copies what it looks at, each in one step.
    """
    dag, scheduler = workflow.dag, workflow.scheduler
    to_run = list(dag.needrun_jobs(exclude_finished=False))
    started = list(scheduler.running)
    # A checkpoint takes away what is over.
    over = [job for job in list(WATCHED) if dag.finished(job)]
    lost = behind(single_jobs(list(scheduler.failed)))
    return tuple(
        [as_watched(job) for job in single_jobs(jobs)]
        for jobs in (to_run, started, over, lost)
    )


def single_jobs(entries):
    """The jobs among what is scheduled: those of groups one by one, and none that make nothing."""
    jobs = [
        job for entry in entries for job in (entry if entry.is_group() else [entry])
    ]
    return [job for job in jobs if not job.rule.norun]


def behind(jobs):
    """Some jobs, and all that need what they make."""
    found = dict.fromkeys(jobs)
    for job in jobs:
        for later in list(workflow.dag.depending.get(job, ())):
            if later not in found:
                found[later] = None
                jobs.append(later)
    return jobs


def as_watched(job):
    """A job as it is watched; the same each time, so that it is known again."""
    if job not in WATCHED:
        log = str(job.log[0]) if job.log else None
        # In a module also those of the other workflow, which no estimate knows
        name = own_rule(job) or job.rule.name
        WATCHED[job] = Job(name, dict(job.wildcards_dict), log, *taken_by(job))
    return WATCHED[job]


def taken_by(job):
    """Threads and GPUs of a job, by the first one of its rule: those of all jobs would take long."""
    name = job.rule.name
    if name not in TAKEN:
        # Here all jobs that would use a GPU ask for one, whether there is one or not.
        has_gpus = gpus_of_run() or not workflow.local_exec
        TAKEN[name] = job.threads, int(job.resources.get("gpu", 0)) * bool(has_gpus)
    return TAKEN[name]


def gpus_of_run():
    """The GPUs of this machine that jobs of this run may use at once."""
    return workflow.scheduler.global_resources.get("gpu", 0)


def price(jobs):
    """Tell watched jobs what the estimate says of them."""
    known = [
        job for job in jobs if rules.has(job.rule) and job.rule not in NOT_ESTIMATED
    ]
    prices = ask_prices(estimated_run(), [(job.rule, job.wildcards) for job in known])
    cores = workflow.resource_settings.cores if workflow.local_exec else None
    for job, its_price in zip(known, prices or ()):
        job.price(*its_price, cores, gpus_of_run())


def is_quiet():
    """Whether --quiet leaves out how far the run is."""
    return bool({Quietness.PROGRESS, Quietness.ALL} & set(quietness()))


def say_progress(line):
    """Say how far the run is, where Snakemake says what it does."""
    logger.info(line, extra={"quietness": Quietness.PROGRESS})


def take_bottom_line():
    """Keep the last line of the terminal; None where there is none that can be rewritten, or nothing is to be said there."""
    handlers = [
        known for known in logger.handlers if known.name == "DefaultStreamHandler"
    ]
    can_rewrite = handlers and handlers[0].is_tty and os.environ.get("TERM") != "dumb"
    return BottomLine(handlers[0]) if can_rewrite and not is_quiet() else None
