# The inputs of the start page. No rules here.

from mscol.overview import MOST_AUDIO_BYTES
from mscol.overview.making import made_from


def embedded_models():
    """The models in the config that the run embeds: not those that are only finetuned."""
    return [
        model.name
        for model in configured_models()
        if any(
            way.protocol == "frozen" or evaluations.on_clip_means(way.protocol)
            for way in ways(model.name)
        )
    ]


def of_embedded_models(pattern):
    """A function for `input`: an output of embed_clips for the first seed, a file a model."""

    def files(wildcards):
        first = config["seeds"][0]
        return expand(
            pattern, dataset=wildcards.dataset, model=embedded_models(), seed=first
        )

    return files


def shown_scores(wildcards):
    """The scores for confusion matrices, all seeds of one model, then the next."""
    models = embedded_models()
    return [
        path
        for way in shown_way(models)
        for model in models
        for path in expand(
            SCORES.get(way.protocol) or clip_mean_scores(way),
            dataset=wildcards.dataset,
            task=wildcards.task,
            model=model,
            labels=way.labels,
            seed=config["seeds"],
        )
    ]


def shown_way(models):
    """The evaluation whose labels the page shows, one of all models: frozen, else the first that learns labels; with the largest share of labels."""
    first, *others = [
        [way for way in ways(model) if evaluations.trains(way.protocol)]
        for model in models
    ]
    shared = [way for way in first if all(way in other for other in others)]
    protocols = ["frozen", *(way.protocol for way in shared)]
    return sorted(
        shared,
        key=lambda way: (protocols.index(way.protocol), -way.label_fraction),
    )[:1]


def described_clips():
    """The table of test clips of each evaluated dataset, if there are embeddings."""
    datasets = EVALUATED_DATASETS if embedded_models() else []
    return expand(rules.describe_clips.output, dataset=datasets, task="")


def heard_test_datasets():
    """The datasets with excerpts of test clips on the page."""
    if not (config["report"]["audio"] and embedded_models()):
        return []
    return list(dict.fromkeys(map(dataset_of, EVALUATED_DATASETS)))


def page_of_stems(output, wanted=True):
    """The page's data on a mixture and its stems, if a model in the config is made from stems."""
    return [output] if SOURCE_MODELS and wanted else []


def unless_brought(files):
    """A function for `input`: files of a separator, none if the dataset brings its own stems."""
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    return lambda wildcards: [] if brought else files(wildcards)
