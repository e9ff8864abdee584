# Robustness: perturb the waveforms of test clips, embed them, and score them with the heads of the protocol frozen. Only if
# the config names perturbations.


include: "functions/robustness.smk"


wildcard_constraints:
    perturbation=PERTURBATION_PATTERN,
    heard="mixture|slices",


# Kept: a model requested later would rewrite them, and by their dates all scores would be stale.
rule cache_perturbed_mels:
    input:
        shards=ancient(SHARDS),
    output:
        frames="mels/{dataset}/{shard}/{heard}-{perturbation}.npy",
        index="mels/{dataset}/{shard}/{heard}-{perturbation}.csv",
        rejected="mels/{dataset}/{shard}/{heard}-{perturbation}_rejected.csv",
    log:
        "logs/cache_perturbed_mels/{dataset}/{shard}/{heard}-{perturbation}.log",
    benchmark:
        "timings/cache_perturbed_mels/{dataset}/{shard}/{heard}-{perturbation}.tsv"
    priority: 15
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        root=root_of,
        dtype=config["mels"]["dtype"],
        # Each slice has its own norm, whatever the config sets.
        normalise=lambda wildcards: (
            "file"
            if wildcards.heard == "slices"
            else config["mels"]["normalise_seconds"]
        ),
        whole_only=takes_whole_clips_only,
        paper=lambda wildcards: "cvsm" if wildcards.heard == "slices" else "mscol",
        clips=shard_digest,
        code=code_of("cache_perturbed_mels.py"),
    message:
        "Caching log-mels of {wildcards.dataset} {wildcards.shard}, test clips with {wildcards.perturbation}"
    script:
        "../workflow_scripts/cache_perturbed_mels.py"


rule embed_perturbed_clips:
    input:
        encoder=encoder,
        clips=ancient(CLIPS),
        listed=listed,
        frames=perturbed_mels("frames"),
        index=perturbed_mels("index"),
    output:
        test=temp("embeddings/{dataset}/{model}/seed{seed}/{perturbation}.npy"),
        test_index=temp("embeddings/{dataset}/{model}/seed{seed}/{perturbation}.csv"),
    log:
        "logs/embed_perturbed_clips/{dataset}/{model}/seed{seed}/{perturbation}.log",
    benchmark:
        "timings/embed_perturbed_clips/{dataset}/{model}/seed{seed}/{perturbation}.tsv"
    priority: 20
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=one_gpu,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        batch_size=config["evaluation"]["embedding_batch_size"],
        framework_threads=config["framework_threads"],
        backend=config["backend"],
        clips=clips_digest(),
        code=code_of("embed_perturbed_clips.py"),
    message:
        "Embedding test clips of {wildcards.dataset} with {wildcards.perturbation}, by {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/embed_perturbed_clips.py"


rule embed_perturbed_waveforms:
    input:
        function=own(callable_file),
        clips=ancient(CLIPS),
        # All clips that could be perturbed
        index=perturbed_mels("index"),
    output:
        # As strings, which can be flagged
        test=temp(str(rules.embed_perturbed_clips.output.test)),
        test_index=temp(str(rules.embed_perturbed_clips.output.test_index)),
    log:
        "logs/embed_perturbed_waveforms/{dataset}/{model}/seed{seed}/{perturbation}.log",
    benchmark:
        "timings/embed_perturbed_waveforms/{dataset}/{model}/seed{seed}/{perturbation}.tsv"
    wildcard_constraints:
        model=models_brought_as("callable"),
    priority: 20
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        gpu=gpu_of_function,
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        root=root_of,
        callable=lambda wildcards: model_of(wildcards.model).callable,
        later=later(callable_file),
        clips=clips_digest(),
        code=callable_code("embed_perturbed_waveforms.py"),
    message:
        "Embedding test clips of {wildcards.dataset} with {wildcards.perturbation}, by the function {wildcards.model}"
    script:
        "../workflow_scripts/embed_perturbed_waveforms.py"


ruleorder: embed_perturbed_waveforms > embed_perturbed_clips


rule score_perturbed:
    input:
        # The first head of its encoder, trained on all labels
        model=expand(rules.train_probe.output.model, labels="", allow_missing=True)[0],
        clips=manifest_of("clips"),
        about=manifest_of("about"),
        listed=listed,
        test=rules.embed_perturbed_clips.output.test,
        test_index=rules.embed_perturbed_clips.output.test_index,
    output:
        scores="models/{model}/seed{seed}/scores/perturbed/{dataset}{task}/{perturbation}.npz",
    log:
        "logs/score_perturbed/{dataset}{task}/{model}/seed{seed}/{perturbation}.log",
    benchmark:
        "timings/score_perturbed/{dataset}{task}/{model}/seed{seed}/{perturbation}.tsv"
    priority: 30
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(6000),
        runtime=growing(60),
    params:
        **told(
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        trained=lambda wildcards, input: input.model,
        labels=labels_digest,
        code=code_of("score_trained.py"),
    message:
        "Scoring {wildcards.dataset}{wildcards.task} with {wildcards.perturbation}, by the head of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/score_trained.py"


rule write_robustness_table:
    input:
        about=manifest_of("about"),
        listed=listed,
        clean=expand(
            rules.train_probe.output.scores,
            labels="",
            seed=config["seeds"],
            allow_missing=True,
        ),
        perturbed=perturbed_scores,
    output:
        table="results/robustness/{dataset}{task}_{model}.csv",
    log:
        "logs/write_robustness_table/{dataset}{task}_{model}.log",
    benchmark:
        "timings/write_robustness_table/{dataset}{task}_{model}.tsv"
    priority: 40
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        **told(
            perturbations=perturbations(),
            seeds=config["seeds"],
            n_resamples=config["evaluation"]["bootstrap_resamples"],
        ),
        labels=labels_digest,
        code=code_of("write_robustness_table.py"),
    message:
        "Comparing perturbed with original test clips of {wildcards.dataset}{wildcards.task}, by {wildcards.model}"
    script:
        "../workflow_scripts/write_robustness_table.py"


rule gather_robustness:
    input:
        tables=of_all_results(rules.write_robustness_table.output.table),
        listed=all_listed(),
    output:
        table=report(
            "results/robustness.csv",
            caption="../report/robustness.rst",
            category="Robustness",
            labels={"result": "all datasets, as a table"},
        ),
    log:
        "logs/gather_robustness.log",
    benchmark:
        "timings/gather_robustness.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        perturbations=perturbations(),  # for the caption
        synthesised=SYNTHESISED,  # likewise
        code=code_of("gather_robustness.py"),
    message:
        "Gathering results on perturbed test clips"
    script:
        "../workflow_scripts/gather_robustness.py"


rule gather_rejected_when_perturbed:
    input:
        manifests=[],
        shards=rejected_when_perturbed(),
        listed=all_listed(),
    output:
        "results/robustness/rejected.csv",
    log:
        "logs/gather_rejected_when_perturbed.log",
    benchmark:
        "timings/gather_rejected_when_perturbed.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code_of("gather_rejected.py"),
    message:
        "Gathering test clips that could not be perturbed, and their reasons"
    script:
        "../workflow_scripts/gather_rejected.py"


rule plot_robustness:
    input:
        table=rules.gather_robustness.output.table,
    output:
        svg=report(
            "results/figures/robustness_{dataset}{task}.svg",
            caption="../report/robustness.rst",
            category="Robustness",
            labels=lambda wildcards: {"result": report_title(wildcards)},
        ),
        png="results/figures/robustness_{dataset}{task}.png",
    log:
        "logs/plot_robustness/{dataset}{task}.log",
    benchmark:
        "timings/plot_robustness/{dataset}{task}.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        perturbations=perturbations(),  # for the caption
        synthesised=lambda wildcards: is_embedded(wildcards.dataset),
        code=code_of("plot_robustness.py"),
    message:
        "Plotting results on perturbed test clips of {wildcards.dataset}{wildcards.task}"
    script:
        "../workflow_scripts/plot_robustness.py"
