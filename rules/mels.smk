# The mel cache: mixtures from the raw files, stems from the separated files.


rule cache_mixture_mels:
    input:
        shards=ancient(SHARDS),
    output:
        frames="mels/{dataset}/{shard}/mixture.npy",
        index="mels/{dataset}/{shard}/mixture.csv",
        rejected="mels/{dataset}/{shard}/mixture_rejected.csv",
    log:
        "logs/cache_mixture_mels/{dataset}/{shard}.log",
    benchmark:
        "timings/cache_mixture_mels/{dataset}/{shard}.tsv"
    priority: 55
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **told(
            dtype=config["mels"]["dtype"],
            normalise=config["mels"]["normalise_seconds"],
        ),
        root=root_of,
        whole_only=takes_whole_clips_only,
        paper="mscol",
        clips=shard_digest,
        code=code_of("cache_mixture_mels.py"),
    message:
        "Caching log-mels of {wildcards.dataset} {wildcards.shard}"
    script:
        "../workflow_scripts/cache_mixture_mels.py"


# Only for evaluating CVSM encoders.
rule cache_sliced_mels:
    input:
        shards=ancient(SHARDS),
    output:
        frames="mels/{dataset}/{shard}/slices.npy",
        index="mels/{dataset}/{shard}/slices.csv",
        rejected="mels/{dataset}/{shard}/slices_rejected.csv",
    log:
        "logs/cache_sliced_mels/{dataset}/{shard}.log",
    benchmark:
        "timings/cache_sliced_mels/{dataset}/{shard}.tsv"
    priority: 55
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **told(dtype=config["mels"]["dtype"]),
        root=root_of,
        normalise="file",  # each slice has its own norm, whatever the config sets
        whole_only=takes_whole_clips_only,
        paper="cvsm",
        clips=shard_digest,
        code=code_of("cache_mixture_mels.py"),
    message:
        "Caching log-mels of slices of {wildcards.dataset} {wildcards.shard}"
    script:
        "../workflow_scripts/cache_mixture_mels.py"


rule cache_stem_mels:
    input:
        shards=ancient(SHARDS),
        stems=rules.resample_stems.output.stems,
        rejected=stem_rejections,
    output:
        **of_stems("mels/{dataset}/{shard}/STEM.npy"),
        index="mels/{dataset}/{shard}/stems.csv",
        activity="mels/{dataset}/{shard}/activity.csv",
        rejected="mels/{dataset}/{shard}/stems_rejected.csv",
    log:
        "logs/cache_stem_mels/{dataset}/{shard}.log",
    benchmark:
        "timings/cache_stem_mels/{dataset}/{shard}.tsv"
    priority: 90
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        shards_in_flight=1,
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **told(
            dtype=config["mels"]["dtype"],
            normalise=config["mels"]["normalise_seconds"],
        ),
        clips=shard_digest,
        code=code_of("cache_stem_mels.py"),
    message:
        "Caching log-mels of the stems of {wildcards.dataset} {wildcards.shard}"
    script:
        "../workflow_scripts/cache_stem_mels.py"


rule cache_degraded_mels:
    input:
        shards=ancient(SHARDS),
        stems=rules.resample_stems.output.stems,
        rejected=stem_rejections,
    output:
        **of_stems("mels/{dataset}/{shard}/STEM-{degradation}.npy"),
        index="mels/{dataset}/{shard}/{degradation}.csv",
        rejected="mels/{dataset}/{shard}/{degradation}_rejected.csv",
    log:
        "logs/cache_degraded_mels/{dataset}/{shard}/{degradation}.log",
    benchmark:
        "timings/cache_degraded_mels/{dataset}/{shard}/{degradation}.tsv"
    priority: 90
    conda:
        "../envs/audio.yaml"
    threads: AUDIO_THREADS
    resources:
        shards_in_flight=1,
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        **told(
            dtype=config["mels"]["dtype"],
            normalise=config["mels"]["normalise_seconds"],
        ),
        root=root_of,
        clips=shard_digest,
        code=code_of("cache_degraded_mels.py"),
    message:
        "Caching log-mels of the stems of {wildcards.dataset} {wildcards.shard}, {wildcards.degradation}"
    script:
        "../workflow_scripts/cache_degraded_mels.py"


MIXTURE_FRAMES = str(rules.cache_mixture_mels.output.frames)
MIXTURE_INDEX = str(rules.cache_mixture_mels.output.index)
