# What is checked before jobs are submitted to a cluster. No rules here.

from collections import Counter


onstart:
    arrays = getattr(workflow.executor_settings, "array_jobs", None)
    if arrays:
        to_run = [job.rule for job in workflow.dag.needrun_jobs()]
        limit = shards_in_flight()
        turns = [
            rule.name for rule in to_run if "shards_in_flight" in rule.resources
        ]
        try:
            check_arrays(
                arrays,
                Counter(rule.name for rule in to_run),
                at_once=workflow.resource_settings.nodes,
                turns=dict.fromkeys(turns, limit) if limit else {},
            )
        except MscolError as error:
            raise WorkflowError(str(error))
