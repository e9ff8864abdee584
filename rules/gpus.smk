# GPUs of this machine, where no scheduler hands them out: to each job that uses one its own. No rules here.

from mscol.jobs.devices import find_gpus, offer_gpus


def one_gpu(wildcards):
    """For `resources`: a job that uses a GPU. On a cluster the profile says who gets one, here none is asked for."""
    return int(hands_out_gpus())


def hands_out_gpus():
    """Whether the jobs of this run are processes of this machine, and this is the process that starts them."""
    return workflow.is_main_process and workflow.local_exec


def hand_out_gpus():
    """Offer this machine's GPUs to the jobs, and start no more at once that use one.

    When a run starts, because only then it is known whether it goes to a cluster. The scheduler is there already, and
    takes a limit that is set in both of its tables: of what there is, and of what is left.
    """
    gpus = find_gpus() if hands_out_gpus() else {}
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
    if gpus:
        logger.info(f"GPUs found: {len(gpus)}, of which jobs use {limit} at once.")
