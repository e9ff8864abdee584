# Prints, beside the table of jobs, how many jobs a manifest may add. No rules here.

import logging
import os
from collections import Counter

from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from mscol.graph.ahead import tell_jobs_ahead


def jobs_behind_manifests():
    """The jobs that pending manifests may make stale, whether scheduled already or not, and the manifest jobs."""
    manifests = {
        job
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if own_rule(job) == "write_manifest"
    }
    return (
        set(workflow.dag.bfs(workflow.dag.depending, *manifests)) - manifests,
        manifests,
    )


def say_jobs_ahead():
    """Print what pending manifests may add; nothing if --quiet hides the table of jobs."""
    behind, manifests = jobs_behind_manifests()
    if not manifests or {Quietness.PROGRESS, Quietness.ALL} & set(quietness()):
        return
    to_run = set(workflow.dag.needrun_jobs(exclude_finished=False))
    more = [job for job in behind - to_run if not job.rule.norun]
    logger.info(
        tell_jobs_ahead(
            sorted(job.wildcards.dataset for job in manifests),
            any(os.path.exists(job.output.clips) for job in manifests),
            Counter(map(own_rule, more)),
        )
    )


def quietness():
    """The values of --quiet."""
    return workflow.output_settings.quiet or ()


class AfterTables(logging.Handler):
    """Acts after tables of jobs. Snakemake calls no hook in a dry run or in a module, but it logs these tables."""

    n_tables = 0

    def emit(self, record):
        if getattr(record, "event", None) != LogEvent.RUN_INFO:
            return
        if IS_MODULE and not workflow.dryrun:
            start_as_module()
        say_jobs_ahead()
        self.n_tables += 1
        # A dry run has two tables; with --quiet it ends after the first.
        is_last = self.n_tables == 2 or set(quietness()) == {
            Quietness.RULES,
            Quietness.PROGRESS,
        }
        if workflow.dryrun and is_last and estimated_targets():
            say_what_is_left()


# Snakemake removes it with its own handlers at the end.
if SPEAKS:
    logger.addHandler(AfterTables())
