# Model cards: one beside each encoder.


include: "functions/cards.smk"


rule write_model_card:
    input:
        encoder=encoder,
        run=rules.pretrain_encoder.output.run,
        tables=expand(
            rules.write_results_table.output.table,
            dataset=EVALUATED_DATASETS,
            task="",
            allow_missing=True,
        ),
        separator=separator_losses(),
        listed=all_listed(),
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
        synthesised=SYNTHESISED,
        separator_of_synthesised=separator_of_synthesised(),
        timings=untold(card_timings),
        code=code_of("write_model_card.py"),
    message:
        "Writing the card of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/write_model_card.py"
