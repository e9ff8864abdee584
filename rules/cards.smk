# Model cards: one beside each encoder.


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


rule write_model_card:
    input:
        encoder=encoder,
        run=rules.pretrain_encoder.output.run,
        tables=expand(
            rules.write_results_table.output.table,
            dataset=EVALUATED_DATASETS,
            allow_missing=True,
        ),
    output:
        card="models/{model}/seed{seed}/README.md",
    log:
        "logs/write_model_card/{model}/seed{seed}.log",
    benchmark:
        "timings/write_model_card/{model}/seed{seed}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        dataset=pretrained_on(),
        separator=card_separator(),
        evaluated=EVALUATED_DATASETS,
        code=code_of("write_model_card.py"),
    message:
        "Writing the card of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/write_model_card.py"


def encoder_cards():
    """The cards of the config's encoders; a function has none."""
    return [
        path
        for model in configured_models()
        if not model.callable
        for path in expand(
            rules.write_model_card.output.card, model=model.name, seed=config["seeds"]
        )
    ]
