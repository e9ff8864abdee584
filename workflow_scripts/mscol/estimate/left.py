"""Estimate the cost of some jobs of a run: those that are left to do, or those that a target needs.

The jobs of a stage are grouped into cells by dataset, model or both. Jobs of one cell cost about the same: each counts an equal share
of the cost of its cell (`costs`).
"""

from collections import Counter
from dataclasses import replace

from mscol.estimate.costs import Cost, estimate

# Rule -> stage of its jobs; jobs of other rules write tables and figures
STAGES = {
    "make_demo_dataset": "datasets",
    "write_manifest": "datasets",
    "train_separator": "separator",
    "describe_separator": "separator",
    "judge_separator": "separator",
    "convert_to_wav": "stems",
    "resample_stems": "stems",
    "resample_brought_stems": "stems",
    "cache_stem_mels": "stems",
    "cache_degraded_mels": "stems",
    "fetch_separator": "separation",
    "separate_stems": "separation",
    "cache_mixture_mels": "log-mels of mixtures",
    "cache_sliced_mels": "log-mels of mixtures",
    "plan_pretraining": "pretraining",
    "pretrain_encoder": "pretraining",
    "initialise_encoder": "pretraining",
    "import_encoder": "pretraining",
    "embed_clips": "embeddings",
    "embed_waveforms": "functions",
    "train_probe": "heads",
    "score_trained": "heads",
    "score_clip_means": "clip means",
    "finetune_encoder": "finetuning",
    "cache_perturbed_mels": "perturbed clips",
    "embed_perturbed_waveforms": "perturbed clips",
    "score_perturbed": "perturbed clips",
    "embed_perturbed_clips": "perturbed embeddings",
    "write_task": "datasets",
}
# Rules with almost no work: the other rules share the cost of the stage
_LIGHT = {"plan_pretraining", "describe_separator"}
REPORT = "tables and figures"
# Wildcards on which the cost of a job depends, by stage
_CELLS = {
    "log-mels of mixtures": ("dataset",),
    "pretraining": ("model",),
    "embeddings": ("dataset", "model"),
    "functions": ("dataset", "model"),
    "heads": ("dataset", "model"),
    "clip means": ("dataset", "model"),
    "finetuning": ("dataset", "model"),
    "perturbed clips": ("dataset",),
    "perturbed embeddings": ("dataset", "model"),
}


def estimate_jobs(run, jobs):
    """Estimate the cost of some jobs, by stage.

    Parameters
    ----------
    run : Run
    jobs : iterable of (str, dict)
        Rule and wildcards of each job. Models may be missing in the config.

    Returns
    -------
    list of Cost
        One for each stage, in the order of the workflow.
    """
    jobs = list(jobs)
    cells, widest = Counter(map(_cell, jobs)), _with_models_of(run, jobs)
    shares = [_share(widest, *cell, n_jobs) for cell, n_jobs in cells.items()]
    order = [cost.stage for cost in estimate(widest)]
    stages = {}
    for cost in shares:
        stages[cost.stage] = _added(stages[cost.stage], cost) if cost.stage in stages else cost
    return sorted(stages.values(), key=lambda cost: order.index(cost.stage) if cost.stage in order else 99)


def price_jobs(run, jobs):
    """Estimate the cost of each of some jobs.

    Parameters
    ----------
    run : Run
    jobs : iterable of (str, dict)
        See `estimate_jobs`.

    Returns
    -------
    list of (str, float, float)
        Stage, seconds of one core, and seconds with a GPU (0 if the job uses none) of each job.
    """
    jobs = list(jobs)
    widest = _with_models_of(run, jobs)
    costs = {cell: _share(widest, *cell, 1) for cell in set(map(_cell, jobs))}
    of_each = [costs[_cell(job)] for job in jobs]
    return [(cost.stage, cost.cpu_seconds, cost.gpu_seconds) for cost in of_each]


def _cell(job):
    """Return the cell of a job: its stage, whether it has almost no work, and the wildcards on which its cost depends."""
    rule, wildcards = job
    stage = STAGES.get(rule, REPORT)
    return stage, rule in _LIGHT, tuple((name, wildcards.get(name)) for name in _CELLS.get(stage, ()))


def _with_models_of(run, jobs):
    """Add the models of some jobs to the run, so that work shared by models counts for all models that need it."""
    models = {wildcards["model"] for _, wildcards in jobs if "model" in wildcards}
    return run.with_more(models=sorted({*run.settings["models"], *models}))


def _share(run, stage, is_light, cell, n_jobs):
    """Compute the cost of a number of jobs of a stage in a cell."""
    if is_light:
        return Cost(stage, n_jobs, run.start("light", n_jobs))
    cell = dict(cell)
    if "model" in cell:
        run = run.with_more(models=[cell["model"]])
    if "dataset" in cell:  # also to pretrain on: mixtures of another one would count, too
        dataset = cell["dataset"]
        run = run.with_more(evaluation={"datasets": [dataset]}, pretraining={"dataset": dataset})
    whole = {cost.stage: cost for cost in estimate(run)}.get(stage, Cost(stage, n_jobs, 0.0))
    n_light = {"pretraining": sum(model.trained for model in run.models), "separator": 1}.get(stage, 0)
    share = n_jobs / max(1, whole.jobs - n_light)
    return replace(
        whole,
        jobs=n_jobs,
        cpu_seconds=share * whole.cpu_seconds,
        gpu_seconds=share * whole.gpu_seconds,
        kept_bytes=share * whole.kept_bytes,
    )


def _added(one, other):
    return replace(
        one,
        jobs=one.jobs + other.jobs,
        cpu_seconds=one.cpu_seconds + other.cpu_seconds,
        gpu_seconds=one.gpu_seconds + other.gpu_seconds,
        kept_bytes=one.kept_bytes + other.kept_bytes,
        passing_bytes=max(one.passing_bytes, other.passing_bytes),
    )
