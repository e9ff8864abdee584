# What the tables of a whole run are made from. No rules here.

from mscol.datasets.task_names import dataset_of


def of_all_results(pattern):
    """A file, or a name, for each evaluated dataset (with its task) and model."""
    return expand(pattern, dataset=EVALUATED_DATASETS, task="", model=config["models"])


def heard_datasets():
    """The datasets whose mixtures the configured run analyses."""
    trains = any(model.trained for model in configured_models())
    evaluated = map(dataset_of, EVALUATED_DATASETS)
    return list(dict.fromkeys([*evaluated, *[PRETRAINING_DATASET] * trains]))


def heard_mixtures():
    """The files of the mixtures that the configured run analyses: of both caches of them one, which rejects the same clips."""
    only_sliced = all(model.paper == "cvsm" for model in configured_models())
    cached = rules.cache_sliced_mels if only_sliced else rules.cache_mixture_mels
    return cached.output


def mixture_indices():
    """The tables of clips of all mixtures that the configured run analyses."""
    return [
        path
        for name in heard_datasets()
        for path in expand(heard_mixtures().index, dataset=name, shard=shards(name))
    ]


def rejected_tables():
    """What each shard job of the configured run rejects."""
    with_stems = [model for model in configured_models() if model.sources]
    degradations = sorted({model.degradation for model in with_stems} - {None})
    stems = [rules.cache_stem_mels.output.rejected] * bool(with_stems)
    stems += expand(
        rules.cache_degraded_mels.output.rejected,
        degradation=degradations,
        allow_missing=True,
    )
    return [
        path
        for name in heard_datasets()
        for pattern in [
            heard_mixtures().rejected,
            *(stems if name == PRETRAINING_DATASET else []),
        ]
        for path in expand(pattern, dataset=name, shard=shards(name))
    ]
