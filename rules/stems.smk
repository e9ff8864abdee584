# Stems: wav -> Open-Unmix or a user's function -> 16 kHz, a shard at a time. Files in between are temporary, and later steps
# have higher priority. Conversion takes as many threads as separation, so it never starts where a waiting separation
# cannot: the disk holds the stems of a few shards only. Stems come before the rest of the workflow, because models made
# from stems take longest.
#
# No stage asks for more threads than the one before it, or it would wait while others take each free core. On a cluster,
# where jobs wait in a queue, `shards_in_flight` limits them: each stage of a shard takes one, the next stage replaces it,
# and no further shard starts (--resources shards_in_flight=8; the profiles set a limit).


include: "functions/stems.smk"


DEMO_SEPARATOR = "separators/demo"
# For --sdm conda. A user's function may not need Open-Unmix; its author adds the packages that it needs.
SEPARATION_ENVIRONMENT = (
    "../envs/audio.yaml"
    if config["separation"]["callable"]
    else "../envs/openunmix.yaml"
)
if SPEAKS and separator_of_synthesised():
    logger.warning(
        tell_origin(PRETRAINING_DATASET, validation_losses(separator_of_synthesised()))
    )


rule convert_to_wav:
    input:
        shards=ancient(SHARDS),
        # Not read. Without a separator the wavs of all shards would pile up.
        separator=ancient(separator_files),
        published=ancient(published_separator),
    output:
        audio=temp(directory("wav/{dataset}/{shard}/audio")),
        rejected=temp("wav/{dataset}/{shard}/rejected.csv"),
    log:
        "logs/convert_to_wav/{dataset}/{shard}.log",
    benchmark:
        "timings/convert_to_wav/{dataset}/{shard}.tsv"
    wildcard_constraints:
        dataset=datasets_with_stems(brought=False),
    priority: 60
    conda:
        "../envs/audio.yaml"
    threads: config["framework_threads"]
    resources:
        # Uses no GPU, but takes turns with separation: otherwise the wavs of all shards would wait for a GPU.
        gpu=gpu_of_separator,
        shards_in_flight=1,
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        root=root_of,
        clips=shard_digest,
        code=code_of("convert_to_wav.py"),
    message:
        "Converting {wildcards.dataset} {wildcards.shard} to 44.1 kHz wav"
    script:
        "../workflow_scripts/convert_to_wav.py"


rule fetch_separator:
    output:
        about="separators/{published}/fetched.json",
    log:
        "logs/fetch_separator/{published}.log",
    benchmark:
        "timings/fetch_separator/{published}.tsv"
    wildcard_constraints:
        published="|".join(PUBLISHED_MODELS),
    priority: 100
    # Runs where Snakemake runs: often only login nodes have internet access.
    localrule: True
    conda:
        "../envs/openunmix.yaml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        code=code_of("fetch_separator.py"),
    message:
        "Fetching the published separator {wildcards.published}"
    script:
        "../workflow_scripts/fetch_separator.py"


rule train_separator:
    input:
        stems=f"{EMBEDDED_ROOT}/stems",
    output:
        weights=f"{DEMO_SEPARATOR}/{{stem}}.pth",
        settings=f"{DEMO_SEPARATOR}/{{stem}}.json",
    log:
        "logs/train_separator/{stem}.log",
    benchmark:
        "timings/train_separator/{stem}.tsv"
    priority: 65
    conda:
        "../envs/openunmix.yaml"
    threads: config["framework_threads"]
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        **told(
            settings=config["separation"]["training"],
            seed=config["demo"]["seed"],
            framework_threads=config["framework_threads"],
        ),
        code=code_of("train_separator.py"),
    message:
        "Training a small Open-Unmix for {wildcards.stem}"
    script:
        "../workflow_scripts/train_separator.py"


rule describe_separator:
    output:
        separator=f"{DEMO_SEPARATOR}/separator.json",
    log:
        "logs/describe_separator.log",
    benchmark:
        "timings/describe_separator.tsv"
    priority: 65
    conda:
        "../envs/openunmix.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        **told(settings=config["separation"]["training"]),
        code=code_of("describe_separator.py"),
    message:
        "Describing the small Open-Unmix"
    script:
        "../workflow_scripts/describe_separator.py"


rule judge_separator:
    input:
        stems=f"{EMBEDDED_ROOT}/stems",
        model=separator_files,
        published=ancient(published_separator),
    output:
        table="results/separation.csv",
    log:
        "logs/judge_separator.log",
    benchmark:
        "timings/judge_separator.tsv"
    priority: 10
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
        code=separator_code("judge_separator.py"),
    message:
        "Evaluating the separator on held-out songs"
    script:
        "../workflow_scripts/judge_separator.py"


rule separate_stems:
    input:
        shards=ancient(SHARDS),
        audio=rules.convert_to_wav.output.audio,
        rejected=rules.convert_to_wav.output.rejected,
        model=separator_files,
        published=ancient(published_separator),
    output:
        stems=temp(directory("wav/{dataset}/{shard}/stems")),
        rejected=temp("wav/{dataset}/{shard}/unseparated.csv"),
    log:
        "logs/separate_stems/{dataset}/{shard}.log",
    benchmark:
        "timings/separate_stems/{dataset}/{shard}.tsv"
    priority: 70
    conda:
        SEPARATION_ENVIRONMENT
    threads: config["framework_threads"]
    resources:
        gpu=gpu_of_separator,
        shards_in_flight=1,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        **told(separator=separator_settings()),
        module=separator_module(),
        function=separator_file,
        clips=shard_digest,
        code=separator_code("separate_stems.py"),
    message:
        "Separating {wildcards.dataset} {wildcards.shard}"
    script:
        "../workflow_scripts/separate_stems.py"


rule resample_stems:
    input:
        shards=ancient(SHARDS),
        stems=rules.separate_stems.output.stems,
        rejected=stem_rejections,
    output:
        stems=temp(directory("wav/{dataset}/{shard}/stems16k")),
    log:
        "logs/resample_stems/{dataset}/{shard}.log",
    benchmark:
        "timings/resample_stems/{dataset}/{shard}.tsv"
    wildcard_constraints:
        dataset=datasets_with_stems(brought=False),
    priority: 80
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        shards_in_flight=1,
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        stems=list(MADE_STEMS),
        code=code_of("resample_stems.py"),
    message:
        "Resampling the stems of {wildcards.dataset} {wildcards.shard}"
    script:
        "../workflow_scripts/resample_stems.py"


rule resample_brought_stems:
    input:
        shards=ancient(SHARDS),
    output:
        stems=temp(directory("wav/{dataset}/{shard}/stems16k")),
        rejected=temp("wav/{dataset}/{shard}/without_stems.csv"),
    log:
        "logs/resample_brought_stems/{dataset}/{shard}.log",
    benchmark:
        "timings/resample_brought_stems/{dataset}/{shard}.tsv"
    wildcard_constraints:
        dataset=datasets_with_stems(brought=True),
    priority: 80
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        shards_in_flight=1,
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        stems_root=lambda wildcards: dataset_settings(wildcards.dataset)["stems"],
        clips=shard_digest,
        code=code_of("resample_brought_stems.py"),
    message:
        "Resampling the dataset's own stems of {wildcards.dataset} {wildcards.shard}"
    script:
        "../workflow_scripts/resample_brought_stems.py"
