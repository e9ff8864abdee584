# The figures, each for a page of its own and for the report (`snakemake --report report.zip`).
# Where half of a category's results have one value of a label and half another, the report page makes a switch
# of it, and breaks if a position of the switch has no result: hence all combinations, or other values.


rule plot_comparison:
    input:
        summary="results/summary.csv",
    output:
        svg=report(
            "results/figures/comparison.svg",
            caption="../report/comparison.rst",
            category="Comparison",
            labels={"what": "all models on all tasks", "form": "figure"},
        ),
        png="results/figures/comparison.png",
    log:
        "logs/plot_comparison.log",
    benchmark:
        "timings/plot_comparison.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("plot_comparison.py"),
    message:
        "Drawing the models beside each other"
    script:
        "../workflow_scripts/plot_comparison.py"


rule plot_label_fractions:
    input:
        summary="results/summary.csv",
    output:
        svg=report(
            "results/figures/label_fractions.svg",
            caption="../report/label_fractions.rst",
            category="Comparison",
            labels={"what": "few training labels", "form": "curves"},
        ),
        png="results/figures/label_fractions.png",
    log:
        "logs/plot_label_fractions.log",
    benchmark:
        "timings/plot_label_fractions.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("plot_label_fractions.py"),
    message:
        "Drawing results by the share of training labels"
    script:
        "../workflow_scripts/plot_label_fractions.py"


rule plot_classes:
    input:
        per_class="results/per_class/{dataset}_{model}.csv",
        table="results/{dataset}_{model}.csv",
    output:
        svg=report(
            "results/figures/classes/{dataset}_{model}.svg",
            caption="../report/classes.rst",
            category="Tags and classes",
            subcategory="Each model",
            labels={"dataset": "{dataset}", "model": "{model}"},
        ),
        png="results/figures/classes/{dataset}_{model}.png",
    log:
        "logs/plot_classes/{dataset}_{model}.log",
    benchmark:
        "timings/plot_classes/{dataset}_{model}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("plot_classes.py"),
    message:
        "Drawing the tags or classes of {wildcards.dataset} with {wildcards.model}"
    script:
        "../workflow_scripts/plot_classes.py"


rule plot_differences:
    input:
        comparisons="results/per_class/comparisons.csv",
    output:
        svg=report(
            "results/figures/differences/{dataset}_{model}.svg",
            caption="../report/differences.rst",
            category="Tags and classes",
            subcategory=f"Differences from {REFERENCE_MODEL}",
            labels={"dataset": "{dataset}", "model": "{model}"},
        ),
        png="results/figures/differences/{dataset}_{model}.png",
    log:
        "logs/plot_differences/{dataset}_{model}.log",
    benchmark:
        "timings/plot_differences/{dataset}_{model}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        code=code_of("plot_differences.py"),
    message:
        f"Drawing how {{wildcards.model}} differs from {REFERENCE_MODEL} on {{wildcards.dataset}}"
    script:
        "../workflow_scripts/plot_differences.py"


rule plot_convergence:
    input:
        histories=[f"models/{run}/history.csv" for run in configured_runs()],
        runs=[f"models/{run}/run.json" for run in configured_runs()],
    output:
        svg=report(
            "results/figures/convergence.svg",
            caption="../report/convergence.rst",
            category="Pretraining",
            labels={"figure": "loss and accuracy"},
        ),
        png="results/figures/convergence.png",
    log:
        "logs/plot_convergence.log",
    benchmark:
        "timings/plot_convergence.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        models=[run.split("/")[0] for run in configured_runs()],
        code=code_of("plot_convergence.py"),
    message:
        "Drawing how pretraining went"
    script:
        "../workflow_scripts/plot_convergence.py"


rule plot_log_mels:
    input:
        clips=ancient(f"manifests/{PRETRAINING_DATASET}/clips.csv"),
        # The plan says what decides the stems, which are `ancient` (pretraining_plan says why).
        plan=expand("models/{model}/plan.json", model=SOURCE_MODELS[:1]),
        frames=all_shards("mels/{dataset}/{shard}/mixture.npy", PRETRAINING_DATASET),
        index=all_shards("mels/{dataset}/{shard}/mixture.csv", PRETRAINING_DATASET),
        bass=ancient(all_shards("mels/{dataset}/{shard}/bass.npy", PRETRAINING_DATASET)),
        drums=ancient(
            all_shards("mels/{dataset}/{shard}/drums.npy", PRETRAINING_DATASET)
        ),
        other=ancient(
            all_shards("mels/{dataset}/{shard}/other.npy", PRETRAINING_DATASET)
        ),
        vocals=ancient(
            all_shards("mels/{dataset}/{shard}/vocals.npy", PRETRAINING_DATASET)
        ),
        stems_index=ancient(
            all_shards("mels/{dataset}/{shard}/stems.csv", PRETRAINING_DATASET)
        ),
        activity=ancient(
            all_shards("mels/{dataset}/{shard}/activity.csv", PRETRAINING_DATASET)
        ),
    output:
        svg=report(
            "results/figures/log_mels.svg",
            caption="../report/log_mels.rst",
            category="Pretraining",
            labels={"figure": "what the encoder hears"},
        ),
        png="results/figures/log_mels.png",
    log:
        "logs/plot_log_mels.log",
    benchmark:
        "timings/plot_log_mels.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        threshold=config["pretraining"]["activity_threshold"],
        windows=config["pretraining"]["activity_windows"],
        code=code_of("plot_log_mels.py"),
    message:
        "Drawing the log-mels of a mixture and its stems"
    script:
        "../workflow_scripts/plot_log_mels.py"
