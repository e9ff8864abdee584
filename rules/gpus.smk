# Without a scheduler, gives each job that uses a GPU its own GPU of this machine. No rules here.

from functools import cache

from mscol.jobs.devices import find_gpus, is_scheduled, offer_gpus


def one_gpu(wildcards):
    """For `resources`: a job that uses a GPU. On a cluster the profile requests it, so this is 0."""
    return int(hands_out_gpus())


@cache
def gpus_found():
    """The GPUs of this run."""
    return find_gpus()


def pretraining_gpus(wildcards):
    """For `resources`: the number of GPUs that compute one model together."""
    devices = config["pretraining"]["running"]["devices"]
    if not hands_out_gpus():
        return 0
    return max(1, len(gpus_found())) if devices == "all" else devices


def hands_out_gpus():
    """Whether jobs of this run are processes of this machine, and this process starts them."""
    return workflow.is_main_process and workflow.local_exec


def hand_out_gpus(jobs=()):
    """Offer this machine's GPUs to jobs, and start no more GPU jobs at once than there are GPUs.

    Called when a run starts, because only then the executor is known. The scheduler exists by then and accepts a limit
    that is set in both of its tables: total and remaining resources.
    """
    gpus = gpus_found() if hands_out_gpus() else {}
    offer_gpus(gpus)
    if not hands_out_gpus():
        return
    for resources in (
        workflow.scheduler.global_resources,
        workflow.scheduler.resources,
    ):
        # --resources gpu=1
        limit = min(resources.pop("gpu", len(gpus)), len(gpus))
        if gpus:
            resources["gpu"] = limit
    require_gpus(limit, jobs)
    if gpus:
        logger.info(f"GPUs found: {len(gpus)}. Jobs use {limit} at once.")


def require_gpus(limit, jobs):
    """Stop if the config requests more GPUs than a pretraining of this run can have."""
    if not any(own_rule(job) == "pretrain_encoder" for job in jobs):
        return
    devices = config["pretraining"]["running"]["devices"]
    unknown = is_scheduled() and not gpus_found()
    if devices != "all" and devices > max(1, limit) and not unknown:
        raise WorkflowError(
            f"config key 'pretraining/running/devices': {devices} devices, but this run has {limit or 'no'} "
            f"GPU{'' if limit == 1 else 's'}. Set a smaller number, or 'all'"
        )
