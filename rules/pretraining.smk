# Pretraining: one job a model and seed.


include: "functions/pretraining.smk"


rule plan_pretraining:
    input:
        clips=ancient(PRETRAINING_CLIPS),
    output:
        plan="models/{model}/plan.json",
    log:
        "logs/plan_pretraining/{model}.log",
    benchmark:
        "timings/plan_pretraining/{model}.tsv"
    priority: 50
    localrule: True
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    params:
        **told(80, plan=lambda wildcards: pretraining_plan(wildcards.model)),
        clips=clips_digest(PRETRAINING_DATASET),
        code=code_of("plan_pretraining.py"),
    message:
        "Planning the pretraining of {wildcards.model}"
    script:
        "../workflow_scripts/plan_pretraining.py"


rule pretrain_encoder:
    input:
        plan=rules.plan_pretraining.output.plan,
        clips=ancient(PRETRAINING_CLIPS),
        frames=all_shards(MIXTURE_FRAMES, PRETRAINING_DATASET),
        index=all_shards(MIXTURE_INDEX, PRETRAINING_DATASET),
        # `ancient`: pretraining_plan explains why.
        bass=ancient(stem_mels("bass")),
        drums=ancient(stem_mels("drums")),
        other=ancient(stem_mels("other")),
        vocals=ancient(stem_mels("vocals")),
        stems_index=ancient(stem_mels("index")),
        activity=ancient(stem_mels("activity")),
        separator=stem_separator,
    output:
        encoder="models/{model}/seed{seed}/encoder.keras",
        history="models/{model}/seed{seed}/history.csv",
        run="models/{model}/seed{seed}/run.json",
    log:
        "logs/pretrain_encoder/{model}/seed{seed}.log",
    benchmark:
        "timings/pretrain_encoder/{model}/seed{seed}.tsv"
    priority: 50
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=pretraining_gpus,
        mem_mb=growing(8000),
        runtime=2880,  # the next attempt resumes from the last checkpoint
    message:
        "Pretraining {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/pretrain_encoder.py"


rule initialise_encoder:
    input:
        clips=ancient(PRETRAINING_CLIPS),
        frames=all_shards(MIXTURE_FRAMES, PRETRAINING_DATASET),
        index=all_shards(MIXTURE_INDEX, PRETRAINING_DATASET),
    output:
        encoder="models/untrained/seed{seed}/encoder.keras",
        history="models/untrained/seed{seed}/history.csv",
        run="models/untrained/seed{seed}/run.json",
    log:
        "logs/initialise_encoder/seed{seed}.log",
    benchmark:
        "timings/initialise_encoder/seed{seed}.tsv"
    priority: 50
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=one_gpu,
        mem_mb=growing(8000),
        runtime=growing(30),
    params:
        **told(
            settings=pretraining_settings(model_of("untrained")),
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        clips=clips_digest(PRETRAINING_DATASET),
        code=code_of("initialise_encoder.py"),
    message:
        "Initialising the untrained encoder, seed {wildcards.seed}"
    script:
        "../workflow_scripts/initialise_encoder.py"


rule import_encoder:
    input:
        own(checkpoint_files),
    output:
        encoder="models/{model}/seed{seed}/encoder.keras",
        history="models/{model}/seed{seed}/history.csv",
        run="models/{model}/seed{seed}/run.json",
    log:
        "logs/import_encoder/{model}/seed{seed}.log",
    benchmark:
        "timings/import_encoder/{model}/seed{seed}.tsv"
    wildcard_constraints:
        model=models_brought_as("checkpoint"),
    priority: 50
    conda:
        KERAS_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(4000),
        runtime=growing(10),
    params:
        **told(
            paper=lambda wildcards: model_of(wildcards.model).paper,
            framework_threads=config["framework_threads"],
            backend=config["backend"],
        ),
        checkpoint=lambda wildcards: model_of(wildcards.model).checkpoint,
        later=later(checkpoint_files),
        code=code_of("import_encoder.py"),
    message:
        "Importing the encoder {wildcards.model}"
    script:
        "../workflow_scripts/import_encoder.py"


ruleorder: import_encoder > initialise_encoder > pretrain_encoder
