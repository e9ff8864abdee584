# Evaluation: the frozen encoder passes over a dataset once, then a head is trained on what it gave.


rule embed_clips:
    input:
        encoder=encoder,
        clips=ancient("manifests/{dataset}/clips.csv"),
        frames=all_shards("mels/{dataset}/{shard}/mixture.npy"),
        index=all_shards("mels/{dataset}/{shard}/mixture.csv"),
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
        "../envs/tensorflow.yaml"
    threads: config["framework_threads"]
    resources:
        mem_mb=6000,
        runtime=240,
    params:
        crops_per_segment=config["evaluation"]["crops_per_segment"],
        batch_size=config["evaluation"]["embedding_batch_size"],
        framework_threads=config["framework_threads"],
        clips=clips_digest(None),
        code=library_fingerprint("embed_clips.py"),
    message:
        "Embedding {wildcards.dataset} with {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/embed_clips.py"


rule train_probe:
    input:
        clips=ancient("manifests/{dataset}/clips.csv"),
        about=ancient("manifests/{dataset}/about.json"),
        train="embeddings/{dataset}/{model}/seed{seed}/train.npy",
        train_index="embeddings/{dataset}/{model}/seed{seed}/train.csv",
        validation="embeddings/{dataset}/{model}/seed{seed}/validation.npy",
        validation_index="embeddings/{dataset}/{model}/seed{seed}/validation.csv",
        test="embeddings/{dataset}/{model}/seed{seed}/test.npy",
        test_index="embeddings/{dataset}/{model}/seed{seed}/test.csv",
    output:
        head="models/{model}/seed{seed}/heads/{dataset}.keras",
        history="models/{model}/seed{seed}/heads/{dataset}.csv",
        scores="models/{model}/seed{seed}/scores/{dataset}.npz",
    log:
        "logs/train_probe/{dataset}/{model}/seed{seed}.log",
    benchmark:
        "timings/train_probe/{dataset}/{model}/seed{seed}.tsv"
    priority: 30
    conda:
        "../envs/tensorflow.yaml"
    threads: config["framework_threads"]
    resources:
        mem_mb=8000,
        runtime=240,
    params:
        settings=head_settings,
        framework_threads=config["framework_threads"],
        labels=labels_digest,
        code=library_fingerprint("train_probe.py"),
    message:
        "Training the {wildcards.dataset} head on {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow_scripts/train_probe.py"


rule write_results_table:
    input:
        about=ancient("manifests/{dataset}/about.json"),
        scores=seeded("models/{model}/seed{seed}/scores/{dataset}.npz"),
    output:
        table="results/{dataset}_{model}.csv",
        per_class="results/per_class/{dataset}_{model}.csv",
    log:
        "logs/write_results_table/{dataset}_{model}.log",
    benchmark:
        "timings/write_results_table/{dataset}_{model}.tsv"
    priority: 40
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        seeds=config["seeds"],
        bootstrap=config["evaluation"]["bootstrap_resamples"],
        labels=labels_digest,
        code=library_fingerprint("write_results_table.py"),
    message:
        "Writing results/{wildcards.dataset}_{wildcards.model}.csv"
    script:
        "../workflow_scripts/write_results_table.py"
