# Pretraining: one job a model and seed.


from mscol.config.checks import encoder_files


localrules:
    plan_pretraining,


def pretraining_settings():
    """All settings of pretraining that change a number."""
    settings = config["pretraining"] | {"encoder": config["encoder"]}
    return {key: value for key, value in settings.items() if key != "running"}


def stem_mels(kind):
    """A function for `input`: what a model needs of the cached stems, a file a shard.

    Kind is a stem, "index" or "activity".
    """

    def files(wildcards):
        model = model_of(wildcards.model)
        if kind not in (*model.sources, *["index", "activity"] * bool(model.sources)):
            return []
        # Which segments are active is read off the plain stems.
        degraded = model.degraded_db is not None and kind != "activity"
        cached = rules.cache_degraded_mels if degraded else rules.cache_stem_mels
        return expand(
            getattr(cached.output, kind),
            dataset=PRETRAINING_DATASET,
            shard=shards(PRETRAINING_DATASET),
            decibels=model.degraded_db,
        )

    return files


# Stems are temporary: when degraded ones are asked for later, they are made again, and so are the plain
# mels. That must not cost a GPU day. So pretraining takes mels of stems as `ancient`. For a job behind
# such an input Snakemake does not look at parameters while what makes the input is to run; so all
# parameters go into a plan, a file of its own, made by a job that waits for no mels.
def pretraining_plan(name):
    """All that decides how a model is pretrained, besides clips, mixtures and the separator's files."""
    model = model_of(name)
    if not model.trained:
        raise WorkflowError(f"model '{name}' is not pretrained here")
    return {
        "sources": model.sources,
        "options": model.options,
        "settings": pretraining_settings(),
        "framework_threads": config["framework_threads"],
        "stems": stem_mels_origin(model),
        "code": library_fingerprint("pretrain_encoder.py"),
    }


def stem_mels_origin(model):
    """What decides the mels of a model's stems."""
    if not model.sources:
        return {}
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    scripts = ["cache_stem_mels.py"]
    if model.degraded_db is not None:
        scripts += ["cache_degraded_mels.py"]
    if brought:
        origin = {"root": brought}
        scripts += ["resample_brought_stems.py"]
    else:
        origin = {k: v for k, v in config["separation"].items() if k != "training"}
        scripts += ["convert_to_wav.py", "separate_stems.py", "resample_stems.py"]
    code = [library_fingerprint(script) for script in scripts]
    return origin | {"dtype": config["mels"]["dtype"], "code": code}


def stem_separator(wildcards):
    """The separator's files, for a model made from stems that it separated."""
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    uses_it = model_of(wildcards.model).sources and not brought
    return separator_files(wildcards) if uses_it else []


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
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    params:
        plan=lambda wildcards: pretraining_plan(wildcards.model),
        clips=clips_digest(PRETRAINING_DATASET),
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
        # `ancient`: pretraining_plan says why.
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
        "../envs/tensorflow.yaml"
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(8000),
        runtime=2880,  # the next attempt goes on from the last checkpoint
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
        "../envs/tensorflow.yaml"
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(8000),
        runtime=growing(30),
    params:
        settings=pretraining_settings(),
        framework_threads=config["framework_threads"],
        clips=clips_digest(PRETRAINING_DATASET),
        code=code_of("initialise_encoder.py"),
    message:
        "Initialising the untrained encoder, seed {wildcards.seed}"
    script:
        "../workflow_scripts/initialise_encoder.py"


rule import_encoder:
    input:
        lambda wildcards: encoder_files(model_of(wildcards.model).checkpoint),
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
        "../envs/tensorflow.yaml"
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(4000),
        runtime=growing(10),
    params:
        checkpoint=lambda wildcards: model_of(wildcards.model).checkpoint,
        framework_threads=config["framework_threads"],
        code=code_of("import_encoder.py"),
    message:
        "Taking over the encoder {wildcards.model}"
    script:
        "../workflow_scripts/import_encoder.py"


ruleorder: import_encoder > initialise_encoder > pretrain_encoder
