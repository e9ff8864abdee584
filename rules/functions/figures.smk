# The figures of a whole run, and their inputs. No rules here.


def configured_runs():
    """The pretraining runs in the config: pairs of a model and a seed."""
    return [
        (model.name, seed)
        for model in configured_models()
        if model.trained
        for seed in config["seeds"]
    ]


def of_runs(kind):
    """An output of pretrain_encoder for each run."""
    pattern = getattr(rules.pretrain_encoder.output, kind)
    return [pattern.format(model=model, seed=seed) for model, seed in configured_runs()]


def plain_stem_mels(kind):
    """A function for `input`: an output of cache_stem_mels, a file a shard; none for a stem that is not made."""
    if kind not in rules.cache_stem_mels.output.keys():
        return []
    return all_shards(getattr(rules.cache_stem_mels.output, kind), PRETRAINING_DATASET)


def figures():
    """All figures of the configured run."""
    compared = [model for model in config["models"] if model != REFERENCE_MODEL]
    of_differences = expand(
        rules.plot_differences.output.svg,
        dataset=EVALUATED_DATASETS,
        task="",
        model=compared if REFERENCE_MODEL in config["models"] else [],
    )
    several_shares = evaluations.has_label_curves(config["evaluation"])
    return [
        rules.plot_comparison.output.svg,
        *of_all_results(rules.plot_classes.output.svg),
        *of_differences,
        *[rules.plot_label_fractions.output.svg] * several_shares,
        *[rules.plot_convergence.output.svg] * bool(configured_runs()),
        *[rules.plot_log_mels.output.svg] * bool(SOURCE_MODELS),
    ]
