# Evaluation: embed a dataset once and train heads on the embeddings; or train encoder and head together; or score a
# trained head. Each dataset and model gets one table.


include: "functions/evaluation.smk"


CLIP_MEAN_WAYS = evaluations.ways_on_clip_means(config["evaluation"])


rule embed_clips:
    input:
        encoder=encoder,
        clips=ancient(CLIPS),
        listed=listed,
        frames=heard("frames"),
        index=heard("index"),
    output:
        train="embeddings/{dataset}/{model}/seed{seed}/train.npy",
        train_index="embeddings/{dataset}/{model}/seed{seed}/train.csv",
        validation="embeddings/{dataset}/{model}/seed{seed}/validation.npy",
        validation_index="embeddings/{dataset}/{model}/seed{seed}/validation.csv",
        test="embeddings/{dataset}/{model}/seed{seed}/test.npy",
        test_index="embeddings/{dataset}/{model}/seed{seed}/test.csv",
    log:
        "logs/embed_clips/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "timings/embed_clips/{dataset}/{model}/seed{seed}.tsv"
    priority: 20
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=one_gpu,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        **told(
            crops_per_segment=config["evaluation"]["crops_per_segment"],
            batch_size=config["evaluation"]["embedding_batch_size"],
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        clips=clips_digest(),
        code=code_of("embed_clips.py"),
    message:
        "Embedding {wildcards.dataset} with {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/embed_clips.py"


rule embed_waveforms:
    input:
        function=own(callable_file),
        clips=ancient(CLIPS),
        # All clips that other encoders are tested on
        index=all_shards(MIXTURE_INDEX),
    output:
        train=rules.embed_clips.output.train,
        train_index=rules.embed_clips.output.train_index,
        validation=rules.embed_clips.output.validation,
        validation_index=rules.embed_clips.output.validation_index,
        test=rules.embed_clips.output.test,
        test_index=rules.embed_clips.output.test_index,
    log:
        "logs/embed_waveforms/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "timings/embed_waveforms/{dataset}/{model}/seed{seed}.tsv"
    wildcard_constraints:
        model=models_brought_as("callable"),
    priority: 20
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        gpu=gpu_of_function,
        mem_mb=growing(4000),
        runtime=growing(480),
    params:
        **told(crops_per_segment=config["evaluation"]["crops_per_segment"]),
        root=root_of,
        callable=lambda wildcards: model_of(wildcards.model).callable,
        later=later(callable_file),
        clips=clips_digest(),
        code=callable_code("embed_waveforms.py"),
    message:
        "Embedding {wildcards.dataset} with the function {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/embed_waveforms.py"


ruleorder: embed_waveforms > embed_clips


rule train_probe:
    input:
        clips=manifest_of("clips"),
        about=manifest_of("about"),
        listed=listed,
        train=rules.embed_clips.output.train,
        train_index=rules.embed_clips.output.train_index,
        validation=rules.embed_clips.output.validation,
        validation_index=rules.embed_clips.output.validation_index,
        test=rules.embed_clips.output.test,
        test_index=rules.embed_clips.output.test_index,
    output:
        model="models/{model}/seed{seed}/heads/{dataset}{task}{labels}.keras",
        about="models/{model}/seed{seed}/heads/{dataset}{task}{labels}.json",
        history="models/{model}/seed{seed}/heads/{dataset}{task}{labels}.csv",
        scores="models/{model}/seed{seed}/scores/{dataset}{task}{labels}.npz",
    log:
        "logs/train_probe/{dataset}{task}/{model}/seed{seed}{labels}.log",
    benchmark:
        "timings/train_probe/{dataset}{task}/{model}/seed{seed}{labels}.tsv"
    priority: 30
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        **told(8, settings=head_settings),
        **told(
            label_fraction=fraction_of,
            standardise=config["evaluation"]["standardise"],
            n_heads=config["evaluation"]["heads_per_encoder"],
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        labels=labels_digest,
        code=code_of("train_probe.py"),
    message:
        "Training the {wildcards.dataset}{wildcards.task}{wildcards.labels} heads on {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/train_probe.py"


if CLIP_MEAN_WAYS:

    rule score_clip_means:
        input:
            clips=manifest_of("clips"),
            about=manifest_of("about"),
            listed=listed,
            train=rules.embed_clips.output.train,
            train_index=rules.embed_clips.output.train_index,
            validation=rules.embed_clips.output.validation,
            validation_index=rules.embed_clips.output.validation_index,
            test=rules.embed_clips.output.test,
            test_index=rules.embed_clips.output.test_index,
        output:
            # One job for all, because it reads the embeddings once: 12 GB for NSynth
            [clip_mean_scores(way) for way in CLIP_MEAN_WAYS],
        log:
            "logs/score_clip_means/{dataset}{task}/{model}/seed{seed}.log",
        benchmark:
            "timings/score_clip_means/{dataset}{task}/{model}/seed{seed}.tsv"
        priority: 30
        conda:
            "../envs/report.yaml"
        threads: config["framework_threads"]
        resources:
            mem_mb=growing(8000),
            runtime=growing(240),
        params:
            **told(
                ways=[tuple(way) for way in CLIP_MEAN_WAYS],
                framework_threads=config["framework_threads"],
            ),
            labels=labels_digest,
            code=code_of("score_clip_means.py"),
        message:
            "Evaluating clip means of {wildcards.model} on {wildcards.dataset}{wildcards.task}, seed {wildcards.seed}"
        script:
            "../workflow_scripts/score_clip_means.py"


rule finetune_encoder:
    input:
        encoder=encoder,
        clips=manifest_of("clips"),
        about=manifest_of("about"),
        listed=listed,
        frames=heard("frames"),
        index=heard("index"),
    output:
        model="models/{model}/seed{seed}/finetuned/{dataset}{task}{labels}.keras",
        about="models/{model}/seed{seed}/finetuned/{dataset}{task}{labels}.json",
        history="models/{model}/seed{seed}/finetuned/{dataset}{task}{labels}.csv",
        scores="models/{model}/seed{seed}/scores/{dataset}{task}-finetuned{labels}.npz",
    log:
        "logs/finetune_encoder/{dataset}{task}/{model}/seed{seed}{labels}.log",
    benchmark:
        "timings/finetune_encoder/{dataset}{task}/{model}/seed{seed}{labels}.tsv"
    priority: 30
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=one_gpu,
        mem_mb=growing(8000),
        runtime=growing(1440),
    params:
        **told(8, settings=finetuning_settings),
        **told(
            label_fraction=fraction_of,
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        labels=labels_digest,
        code=code_of("finetune_encoder.py"),
    message:
        "Finetuning {wildcards.model} on {wildcards.dataset}{wildcards.task}{wildcards.labels}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/finetune_encoder.py"


rule score_trained:
    input:
        model=own(trained("model")),
        clips=manifest_of("clips"),
        about=manifest_of("about"),
        listed=listed,
        test=trained("test"),
        test_index=trained("test_index"),
        frames=trained("frames"),
        index=trained("index"),
    output:
        scores="models/{model}/seed{seed}/scores/{dataset}{task}-evaluate.npz",
    log:
        "logs/score_trained/{dataset}{task}/{model}/seed{seed}.log",
    benchmark:
        "timings/score_trained/{dataset}{task}/{model}/seed{seed}.tsv"
    priority: 30
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=one_gpu,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        **told(
            trained=lambda wildcards: trained("model")(wildcards)[0],
            paper=lambda wildcards: model_of(wildcards.model).paper,
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        later=later(trained("model")),
        labels=labels_digest,
        code=code_of("score_trained.py"),
    message:
        "Scoring {wildcards.dataset}{wildcards.task} with {params.trained}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/score_trained.py"


SCORES = {
    "frozen": rules.train_probe.output.scores,
    "finetuned": rules.finetune_encoder.output.scores,
    "evaluate": rules.score_trained.output.scores,
}


rule write_results_table:
    input:
        about=manifest_of("about"),
        listed=listed,
        scores=scores,
    output:
        table=report(
            "results/{dataset}{task}_{model}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels=report_labels(rows="seeds"),
        ),
        per_class=report(
            "results/per_class/{dataset}{task}_{model}.csv",
            caption="../report/per_class.rst",
            category="Tables",
            labels=report_labels(rows="labels"),
        ),
        bootstrap="results/bootstrap/{dataset}{task}_{model}.npz",
    log:
        "logs/write_results_table/{dataset}{task}_{model}.log",
    benchmark:
        "timings/write_results_table/{dataset}{task}_{model}.tsv"
    priority: 40
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        **told(
            evaluations=lambda wildcards: [
                (*way, standardised(way)) for way in ways(wildcards.model)
            ],
            seeds=config["seeds"],
            n_resamples=config["evaluation"]["bootstrap_resamples"],
        ),
        labels=labels_digest,
        synthesised=lambda wildcards: is_embedded(wildcards.dataset),  # for the caption
        code=code_of("write_results_table.py"),
    message:
        "Writing results/{wildcards.dataset}{wildcards.task}_{wildcards.model}.csv"
    script:
        "../workflow_scripts/write_results_table.py"
