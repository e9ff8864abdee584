# GPUs of this machine, where no scheduler hands them out: to each job that uses one its own. No rules here.

from functools import cache

from mscol.jobs.devices import find_gpus, is_scheduled, offer_gpus


def one_gpu(wildcards):
    """For `resources`: a job that uses a GPU. On a cluster the profile says who gets one, here none is asked for."""
    return int(hands_out_gpus())


@cache
def gpus_found():
    """The GPUs of this run."""
    return find_gpus()


def pretraining_gpus(wildcards):
    """For `resources`: the GPUs that compute one model together."""
    devices = config["pretraining"]["running"]["devices"]
    if not hands_out_gpus():
        return 0
    return max(1, len(gpus_found())) if devices == "all" else devices


def hands_out_gpus():
    """Whether the jobs of this run are processes of this machine, and this is the process that starts them."""
    return workflow.is_main_process and workflow.local_exec


def hand_out_gpus(jobs=()):
    """Offer this machine's GPUs to the jobs that are to run, and start no more at once that use one.

    When a run starts, because only then it is known whether it goes to a cluster. The scheduler is there already, and
    takes a limit that is set in both of its tables: of what there is, and of what is left.
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
    """Stop where the config asks for more GPUs than a pretraining of this run can have."""
    if not any(own_rule(job) == "pretrain_encoder" for job in jobs):
        return
    devices = config["pretraining"]["running"]["devices"]
    unknown = is_scheduled() and not gpus_found()
    if devices != "all" and devices > max(1, limit) and not unknown:
        raise WorkflowError(
            f"config key 'pretraining/running/devices': {devices} devices, but this run has {limit or 'no'} "
            f"GPU{'' if limit == 1 else 's'}. Set a smaller number, or 'all'"
        )
