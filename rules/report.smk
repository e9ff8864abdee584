# What a person reads first: the summary over all tables, and the config that made them.


rule compare_models:
    input:
        results_tables("results/bootstrap/{dataset}_{model}.npz"),
    output:
        overall="results/comparisons.csv",
        per_label="results/per_class/comparisons.csv",
    log:
        "logs/compare_models.log",
    benchmark:
        "timings/compare_models.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        tables=results_tables("{dataset}/{model}"),
        reference=config["evaluation"]["compare_with"],
        code=library_fingerprint("compare_models.py"),
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
        html="results/summary.html",
    log:
        "logs/summarise_results.log",
    benchmark:
        "timings/summarise_results.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        layouts={
            name: dataset["layout"] for name, dataset in config["datasets"].items()
        },
        code=library_fingerprint("summarise_results.py"),
    message:
        "Summarising all results"
    script:
        "../workflow_scripts/summarise_results.py"


rule plot_convergence:
    input:
        histories=[f"models/{run}/history.csv" for run in configured_runs()],
        runs=[f"models/{run}/run.json" for run in configured_runs()],
    output:
        svg="results/convergence.svg",
        png="results/convergence.png",
    log:
        "logs/plot_convergence.log",
    benchmark:
        "timings/plot_convergence.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        models=[run.split("/")[0] for run in configured_runs()],
        code=library_fingerprint("plot_convergence.py"),
    message:
        "Drawing how pretraining went"
    script:
        "../workflow_scripts/plot_convergence.py"


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
        mem_mb=500,
        runtime=5,
    params:
        config=config,
        code=library_fingerprint("write_config.py"),
    message:
        "Writing down the config of this run"
    script:
        "../workflow_scripts/write_config.py"
