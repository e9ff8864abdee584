# What a person reads first: how models compare, the summary over all tables, and the config that made them.


rule compare_models:
    input:
        results_tables("results/bootstrap/{dataset}_{model}.npz"),
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
        tables=results_tables("{dataset}/{model}"),
        reference=config["evaluation"]["compare_with"],
        code=code_of("compare_models.py"),
    message:
        "Comparing all models with {params.reference}"
    script:
        "../workflow_scripts/compare_models.py"


rule summarise_results:
    input:
        tables=results_tables(),
        per_class=results_tables("results/per_class/{dataset}_{model}.csv"),
        comparisons="results/comparisons.csv",
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
        layouts={
            name: dataset["layout"] for name, dataset in config["datasets"].items()
        },
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
        config=config,
        code=code_of("write_config.py"),
    message:
        "Writing down the config of this run"
    script:
        "../workflow_scripts/write_config.py"
