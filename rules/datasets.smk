# Datasets: the embedded ones are made; a manifest lists the clips of any of them.


rule make_demo_datasets:
    output:
        mtat=directory(f"{EMBEDDED_ROOT}/mtat"),
        nsynth=directory(f"{EMBEDDED_ROOT}/nsynth"),
        fma=directory(f"{EMBEDDED_ROOT}/fma"),
        stems=directory(f"{EMBEDDED_ROOT}/stems"),
    log:
        "logs/make_demo_datasets.log",
    benchmark:
        "timings/make_demo_datasets.tsv"
    priority: 100
    conda:
        "../envs/audio.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        seed=config["demo"]["seed"],
        sizes=config["demo"]["sizes"],
        code=code_of("make_demo_datasets.py"),
    message:
        "Making the embedded datasets and stems"
    script:
        "../workflow_scripts/make_demo_datasets.py"


checkpoint write_manifest:
    input:
        manifest_inputs,
    output:
        clips="manifests/{dataset}/clips.csv",
        rejected="manifests/{dataset}/rejected.csv",
        about="manifests/{dataset}/about.json",
        shards=directory("manifests/{dataset}/shards"),
        # Removed at the end of a run (Snakefile). Snakemake takes all jobs behind a checkpoint anew where all that it
        # makes is there, also if nothing is to do, which doubles the time of a start.
        written=temp("manifests/{dataset}/written"),
    log:
        "logs/write_manifest/{dataset}.log",
    benchmark:
        "timings/write_manifest/{dataset}.tsv"
    priority: 100
    conda:
        "../envs/audio.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        layout=lambda wildcards: dataset_settings(wildcards.dataset)["layout"],
        root=lambda wildcards: dataset_settings(wildcards.dataset)["root"],
        options=lambda wildcards: dataset_options(wildcards.dataset),
        shards=lambda wildcards: shards(wildcards.dataset),
        code=lambda wildcards: library_fingerprint(
            "write_manifest.py",
            f"mscol.datasets.{dataset_settings(wildcards.dataset)['layout']}",
        ),
    message:
        "Listing the clips of {wildcards.dataset}"
    script:
        "../workflow_scripts/write_manifest.py"


rule gather_rejected:
    input:
        manifests=expand("manifests/{dataset}/rejected.csv", dataset=config["datasets"]),
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
        "Gathering what was rejected, and why"
    script:
        "../workflow_scripts/gather_rejected.py"
