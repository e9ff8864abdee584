# What a run prints after it has succeeded. No rules here.

import csv
import os
from pathlib import Path


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
    where = f" --directory {os.getcwd()}" if workflow.overwrite_workdir else ""
    given = " ".join(map(str, workflow.config_settings.configfiles))
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
