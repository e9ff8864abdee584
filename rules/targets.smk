# What the configured run makes at its end, by the names of files: tables, figures, cards. No rules here.


REFERENCE_MODEL = config["evaluation"]["compare_with"]
if REFERENCE_MODEL not in config["models"] and workflow.is_main_process:
    logger.warning(
        f"In this run nothing is compared: '{REFERENCE_MODEL}' (evaluation/compare_with) is not among the models."
    )
SOURCE_MODELS = [model.name for model in configured_models() if model.sources]


def results_tables(pattern="results/{dataset}_{model}.csv"):
    """A table for each evaluated dataset and model."""
    return expand(
        pattern,
        dataset=EVALUATED_DATASETS,
        model=config["models"],
    )


def separation_table():
    """The table that judges the separator, if this workflow trains and uses it."""
    uses_stems = any(model.sources for model in configured_models())
    brought = config["datasets"][PRETRAINING_DATASET]["stems"]
    trains = config["separation"]["model"] == "demo"
    return ["results/separation.csv"] if trains and uses_stems and not brought else []


def configured_runs():
    """The pretraining runs of the config: "bass_vocals/seed1"."""
    return [
        f"{model.name}/seed{seed}"
        for model in configured_models()
        if model.trained
        for seed in config["seeds"]
    ]


def rejected_tables():
    """What each shard job of the configured run rejects."""
    stages = {dataset: ["mixture"] for dataset in EVALUATED_DATASETS}
    if any(model.trained for model in configured_models()):
        stages.setdefault(PRETRAINING_DATASET, ["mixture"])
    if any(model.sources for model in configured_models()):
        stages[PRETRAINING_DATASET].append("stems")
    stages.get(PRETRAINING_DATASET, []).extend(
        sorted(
            {
                f"degraded{model.degraded_db}"
                for model in configured_models()
                if model.degraded_db is not None
            }
        )
    )
    return [
        f"mels/{dataset}/{shard}/{stage}_rejected.csv"
        for dataset, names in stages.items()
        for shard in shards(dataset)
        for stage in names
    ]


def compared_models():
    """The models that are compared with the reference, if it is one of the config's."""
    models = config["models"]
    others = [model for model in models if model != REFERENCE_MODEL]
    return others if REFERENCE_MODEL in models else []


def figures():
    """All figures of the configured run."""
    names = ["comparison", *results_tables("classes/{dataset}_{model}")]
    names += expand(
        "differences/{dataset}_{model}",
        dataset=EVALUATED_DATASETS,
        model=compared_models(),
    )
    fractions = config["evaluation"]["label_fractions"]
    # An already trained classifier has seen all labels.
    if len(fractions) > 1 and config["evaluation"]["protocols"] != ["evaluate"]:
        names.append("label_fractions")
    if configured_runs():
        names.append("convergence")
    if SOURCE_MODELS:
        names.append("log_mels")
    return [f"results/figures/{name}.svg" for name in names]


def encoder_cards():
    """The cards of the config's encoders; a function has none."""
    return [
        f"models/{model.name}/seed{seed}/README.md"
        for model in configured_models()
        if not model.callable
        for seed in config["seeds"]
    ]


def pretrained_on():
    """What a card says of the dataset that encoders are pretrained on."""
    return {
        "name": PRETRAINING_DATASET,
        "layout": dataset_settings(PRETRAINING_DATASET)["layout"],
        "embedded": is_embedded(PRETRAINING_DATASET),
    }


def card_separator():
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    return None if brought else config["separation"]["model"]
