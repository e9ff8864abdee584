# The start page results/index.html, and the files that only it needs.


include: "functions/overview.smk"


rule describe_clips:
    input:
        clips=manifest_of("clips"),
        about=manifest_of("about"),
        manifest=ancient(CLIPS),
        listed=all_listed(),
        test=of_embedded_models(rules.embed_clips.output.test),
        test_index=of_embedded_models(rules.embed_clips.output.test_index),
        scores=shown_scores,
    output:
        "results/clips/{dataset}{task}.csv",
    log:
        "logs/describe_clips/{dataset}{task}.log",
    benchmark:
        "timings/describe_clips/{dataset}{task}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        **told(models=embedded_models(), seeds=config["seeds"]),
        labels=labels_digest,
        code=code_of("describe_clips.py"),
    message:
        "Mapping the test clips of {wildcards.dataset}{wildcards.task}"
    script:
        "../workflow_scripts/describe_clips.py"


rule cut_excerpts:
    input:
        clips=ancient(CLIPS),
    output:
        "excerpts/{dataset}.json",
    log:
        "logs/cut_excerpts/{dataset}.log",
    benchmark:
        "timings/cut_excerpts/{dataset}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        **told(most_bytes=MOST_AUDIO_BYTES // max(1, len(heard_test_datasets()))),
        root=root_of,
        labels=labels_digest,
        code=code_of("cut_excerpts.py"),
    message:
        "Cutting excerpts of test clips of {wildcards.dataset}"
    script:
        "../workflow_scripts/cut_excerpts.py"


# Stems of a run are temporary, so one excerpt is separated again.
rule separate_excerpt:
    input:
        excerpt=rules.plot_log_mels.output.heard,
        clips=ancient(PRETRAINING_CLIPS),
        model=ancient(unless_brought(separator_files)),
        published=ancient(unless_brought(published_separator)),
    output:
        "excerpts/mixture_and_stems.json",
    log:
        "logs/separate_excerpt.log",
    benchmark:
        "timings/separate_excerpt.tsv"
    conda:
        SEPARATION_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=gpu_of_separator,
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        **told(separator=separator_settings()),
        module=separator_module(),
        function=separator_file,
        root=dataset_settings(PRETRAINING_DATASET)["root"],
        brought=dataset_settings(PRETRAINING_DATASET)["stems"],
        code=separator_code("separate_excerpt.py"),
    message:
        "Separating an excerpt for listening"
    script:
        "../workflow_scripts/separate_excerpt.py"


rule write_page:
    input:
        summary=rules.summarise_results.output.table,
        comparisons=rules.compare_models.output.per_label,
        per_class=of_all_results(rules.write_results_table.output.per_class),
        abouts=ancient(
            expand(rules.write_task.output.about, dataset=EVALUATED_DATASETS, task="")
        ),
        clips=described_clips(),
        excerpts=expand(rules.cut_excerpts.output, dataset=heard_test_datasets()),
        histories=of_runs("history"),
        cards=encoder_cards(),
        curves=[rules.plot_convergence.output.svg] * bool(configured_runs()),
        pictures=page_of_stems(rules.plot_log_mels.output.heard),
        sounds=page_of_stems(
            rules.separate_excerpt.output[0], config["report"]["audio"]
        ),
        rejected=rules.gather_rejected.output[0],
        shortened=rules.gather_shortened.output[0],
        separator=separator_losses(),
        listed=all_listed(),
    output:
        report(
            "results/index.html",
            caption="../report/page.rst",
            category="All results on a page",
            labels={"page": "tables, sounds, maps, curves, costs"},
        ),
    log:
        "logs/write_page.log",
    benchmark:
        "timings/write_page.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        **summary_params(),
        **told(
            made={model.name: made_from(model) for model in configured_models()},
        ),
        # The keys of the lists of files
        per_class=untold(
            [
                (name, model)
                for name in EVALUATED_DATASETS
                for model in config["models"]
            ]
        ),
        views=untold([(name, dataset_of(name)) for name in EVALUATED_DATASETS]),
        heard=untold(heard_test_datasets()),
        runs=untold([model for model, _ in configured_runs()]),
        carded=untold(
            [
                model.name
                for model in configured_models()
                if not model.callable
                for _ in config["seeds"]
            ]
        ),
        code=code_of("write_page.py"),
    message:
        "Writing results/index.html"
    script:
        "../workflow_scripts/write_page.py"
