# What a run prints at its end. No rules here.

import csv
import os
from pathlib import Path
from shlex import quote


def end_run():
    """Tidy up after a successful run, and print its results."""
    for job in workflow.dag.jobs:
        if own_rule(job) == "write_manifest":  # its rule explains this
            Path(job.output.written).unlink(missing_ok=True)
    say_where_results_are()


def say_where_results_are():
    """Print where the results are, how many clips were rejected, and the command for the report."""
    page = str(rules.write_page.output)
    summary = rules.summarise_results.output
    rejected = str(rules.gather_rejected.output)
    is_whole = "all" in set(map(own_rule, workflow.dag.jobs))
    # Missing after --until
    if not is_whole or not all(map(os.path.exists, (page, rejected))):
        return
    with open(rejected, encoding="utf-8", newline="") as table:
        n_rejected = sum(1 for _ in csv.reader(table)) - 1
    where = f" --directory {quote(os.getcwd())}" if workflow.overwrite_workdir else ""
    configs = map(str, workflow.config_settings.configfiles)
    given = " ".join(map(quote, configs))
    with_config = f" --configfile {given}" if given else ""
    left_out = (
        f"Rejected clips: {n_rejected} (reasons in {rejected})."
        if n_rejected
        else "No clip was rejected."
    )
    logger.info(
        f"The results are in {page} (open it in a browser) and {summary.markdown}. {left_out}\n"
        f"Run snakemake --report report.zip{where}{with_config} for an archive of all results and figures with captions and run times."
    )


def end_failed_run():
    """Repeat the last error of each failed job: in the log above it stands between the lines of other jobs."""
    failed = [
        job
        for each in workflow.scheduler.failed
        for job in getattr(each, "jobs", [each])
        if own_rule(job)
    ]
    if not failed:
        logger.error(
            "The run was interrupted. Start the same command again to resume it."
        )
        return
    n_failed = "1 job" if len(failed) == 1 else f"{len(failed)} jobs"
    errors = [
        f"- {job.message or job.rule.name}: {last_error(job.log)}"
        for job in failed[:10]
    ]
    more = [f"- and {len(failed) - 10} more"] if len(failed) > 10 else []
    logger.error(
        "\n".join(
            [
                f"{n_failed} failed. Finished jobs are kept: fix the cause, then start the same command again.",
                *errors,
                *more,
            ]
        )
    )


def last_error(logs):
    """The last error in a job's log, or where to look if the job was killed before it could write one."""
    if not (log := next(filter(os.path.exists, map(str, logs)), None)):
        return "it left no log"
    text = Path(log).read_text(encoding="utf-8", errors="replace").strip()
    _, found, error = text.rpartition(" ERROR ")
    lines = error.splitlines()
    if not found:
        return f"no error in {log}, so it may have been killed"
    # Of a traceback, its last line
    return f"{lines[-1] if lines[0] == 'Uncaught exception.' else lines[0]} ({log})"
