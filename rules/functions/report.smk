# Inputs and parameters of the tables of a whole run. No rules here.

import os

from snakemake.io import apply_wildcards, get_flag_value, is_flagged

from mscol.datasets.task_names import dataset_of
from mscol.pages.elements import ASSETS


def of_all_results(pattern):
    """A file, or a name, for each evaluated dataset (with its task) and model."""
    return expand(pattern, dataset=EVALUATED_DATASETS, task="", model=config["models"])


def heard_datasets():
    """The datasets for whose mixtures the configured run computes log-mels."""
    made_here = any(not model.brought for model in configured_models())
    evaluated = map(dataset_of, EVALUATED_DATASETS)
    return list(dict.fromkeys([*evaluated, *[PRETRAINING_DATASET] * made_here]))


def all_listed():
    """The manifests behind the results of all models; rules/datasets.smk explains why jobs take them."""
    return ancient(expand(CLIPS, dataset=heard_datasets()))


def heard_mixtures():
    """The files of one cache of mixtures in the configured run; both caches reject the same clips."""
    only_sliced = all(model.paper == "cvsm" for model in configured_models())
    cached = rules.cache_sliced_mels if only_sliced else rules.cache_mixture_mels
    return cached.output


def mixture_indices():
    """The clip tables of all mixtures in the configured run."""
    return [
        path
        for name in heard_datasets()
        for path in expand(heard_mixtures().index, dataset=name, shard=shards(name))
    ]


def rejected_tables():
    """The tables of clips rejected by each shard job of the configured run."""
    with_stems = [model for model in configured_models() if model.sources]
    degradations = sorted({model.degradation for model in with_stems} - {None})
    stems = [rules.cache_stem_mels.output.rejected] * bool(with_stems)
    stems += expand(
        rules.cache_degraded_mels.output.rejected,
        degradation=degradations,
        allow_missing=True,
    )
    return [
        path
        for name in heard_datasets()
        for pattern in [
            heard_mixtures().rejected,
            *(stems if name == PRETRAINING_DATASET else []),
        ]
        for path in expand(pattern, dataset=name, shard=shards(name))
    ]


def made_by_all(folder):
    """A function for `input`: what `all` makes below a folder, except its description (describe_run)."""

    def files(wildcards):
        described = set(map(str, rules.all.input)) - set(rules.describe_run.output)
        return sorted(path for path in described if path.startswith(folder))

    return files


def caption_file(output):
    """The caption file of a result in the report. For a module from github() Snakemake has only its address."""
    return f"{BASEDIR}/report/{get_flag_value(output, 'report').caption.get_filename()}"


def described_results(wildcards, input):
    """For `params`: all result files of the jobs that make results, also those not in `all`, with their captions."""
    makers = [
        (maker.output, output)
        for maker in workflow.rules
        if rules.has(own_name(maker.name))
        for output in maker.output
        if str(output).startswith("results/")
    ]
    described = {}
    for path in (*input.results, input.compared):
        outputs, named = next(
            (outputs, output.match(path).groupdict())
            for outputs, output in makers
            if output.match(path)
        )
        # A table, or a figure in several formats, has one caption.
        captions = {
            os.path.splitext(output)[0]: caption_file(output)
            for output in outputs
            if is_flagged(output, "report")
        }
        for output in outputs:
            file, caption = apply_wildcards(output, named), os.path.splitext(output)[0]
            described[file] = {
                "path": file,
                "caption": captions.get(caption),
                "wildcards": named,
            }
    return [
        described[file] for file in sorted(described) if file.startswith("results/")
    ]


def summary_params():
    """Params of the rules that lay out a summary."""
    return {
        **told(
            layouts={
                name: dataset["layout"] for name, dataset in config["datasets"].items()
            }
        ),
        "synthesised": SYNTHESISED,
        "separator": separator_of_synthesised(),
        "function": separating_function(),
        "pretrained_on": PRETRAINING_DATASET,
        "pretraining": pretraining_seen(),
        "search": config["evaluation"]["search"],
        "assets": page_assets,
    }


def pretraining_seen():
    """How much pretraining the encoders of this run get; None if it pretrains none."""
    if any(model.trained for model in configured_models()):
        return {key: config["pretraining"][key] for key in ("updates", "batch_size")}
    return None


def page_assets(wildcards):
    """For `params`: a digest of the style and script of pages, which `code_of` does not see."""
    return f"style and script: {file_digest(*ASSETS)}"
