# Inputs of the robustness rules. No rules here.

from mscol.datasets.task_names import dataset_of
from mscol.perturbations.grammar import PERTURBATION_PATTERN


def perturbations():
    """The perturbations in the config."""
    return config["evaluation"]["perturbations"]


def perturbed_mels(kind):
    """A function for `input`: the log-mels of perturbed test clips for a model's encoder, a file a shard.

    Kind is frames or index. Functions take waveforms; for them the index lists the clips that could be perturbed.
    """

    def files(wildcards):
        of_slices = model_of(wildcards.model).paper == "cvsm"
        [pattern] = expand(
            getattr(rules.cache_perturbed_mels.output, kind),
            heard="slices" if of_slices else "mixture",
            perturbation=wildcards.perturbation,
            allow_missing=True,
        )
        return all_shards(pattern)(wildcards)

    return files


def perturbed_scores(wildcards):
    """The scores for a table of robustness: all seeds of one perturbation, then the next."""
    return [
        path
        for name in perturbations()
        for path in expand(
            rules.score_perturbed.output.scores,
            dataset=wildcards.dataset,
            task=wildcards.task,
            model=wildcards.model,
            perturbation=name,
            seed=config["seeds"],
        )
    ]


def rejected_when_perturbed():
    """The tables of clips that the perturbation jobs reject."""
    papers = {model.paper for model in configured_models()}
    return [
        path
        for name in dict.fromkeys(map(dataset_of, EVALUATED_DATASETS))
        for path in expand(
            rules.cache_perturbed_mels.output.rejected,
            dataset=name,
            shard=shards(name),
            heard=["slices" if paper == "cvsm" else "mixture" for paper in papers],
            perturbation=perturbations(),
        )
    ]


def robustness_results():
    """Table and figures of perturbed test clips, if the config names perturbations."""
    if not perturbations():
        return []
    return [
        rules.gather_robustness.output.table,
        rules.gather_rejected_when_perturbed.output,
        *expand(rules.plot_robustness.output.svg, dataset=EVALUATED_DATASETS, task=""),
    ]
