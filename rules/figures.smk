# Figures, each as its own file and in the report (`snakemake --report report.zip`).
# If half of a category's results have one value of a label and half another, the report page turns the label into a
# switch, and breaks if a position has no result: hence all combinations, or other values.


include: "functions/figures.smk"


SOURCE_MODELS = [model.name for model in configured_models() if model.sources]


rule plot_comparison:
    input:
        summary=rules.summarise_results.output.table,
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
        synthesised=SYNTHESISED,  # for the caption
        code=code_of("plot_comparison.py"),
    message:
        "Plotting the results of all models"
    script:
        "../workflow_scripts/plot_comparison.py"


rule plot_label_fractions:
    input:
        summary=rules.summarise_results.output.table,
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
        synthesised=SYNTHESISED,  # for the caption
        code=code_of("plot_label_fractions.py"),
    message:
        "Plotting results by the share of training labels"
    script:
        "../workflow_scripts/plot_label_fractions.py"


rule plot_classes:
    input:
        per_class=rules.write_results_table.output.per_class,
        table=rules.write_results_table.output.table,
    output:
        svg=report(
            "results/figures/classes/{dataset}{task}_{model}.svg",
            caption="../report/classes.rst",
            category="Tags and classes",
            subcategory="Each model",
            labels=report_labels(),
        ),
        png="results/figures/classes/{dataset}{task}_{model}.png",
    log:
        "logs/plot_classes/{dataset}{task}_{model}.log",
    benchmark:
        "timings/plot_classes/{dataset}{task}_{model}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        synthesised=lambda wildcards: is_embedded(wildcards.dataset),
        code=code_of("plot_classes.py"),
    message:
        "Plotting the tags or classes of {wildcards.dataset}{wildcards.task} with {wildcards.model}"
    script:
        "../workflow_scripts/plot_classes.py"


rule plot_differences:
    input:
        comparisons=rules.compare_models.output.per_label,
    output:
        svg=report(
            "results/figures/differences/{dataset}{task}_{model}.svg",
            caption="../report/differences.rst",
            category="Tags and classes",
            subcategory=f"Differences from {REFERENCE_MODEL}",
            labels=report_labels(),
        ),
        png="results/figures/differences/{dataset}{task}_{model}.png",
    log:
        "logs/plot_differences/{dataset}{task}_{model}.log",
    benchmark:
        "timings/plot_differences/{dataset}{task}_{model}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        synthesised=lambda wildcards: is_embedded(wildcards.dataset),
        code=code_of("plot_differences.py"),
    message:
        f"Plotting the differences of {{wildcards.model}} to {REFERENCE_MODEL} on {{wildcards.dataset}}{{wildcards.task}}"
    script:
        "../workflow_scripts/plot_differences.py"


rule plot_convergence:
    input:
        histories=of_runs("history"),
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
        models=untold([model for model, _ in configured_runs()]),
        synthesised=PRETRAINING_DATASET in SYNTHESISED,
        code=code_of("plot_convergence.py"),
    message:
        "Plotting the pretraining losses"
    script:
        "../workflow_scripts/plot_convergence.py"


rule plot_log_mels:
    input:
        clips=ancient(PRETRAINING_CLIPS),
        # The plan contains what decides the stems, which are `ancient` (pretraining_plan explains why).
        plan=expand(rules.plan_pretraining.output.plan, model=SOURCE_MODELS[:1]),
        frames=all_shards(MIXTURE_FRAMES, PRETRAINING_DATASET),
        index=all_shards(MIXTURE_INDEX, PRETRAINING_DATASET),
        bass=ancient(plain_stem_mels("bass")),
        drums=ancient(plain_stem_mels("drums")),
        other=ancient(plain_stem_mels("other")),
        vocals=ancient(plain_stem_mels("vocals")),
        stems_index=ancient(plain_stem_mels("index")),
        activity=ancient(plain_stem_mels("activity")),
    output:
        svg=report(
            "results/figures/log_mels.svg",
            caption="../report/log_mels.rst",
            category="Pretraining",
            labels={"figure": "what the encoder hears"},
        ),
        png="results/figures/log_mels.png",
        heard="excerpts/log_mels.json",
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
        **told(
            threshold=config["pretraining"]["activity_threshold"],
            windows=config["pretraining"]["activity_windows"],
        ),
        synthesised=PRETRAINING_DATASET in SYNTHESISED,
        code=code_of("plot_log_mels.py"),
    message:
        "Plotting the log-mels of a mixture and its stems"
    script:
        "../workflow_scripts/plot_log_mels.py"
