# What the tables of a whole run are made from. No rules here.


def of_all_results(pattern):
    """A file, or a name, for each evaluated dataset and model."""
    return expand(pattern, dataset=EVALUATED_DATASETS, model=config["models"])


def rejected_tables():
    """What each shard job of the configured run rejects."""
    models = configured_models()
    # Of both caches of mixtures the same clips are rejected, for the same reasons.
    only_sliced = all(model.paper == "cvsm" for model in models)
    mixtures = rules.cache_sliced_mels if only_sliced else rules.cache_mixture_mels
    trained = [PRETRAINING_DATASET] * any(model.trained for model in models)
    datasets = dict.fromkeys([*EVALUATED_DATASETS, *trained])
    with_stems = [model for model in models if model.sources]
    levels = sorted({model.degraded_db for model in with_stems} - {None})
    stems = [rules.cache_stem_mels.output.rejected] * bool(with_stems)
    stems += expand(
        rules.cache_degraded_mels.output.rejected, decibels=levels, allow_missing=True
    )
    return [
        path
        for name in datasets
        for pattern in [
            mixtures.output.rejected,
            *(stems if name == PRETRAINING_DATASET else []),
        ]
        for path in expand(pattern, dataset=name, shard=shards(name))
    ]
