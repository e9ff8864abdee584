# Checks before the first job of a run. No rules here.

from collections import Counter

from snakemake.settings.types import DeploymentMethod

from mscol.config.functions import check_imports
from mscol.graph.dates import check_dates
from mscol.graph.start import check_arrays, check_writable


def start_run():
    """Check and prepare what the jobs of a run need, before the first one."""
    require_estimate_alone()
    jobs = [job for job in workflow.dag.needrun_jobs() if own_rule(job)]
    require_writable_folders(jobs)
    require_past_dates(jobs)
    require_arrays_that_start(workflow.dag.needrun_jobs())
    require_functions_that_import(jobs)
    require_labels()
    hand_out_gpus(jobs)


def start_as_module():
    """The same in a module, where Snakemake calls the hooks of the other workflow; also registers the end."""
    if workflow.execution_settings.no_hooks:
        return
    start_run()
    workflow.onsuccess(_then(workflow._onsuccess, end_run))
    workflow.onerror(_then(workflow._onerror, end_failed_run))


def _then(theirs, ours):
    def hook(log):
        theirs(log)
        ours()

    return hook


# Rules whose jobs load the separator
SEPARATING_RULES = ("separate_stems", "judge_separator", "separate_excerpt")


def require_writable_folders(jobs):
    """Stop before the first job if a job could not write its outputs."""
    try:
        check_writable(
            path
            for job in jobs
            for path in filter(None, [*job.output, *job.log, job.benchmark])
        )
    except MscolError as error:
        raise WorkflowError(str(error))


def require_past_dates(jobs):
    """Stop if an input is dated in the future: Snakemake would delete what is made from it."""
    made = {path for job in jobs for path in job.output}
    try:
        check_dates({path for job in jobs for path in job.input} - made)
    except MscolError as error:
        raise WorkflowError(str(error))


def require_functions_that_import(jobs):
    """Stop before the first job if a user's function cannot be imported; conda environments are not checked."""
    if DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method:
        return
    models = {job.wildcards.model for job in jobs if own_rule(job) == "embed_waveforms"}
    separator = config["separation"]["callable"]
    separates = any(own_rule(job) in SEPARATING_RULES for job in jobs)
    try:
        if separator and separates:
            check_imports("separation/callable", separator)
        for model in sorted(models):
            check_imports(f"encoders/{model}/callable", model_of(model).callable)
    except MscolError as error:
        raise WorkflowError(str(error))


def require_labels():
    """Stop if a table would be of a dataset without labels, before encoders are pretrained for hours."""
    # All jobs: those behind a manifest that is to be made again are not out of date yet.
    evaluated = {
        job.wildcards.dataset
        for job in workflow.dag.jobs
        if own_rule(job) == "write_results_table"
    }
    for dataset in sorted(evaluated):
        settings = dataset_settings(dataset)
        if settings["layout"] == "table" and not labels_of(settings):
            raise WorkflowError(
                f"The dataset {dataset!r} has no labels, so nothing can be evaluated on it. Ask for encoders "
                "(such as models/mixture/seed1/encoder.keras), or list datasets with labels in "
                "the config key 'evaluation/datasets'"
            )


def labels_of(settings):
    """The labels in the table of a dataset. If it cannot be read, the job of its manifest says so."""
    from mscol.datasets.table import task_and_labels  # here: pandas takes two seconds

    try:
        return task_and_labels(settings["root"], settings["table"])[1]
    except (MscolError, OSError):
        return ("unknown",)


def require_arrays_that_start(to_run):
    """Stop if jobs would be submitted as an array that waits for ever."""
    arrays = getattr(workflow.executor_settings, "array_jobs", None)
    if not arrays:
        return
    jobs, limit = Counter(job.rule.name for job in to_run), shards_in_flight()
    behind, _ = jobs_behind_manifests()
    try:
        check_arrays(
            arrays,
            jobs | Counter(job.rule.name for job in behind),
            at_once=workflow.resource_settings.nodes,
            turns={
                known.name: limit
                for known in workflow.rules
                if limit and "shards_in_flight" in known.resources
            },
        )
    except MscolError as error:
        raise WorkflowError(str(error))


def require_estimate_alone():
    """Stop if the run would make what the user wants estimated."""
    targets = estimated_targets()
    if targets:
        raise WorkflowError(
            f"`{called('estimate')}` with other targets would make them. Run `snakemake -n {called('estimate')} "
            f"{' '.join(targets)}`, which only estimates "
            "their cost"
        )
