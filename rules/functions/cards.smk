# Inputs and parameters of model cards. No rules here.


def pretrained_on():
    """The pretraining dataset, as model cards describe it."""
    return {
        "name": PRETRAINING_DATASET,
        "layout": dataset_settings(PRETRAINING_DATASET)["layout"],
        "embedded": is_embedded(PRETRAINING_DATASET),
    }


def card_separator():
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    return None if brought else separator_name()


def encoder_cards():
    """The model cards of the encoders in the config; functions have none."""
    return [
        path
        for model in configured_models()
        if not model.callable
        for path in expand(
            rules.write_model_card.output.card, model=model.name, seed=config["seeds"]
        )
    ]


def card_timings(wildcards):
    """Snakemake's timings of the jobs that a card covers: what they made -> patterns of files."""
    mixtures = ["cache_mixture_mels", "cache_sliced_mels"]
    stems = ["convert_to_wav", "separate_stems", "resample_stems"]
    stems += ["resample_brought_stems", "cache_stem_mels", "cache_degraded_mels"]
    heads = ["train_probe", "score_clip_means", "score_trained"]
    uses_stems = bool(model_of(wildcards.model).sources)
    of_seed = f"*/{wildcards.model}/seed{wildcards.seed}"

    def files(rules_of, *names):
        return expand("timings/{rule}/{name}.tsv", rule=rules_of, name=names)

    return {
        "log-mels of mixtures, shared by all models": files(mixtures, "*/*"),
        "stems and their log-mels, shared by all models made from stems": files(
            stems * uses_stems, f"{PRETRAINING_DATASET}/**/*"
        ),
        "embeddings": files("embed_clips", of_seed),
        "heads, and other ways of evaluating": files(heads, of_seed, f"{of_seed}-*"),
        "finetuning": files("finetune_encoder", of_seed, f"{of_seed}-*"),
    }
