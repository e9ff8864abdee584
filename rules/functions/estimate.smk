# What an estimate is computed from. No rules here.

import json


def measured_datasets():
    """The sources for the size of each dataset: its manifest if it exists, else its metadata."""
    return {
        name: {
            "layout": settings["layout"],
            "root": settings["root"],
            "options": dataset_options(name),
            "manifest": CLIPS.format(dataset=name),
            "demo_sizes": (
                config["demo"]["sizes"][name] if is_embedded(name) else None
            ),
        }
        for name, settings in config["datasets"].items()
    }


def estimated_run():
    """Everything that decides the cost of the configured run (mscol.estimate.gather_run)."""
    return {
        "settings": config,
        "datasets": measured_datasets(),
        "shards": {name: len(shards(name)) for name in config["datasets"]},
        "embedded": [name for name in config["datasets"] if is_embedded(name)],
        "rates": config["estimate"]["rates"] or f"{BASEDIR}/benchmarks/rates.yaml",
        "shards_in_flight": shards_in_flight() or len(shards(PRETRAINING_DATASET)),
    }


def this_config():
    """Command-line arguments that give another Snakemake the same workflow and config."""
    given = workflow.config_settings
    files, settings = map(str, given.configfiles), given.config
    return [
        *["--snakefile", str(workflow.main_snakefile)],
        *(["--configfile", *files] if given.configfiles else []),
        *(
            ["--config", *(f"{k}={json.dumps(v)}" for k, v in settings.items())]
            * bool(settings)
        ),
    ]


def estimated_targets():
    """The targets given together with `estimate`."""
    targets = workflow.dag_settings.targets
    return (
        sorted(set(map(str, targets)) - {called("estimate")})
        if called("estimate") in targets
        else []
    )


def say_what_is_left():
    """Print what is left to do for the targets given with `estimate`, and their whole cost."""
    from mscol.estimate import gather_run, left_table

    targets = estimated_targets()
    to_run = set(workflow.dag.needrun_jobs(exclude_finished=False))
    behind, _ = jobs_behind_manifests()
    left, at_most, needed = map(
        estimated_jobs, (to_run, to_run | behind, workflow.dag.jobs)
    )
    is_whole = targets == [called("all")]
    if is_whole and len(left) == len(needed):
        print("What is left to do of this run: all of it", flush=True)
        return
    what = "this run" if is_whole else ", ".join(targets)
    cores = workflow.resource_settings.cores or 1
    try:
        run = gather_run(**estimated_run())
    except MscolError as error:
        raise WorkflowError(str(error))
    text = left_table(run, left, at_most, needed, what, cores)
    print(text, end="", flush=True)


def estimated_jobs(jobs):
    """Rules and wildcards of the jobs with a known cost."""
    return [
        (own_rule(job), dict(job.wildcards_dict))
        for job in jobs
        if not job.rule.norun and own_rule(job) not in ("", "estimate", "fetch_dataset")
    ]
