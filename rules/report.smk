# What a person reads first: the summary over all tables, and the config that made them.


rule summarise_results:
    message:
        "Summarising all results"
    input:
        tables=results_tables(),
        abouts=ancient(expand("manifests/{dataset}/about.json", dataset=EVALUATED_DATASETS)),
    output:
        table="results/summary.csv",
        markdown="results/summary.md",
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
        code=library_fingerprint("summarise_results.py"),
    script:
        "../workflow_scripts/summarise_results.py"


rule write_config:
    message:
        "Writing down the config of this run"
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
    script:
        "../workflow_scripts/write_config.py"
