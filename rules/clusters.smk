# What is checked before jobs are submitted to a cluster. No rules here.

from collections import Counter


def jobs_behind_manifests():
    """How many jobs each rule that works on shards has at most; they join the graph when a manifest is done."""
    of_all = sum(len(shards(dataset)) for dataset in config["datasets"])
    of_stems = len(shards(PRETRAINING_DATASET))
    return Counter(
        {
            known.name: of_stems if "shards_in_flight" in known.resources else of_all
            for known in workflow.rules
            if "shard" in known.wildcard_names
        }
    )


onstart:
    arrays = getattr(workflow.executor_settings, "array_jobs", None)
    if arrays:
        jobs = Counter(job.rule.name for job in workflow.dag.needrun_jobs())
        limit = shards_in_flight()
        try:
            check_arrays(
                arrays,
                jobs | jobs_behind_manifests() if jobs["write_manifest"] else jobs,
                at_once=workflow.resource_settings.nodes,
                turns={
                    known.name: limit
                    for known in workflow.rules
                    if limit and "shards_in_flight" in known.resources
                },
            )
        except MscolError as error:
            raise WorkflowError(str(error))
