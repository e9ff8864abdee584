# Datasets: makes the embedded ones, and lists the clips of each dataset in a manifest.


include: "functions/datasets.smk"


# One job each, with one thread: they run in parallel, and a job that needs one does not wait for all.
rule make_demo_dataset:
    output:
        folder=directory(f"{EMBEDDED_ROOT}/{{demo}}"),
    log:
        "logs/make_demo_dataset/{demo}.log",
    benchmark:
        "timings/make_demo_dataset/{demo}.tsv"
    priority: 100
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        **told(8, seed=config["demo"]["seed"], sizes=demo_sizes),
        code=code_of("make_demo_dataset.py"),
    message:
        "Making the embedded {wildcards.demo}"
    script:
        "../workflow_scripts/make_demo_dataset.py"


checkpoint write_manifest:
    input:
        made_dataset,
        watched_inputs,
    output:
        clips="manifests/{dataset}/clips.csv",
        rejected="manifests/{dataset}/rejected.csv",
        about="manifests/{dataset}/about.json",
        shards=directory("manifests/{dataset}/shards"),
        # Removed at the end of a run (end.smk). If all outputs of a checkpoint exist, Snakemake re-evaluates the jobs
        # that depend on it, even with nothing to do, which doubles the start-up time.
        written=temp("manifests/{dataset}/written"),
    log:
        "logs/write_manifest/{dataset}.log",
    benchmark:
        "timings/write_manifest/{dataset}.tsv"
    # Before all others: Snakemake compares it with the sum of the priorities of the jobs that fit into its threads.
    priority: 1000
    conda:
        "../envs/audio.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        **told(2, options=lambda wildcards: dataset_options(wildcards.dataset)),
        **told(n_shards=lambda wildcards: len(shards(wildcards.dataset))),
        layout=lambda wildcards: dataset_settings(wildcards.dataset)["layout"],
        root=root_of,
        dates=watched_dates,
        code=lambda wildcards: library_fingerprint(
            "write_manifest.py",
            f"mscol.datasets.{dataset_settings(wildcards.dataset)['layout']}",
        ),
    message:
        "Listing the clips of {wildcards.dataset}"
    script:
        "../workflow_scripts/write_manifest.py"


# The manifest is a checkpoint. Its readers take it as `ancient`, together with a digest of the part they use: an added
# clip makes only the jobs of its own shard stale, in the same run. As strings, because `ancient` would mark the rule's
# own output.
#
# While a manifest waits, Snakemake does not see which jobs behind it are stale. A job whose inputs come from several
# datasets could run because of one dataset, before another is listed, and not again afterwards. So it takes the manifests
# of all of them, as `listed`, and waits.
CLIPS = str(rules.write_manifest.output.clips)
ABOUT = str(rules.write_manifest.output.about)
SHARDS = str(rules.write_manifest.output.shards)
SHARD_CLIPS = f"{SHARDS}/{{shard}}.csv"
PRETRAINING_CLIPS = CLIPS.format(dataset=PRETRAINING_DATASET)


rule write_task:
    input:
        clips=ancient(CLIPS),
        about=ancient(ABOUT),
        metadata=own(task_metadata),
    output:
        clips="manifests/{dataset}{task}/clips.csv",
        about="manifests/{dataset}{task}/about.json",
    log:
        "logs/write_task/{dataset}{task}.log",
    benchmark:
        "timings/write_task/{dataset}{task}.tsv"
    wildcard_constraints:
        task="|".join(SUFFIXES),
    priority: 100
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        layout=lambda wildcards: dataset_settings(wildcards.dataset)["layout"],
        root=root_of,
        task=lambda wildcards: task_of(wildcards.dataset + wildcards.task, config),
        later=later(task_metadata),
        clips=labels_digest,
        code=lambda wildcards: library_fingerprint(
            "write_task.py",
            f"mscol.datasets.{dataset_settings(wildcards.dataset)['layout']}",
        ),
    message:
        "Labelling the clips of {wildcards.dataset}{wildcards.task}"
    script:
        "../workflow_scripts/write_task.py"
