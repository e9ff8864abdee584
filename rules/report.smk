# Comparisons of models, the summary over all tables, rejected clips, and the config.


include: "functions/report.smk"


REFERENCE_MODEL = config["evaluation"]["compare_with"]
if REFERENCE_MODEL not in config["models"] and SPEAKS:
    logger.warning(
        f"This run compares no models: '{REFERENCE_MODEL}' (evaluation/compare_with) is not in models."
    )


rule compare_models:
    input:
        bootstraps=of_all_results(rules.write_results_table.output.bootstrap),
        listed=all_listed(),
    output:
        overall=report(
            "results/comparisons.csv",
            caption="../report/comparisons.rst",
            category="Comparison",
            labels={"what": "differences between models", "form": "table"},
        ),
        per_label="results/per_class/comparisons.csv",
    log:
        "logs/compare_models.log",
    benchmark:
        "timings/compare_models.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        tables=untold(of_all_results("{dataset}/{model}")),
        reference=config["evaluation"]["compare_with"],
        synthesised=SYNTHESISED,  # for the caption
        code=code_of("compare_models.py"),
    message:
        "Comparing all models with {params.reference}"
    script:
        "../workflow_scripts/compare_models.py"


rule summarise_results:
    input:
        tables=of_all_results(rules.write_results_table.output.table),
        per_class=of_all_results(rules.write_results_table.output.per_class),
        comparisons=rules.compare_models.output.overall,
        separator=separator_losses(),
        listed=all_listed(),
    output:
        table="results/summary.csv",
        markdown="results/summary.md",
        latex="results/summary.tex",
        html=report(
            "results/summary.html",
            caption="../report/summary.rst",
            category="Comparison",
            labels={"what": "all models on all tasks", "form": "table"},
        ),
    log:
        "logs/summarise_results.log",
    benchmark:
        "timings/summarise_results.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        **summary_params(),
        code=code_of("summarise_results.py"),
    message:
        "Summarising all results"
    script:
        "../workflow_scripts/summarise_results.py"


rule write_config:
    output:
        "results/config.yaml",
    log:
        "logs/write_config.log",
    benchmark:
        "timings/write_config.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    params:
        *lines_of(config),
        code=code_of("write_config.py"),
    message:
        "Writing the config of this run"
    script:
        "../workflow_scripts/write_config.py"


rule gather_rejected:
    input:
        manifests=expand(
            rules.write_manifest.output.rejected, dataset=config["datasets"]
        ),
        shards=rejected_tables(),
    output:
        report(
            "results/rejected.csv",
            caption="../report/rejected.rst",
            category="Tables",
            labels={
                "dataset": "all",
                "model": "-",
                "rows": "clips that could not be used",
            },
        ),
    log:
        "logs/gather_rejected.log",
    benchmark:
        "timings/gather_rejected.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("gather_rejected.py"),
    message:
        "Gathering rejected clips and their reasons"
    script:
        "../workflow_scripts/gather_rejected.py"


rule gather_shortened:
    input:
        clips=expand(rules.write_manifest.output.clips, dataset=heard_datasets()),
        index=mixture_indices(),
    output:
        "results/shortened.csv",
    log:
        "logs/gather_shortened.log",
    benchmark:
        "timings/gather_shortened.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("gather_shortened.py"),
    message:
        "Gathering clips that are shorter than their files say"
    script:
        "../workflow_scripts/gather_shortened.py"


# Describes what `all` makes; a table requested later joins it once the config names its model.
rule describe_run:
    input:
        results=made_by_all("results/"),
        compared=rules.compare_models.output.overall,
        cards=made_by_all("models/"),
        manifests=ancient(expand(CLIPS, dataset=config["datasets"])),
    output:
        "results/ro-crate-metadata.json",
    log:
        "logs/describe_run.log",
    benchmark:
        "timings/describe_run.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        results=described_results,
        datasets=untold(list(config["datasets"])),
        synthesised=untold(SYNTHESISED),
        code=code_of("describe_run.py"),
    message:
        "Describing this run as an RO-Crate"
    script:
        "../workflow_scripts/describe_run.py"
