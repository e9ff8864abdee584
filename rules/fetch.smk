# Downloads datasets: `snakemake fetch_mtat --cores 1`, fetch_nsynth, fetch_fma. Nothing that `all` makes depends on them.

from mscol.config.downloads import dataset_lines, fetched_root, fetching_settings


# The dataset's folder is no output: Snakemake would remove it, and partial downloads with it.
rule fetch_dataset:
    output:
        record=fetched_root("{layout}", config) + ".json",
    log:
        "logs/fetch_dataset/{layout}.log",
    benchmark:
        "timings/fetch_dataset/{layout}.tsv"
    # Runs where Snakemake runs: often only login nodes have internet access.
    localrule: True
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=2880,
    params:
        **told(
            40, settings=lambda wildcards: fetching_settings(wildcards.layout, config)
        ),
        lines=lambda wildcards: dataset_lines(wildcards.layout, config),
        code=code_of("fetch_dataset.py"),
    message:
        "Fetching the dataset {wildcards.layout} (progress: {log})"
    script:
        "../workflow_scripts/fetch_dataset.py"


rule fetch_mtat:
    input:
        fetched_root("mtat", config) + ".json",
    localrule: True
    params:
        lines=dataset_lines("mtat", config),
    message:
        "The dataset is complete. Add this to your config: {params.lines}"


rule fetch_nsynth:
    input:
        fetched_root("nsynth", config) + ".json",
    localrule: True
    params:
        lines=dataset_lines("nsynth", config),
    message:
        "The dataset is complete. Add this to your config: {params.lines}"


rule fetch_fma:
    input:
        fetched_root("fma", config) + ".json",
    localrule: True
    params:
        lines=dataset_lines("fma", config),
    message:
        "The dataset is complete. Add this to your config: {params.lines}"
