"""Compute the cost of each stage of a run: its work, counted from sizes and settings, times measured rates.

Costs are upper bounds if the work is not known in advance: heads and finetuning count with all their epochs. Audio for
separation counts as mono; stereo needs twice the disk space there.
"""

import itertools
import math
from dataclasses import dataclass

from mscol.config.evaluations import has_label_curves, on_clip_means, ways, ways_on_clip_means
from mscol.datasets.task_names import dataset_of
from mscol.estimate.run import (
    HIDDEN_SIZES,
    LABELS,
    by_size,
    encoder_bytes,
    encoder_parameters,
    encoder_scale,
    encoder_values,
)
from mscol.estimate.sizes import OFFICIAL_SECONDS
from mscol.io.audio import ANALYSIS_RATE, SEPARATION_RATE
from mscol.perturbations.grammar import parse_perturbation

N_STEMS = 4
FLOAT_BYTES = 4
FUNCTION_VALUES = 120  # of mfcc; other functions may return more
MTAT_TEST_CLIPS = 5_329


@dataclass(frozen=True)
class Cost:
    """Cost of a stage.

    Attributes
    ----------
    stage : str
    jobs : int
    cpu_seconds : float
        Seconds of one core, without a GPU.
    gpu_seconds : float
        Seconds with a GPU, instead of ``cpu_seconds``; 0 if the stage uses no GPU.
    kept_bytes : float
        Disk space of the files that are kept.
    passing_bytes : float
        Maximum disk space of temporary files while the stage runs, in addition to ``kept_bytes``.
    """

    stage: str
    jobs: int
    cpu_seconds: float
    gpu_seconds: float = 0.0
    kept_bytes: float = 0.0
    passing_bytes: float = 0.0


def estimate(run):
    """Estimate the cost of a run of which nothing exists yet.

    Returns
    -------
    list of Cost
        One for each stage, in the order of the workflow.
    """
    stages = (datasets, separator, stems, separation, mixtures, pretraining, embeddings, functions, heads,
              clip_means, finetuning, perturbed_clips, perturbed_embeddings, report)  # fmt: skip
    return [cost for cost in (stage(run) for stage in stages) if cost.jobs]


def datasets(run):
    """Cost of the embedded music (if used), of manifests and of labels for other tasks."""
    rate = run.rates["bytes"]
    made = _embedded_seconds(run)
    clips = sum(size.n_clips for size in run.sizes.values())
    jobs = len(run.sizes) + len(made) + sum(name not in run.sizes for name in run.evaluated)
    cpu = run.start("light", jobs) + clips * run.cpu("header")
    cpu += sum(made.values()) * run.cpu("synthesis_second")
    kept = clips * rate["manifest_clip"] + sum(made[name] * rate["embedded_second"][name] for name in made)
    return Cost("datasets", jobs, cpu, kept_bytes=kept)


def _embedded_seconds(run):
    """Length of the embedded music that is used: of each dataset and of the songs with stems (one job each)."""
    sizes = run.settings["demo"]["sizes"]
    made = {name: sum(sizes[name].values()) * OFFICIAL_SECONDS[name] for name in run.embedded}
    if run.trains_separator:
        made["stems"] = sum(sizes["stems"].values()) * sizes["stem_seconds"]
    return made


def separator(run):
    """Cost of training and evaluating the small separator."""
    if not run.trains_separator:
        return Cost("separator", 0, 0)
    training, sizes = run.settings["separation"]["training"], run.settings["demo"]["sizes"]
    excerpts = training["updates"] * training["batch_size"] * training["sequence_seconds"]
    judged = sizes["stems"]["test"] * sizes["stem_seconds"]
    cpu = run.start("torch", N_STEMS + 2) + N_STEMS * excerpts * run.cpu("separator_second")
    cpu += judged * by_size(run.cpu("separation_second"), run.hidden_size)
    return Cost(
        "separator", N_STEMS + 2, cpu, kept_bytes=by_size(run.rates["bytes"]["separator"], run.hidden_size)
    )


def stems(run):
    """Cost of converting to wav, resampling, and computing log-mels of the stems."""
    if not run.needs_stems:
        return Cost("stems", 0, 0)
    n_degraded = len({model.degradation for model in run.models} - {None})
    jobs = run.shards[run.pretrained_on] * ((3 if run.separates else 2) + n_degraded)
    cpu = run.start("light", jobs) + run.stem_seconds * run.cpu("stems_second")
    cpu += n_degraded * run.n_stems * run.stem_seconds * run.cpu("mixture_mels_second")
    frames = run.stem_clips * run.sizes[run.pretrained_on].clip_frames
    kept = (1 + n_degraded) * run.n_stems * frames * run.mel_bytes
    return Cost("stems", jobs, cpu, kept_bytes=kept, passing_bytes=in_flight_bytes(run))


def in_flight_bytes(run):
    """Bytes of stems on disk at a time, at both sampling rates; the wavs of a shard are deleted once it is separated."""
    n_shards = run.shards[run.pretrained_on]
    rate = ANALYSIS_RATE + (SEPARATION_RATE if run.separates else 0)
    return (
        min(run.shards_in_flight, n_shards) / n_shards * run.stem_seconds * run.n_stems * rate * FLOAT_BYTES
    )


def separation(run):
    """Cost of Open-Unmix, or of a function at the same rate: one job per shard, and one to fetch published weights."""
    if not run.separates:
        return Cost("separation", 0, 0)
    jobs = run.shards[run.pretrained_on] + (run.settings["separation"]["model"] in HIDDEN_SIZES)
    rates = (by_size(of("separation_second"), run.hidden_size) for of in (run.cpu, run.gpu))
    cpu, gpu = (run.start("torch", jobs) + run.stem_seconds * rate for rate in rates)
    return Cost("separation", jobs, cpu, gpu)


def mixtures(run):
    """Cost of the log-mels of mixtures, for all datasets used for evaluation or pretraining, and again for CVSM encoders."""
    papers = {model.paper for model in run.models}
    names = [name for name in run.heard for _ in papers]
    pretrains = any(model.trained or model.name == "untrained" for model in run.models)
    if pretrains and run.pretrained_on not in run.heard:
        names.append(run.pretrained_on)
    jobs = sum(run.shards[name] for name in names)
    sizes = [run.sizes[name] for name in names]
    cpu = run.start("light", jobs) + sum(size.n_clips for size in sizes) * run.cpu("mixture_mels_file")
    cpu += sum(size.seconds for size in sizes) * run.cpu("mixture_mels_second")
    kept = sum(size.n_clips * size.clip_frames for size in sizes) * run.mel_bytes
    return Cost("log-mels of mixtures", jobs, cpu, kept_bytes=kept)


def pretraining(run):
    """Cost of one pretraining per model and seed; for imported and untrained encoders only the start of the job."""
    encoders = [model for model in run.models if not model.callable]
    n_trained = sum(model.trained for model in encoders)
    settings, n_runs = run.settings["pretraining"], n_trained * run.n_seeds
    starts = run.start("training", n_runs) + run.start("tensorflow", len(encoders) * run.n_seeds - n_runs)
    trained_pairs = n_runs * settings["updates"] * settings["batch_size"]
    validations = settings["updates"] // settings["validation_every"] * settings["validation_batches"]
    seen_pairs = n_runs * validations * settings["batch_size"]
    cpu, gpu = (
        starts
        + encoder_scale(run)
        * (trained_pairs * rate("pretraining_pair") + 2 * seen_pairs * rate("embedding_crop"))
        for rate in (run.cpu, run.gpu)
    )
    # Weights and the two averages of Adam for encoder, projection and similarity
    projection = run.settings["encoder"]["projection"]
    weights = encoder_parameters(run) + projection * (encoder_values(run) + projection)
    checkpoint = 3 * FLOAT_BYTES * weights
    kept = len(encoders) * run.n_seeds * encoder_bytes(run) + n_runs * checkpoint
    passing = n_runs * (settings["running"]["keep_checkpoints"] - 1) * checkpoint
    return Cost("pretraining", len(encoders) * run.n_seeds + n_trained, cpu, gpu, kept, passing)


def embeddings(run):
    """Cost of embedding the datasets with the frozen encoders."""
    passes = [crops for crops, model in _passes(run) if not model.callable]
    jobs = len(passes) * run.n_seeds
    start, crops = run.start("tensorflow", jobs), run.n_seeds * sum(passes)
    cpu, gpu = (start + crops * encoder_scale(run) * rate("embedding_crop") for rate in (run.cpu, run.gpu))
    return Cost("embeddings", jobs, cpu, gpu, crops * encoder_values(run) * FLOAT_BYTES)


def functions(run):
    """Cost of embedding the datasets with functions such as mfcc."""
    passes = [crops for crops, model in _passes(run) if model.callable]
    jobs, times = (
        len(passes) * run.n_seeds,
        run.n_seeds * sum(model.callable is not None for model in run.models),
    )
    seconds = sum(run.sizes[name].seconds for name in run.heard) * times if jobs else 0.0
    cpu = run.start("light", jobs) + seconds * run.cpu("function_second")
    return Cost("functions", jobs, cpu, kept_bytes=run.n_seeds * sum(passes) * FUNCTION_VALUES * FLOAT_BYTES)


def _passes(run):
    """Yield the number of crops that a model embeds of each dataset, if an evaluation uses its embeddings."""
    evaluation = run.settings["evaluation"]
    heads = {dataset_of(name) for name, entry in evaluation["trained"].items() if entry["head"]}
    for name, model in itertools.product(run.heard, run.models):
        by_head = name in heads and run.shares(model, "evaluate")
        on_means = any(on_clip_means(way.protocol) for way in ways(model, evaluation))
        if run.shares(model, "frozen") or on_means or by_head:
            size = run.sizes[name]
            segments = size.segments("train") + size.segments("validation")
            yield segments * evaluation["crops_per_segment"] + size.windows, model


def heads(run):
    """Cost of heads on embeddings, for each share of labels, and of heads that were trained earlier."""
    jobs, cpu, kept = 0, 0.0, 0.0
    n_tried = math.prod(len(values) or 1 for values in run.settings["evaluation"]["search"].values())
    for name, model in _evaluations(run):
        size, shares = run.size_of(name), run.shares(model, "frozen")
        times = run.n_seeds * len(run.shares(model, "frozen", "evaluate"))
        rows = sum(size.segments("train") * share + size.segments("validation") for share in shares)
        epochs = run.heads("frozen") * run.settings["evaluation"]["training"]["epochs"] * n_tried
        scored = run.n_seeds * (len(shares) * run.heads("frozen") + len(run.shares(model, "evaluate")))
        jobs += times
        cpu += run.start("tensorflow", times) + run.n_seeds * epochs * rows * run.cpu("head_row")
        kept += scored * _score_bytes(run, name)
    return Cost("heads", jobs, cpu, kept_bytes=kept)


def clip_means(run):
    """Cost of nearest neighbours, logistic regression and retrieval: one job per encoder and evaluation."""
    ways_of_means = ways_on_clip_means(run.settings["evaluation"])
    times = len(run.models) * run.n_seeds * bool(ways_of_means)
    cpu = kept = 0.0
    for name, way in itertools.product(run.evaluated, ways_of_means):
        size = run.size_of(name)
        clips, asked = size.clips["train"] * way.label_fraction, size.clips["validation"] + size.clips["test"]
        cpu += {
            "knn": clips * asked * run.cpu("knn_pair"),
            "retrieval": size.clips["test"] ** 2 * run.cpu("knn_pair"),
        }.get(way.protocol, 0.0)
        if way.protocol == "logistic":
            cpu += clips * run.n_labels(name) * run.cpu("logistic_label")
        kept += size.clips["test"] * run.n_labels(name) * FLOAT_BYTES
    jobs = times * len(run.evaluated)
    return Cost("clip means", jobs, run.start("report", jobs) + times * cpu, kept_bytes=times * kept)


def finetuning(run):
    """Cost of training encoder and head together, for each share of labels."""
    jobs, crops, kept = 0, 0.0, 0.0
    epochs = run.settings["evaluation"]["finetuning"]["epochs"]
    for name, model in _evaluations(run):
        size, shares = run.size_of(name), run.shares(model, "finetuned")
        rows = sum(size.segments("train") * share + size.segments("validation") for share in shares)
        jobs += run.n_seeds * len(shares)
        crops += run.n_seeds * epochs * rows
        kept += run.n_seeds * len(shares) * (encoder_bytes(run) + _score_bytes(run, name))
    start = run.start("training", jobs)
    cpu, gpu = (start + crops * encoder_scale(run) * rate("finetuning_crop") for rate in (run.cpu, run.gpu))
    return Cost("finetuning", jobs, cpu, gpu, kept)


def perturbed_clips(run):
    """Cost of perturbed test clips: log-mels for the encoders of each paper, functions, and scores by heads."""
    names = run.settings["evaluation"]["perturbations"]
    papers = {model.paper for model in run.models}
    n_functions = run.n_seeds * sum(model.callable is not None for model in run.models)
    n_runs = len(run.models) * run.n_seeds
    jobs = len(names) * n_runs * len(run.evaluated)
    cpu = run.start("tensorflow", jobs)
    kept = len(names) * n_runs * sum(_score_bytes(run, name) for name in run.evaluated)
    mel_jobs = 0
    for dataset in run.heard:
        size = run.sizes[dataset]
        seconds = size.clips["test"] * size.clip_seconds
        of_kinds = sum(run.cpu("perturbed_second")[parse_perturbation(name).kind] for name in names)
        analysed = of_kinds + len(names) * run.cpu("mixture_mels_second")
        functions_of = of_kinds + len(names) * run.cpu("function_second")
        cpu += seconds * (len(papers) * analysed + n_functions * functions_of)
        mel_jobs += len(names) * len(papers) * run.shards[dataset]
        jobs += len(names) * n_functions
        kept += len(names) * len(papers) * size.clips["test"] * size.clip_frames * run.mel_bytes
    cpu += run.start("light", mel_jobs + len(names) * n_functions * len(run.heard))
    return Cost("perturbed clips", jobs + mel_jobs, cpu, kept_bytes=kept)


def perturbed_embeddings(run):
    """Cost of embedding perturbed test clips with the frozen encoders; embeddings are deleted once they are scored."""
    n_passes = len(run.settings["evaluation"]["perturbations"]) * run.n_seeds
    n_passes *= sum(not model.callable for model in run.models)
    windows = n_passes * sum(run.sizes[name].windows for name in run.heard)
    jobs = n_passes * len(run.heard)
    start = run.start("tensorflow", jobs)
    cpu, gpu = (start + windows * encoder_scale(run) * rate("embedding_crop") for rate in (run.cpu, run.gpu))
    return Cost("perturbed embeddings", jobs, cpu, gpu)


def report(run):
    """Cost of tables, figures, model cards, rejected clips, the config and the HTML page."""
    settings = run.settings["evaluation"]
    tables, n_encoders = len(_evaluations(run)), sum(not model.callable for model in run.models)
    compared = settings["compare_with"] in run.settings["models"]
    curves = has_label_curves(settings)
    jobs = (
        2 * tables + n_encoders * run.n_seeds + 7 + curves + run.needs_stems
    )  # 7: summary, comparisons, their figure, ...
    jobs += compared * len(run.evaluated) * (len(run.models) - 1) + any(model.trained for model in run.models)
    jobs += _page_jobs(run)
    n_perturbations = len(settings["perturbations"])
    jobs += bool(n_perturbations) * (tables + len(run.evaluated) + 2)
    resamples = kept = 0.0
    for name, model in _evaluations(run):
        part = run.size_of(name).clips["test"] / MTAT_TEST_CLIPS * run.n_labels(name) / LABELS["mtat"]
        n_heads = sum(run.heads(way.protocol) for way in ways(model, settings))
        n_heads += bool(n_perturbations) * (1 + n_perturbations)
        resamples += part * n_heads * run.n_seeds * settings["bootstrap_resamples"]
        values = len(ways(model, settings)) * run.n_labels(name) * settings["bootstrap_resamples"]
        kept += run.rates["bytes"]["table"] + values * run.rates["bytes"]["resampled_value"]
    cpu = run.start("report", jobs) + resamples * run.cpu("resample")
    return Cost("tables and figures", jobs, cpu, kept_bytes=kept)


def _page_jobs(run):
    """Number of jobs of the page: the page itself, the clips of each dataset and task, and excerpts."""
    ways_of_all = [way for model in run.models for way in ways(model, run.settings["evaluation"])]
    has_embeddings = any(way.protocol == "frozen" or on_clip_means(way.protocol) for way in ways_of_all)
    heard = run.settings["report"]["audio"]
    n_datasets = len({dataset_of(name) for name in run.evaluated})
    return 1 + has_embeddings * (len(run.evaluated) + heard * n_datasets) + heard * run.needs_stems


def _evaluations(run):
    return [(name, model) for name in run.evaluated for model in run.models]


def _score_bytes(run, name):
    return run.size_of(name).windows * run.n_labels(name) * FLOAT_BYTES
