# Inputs and parameters of the evaluation rules. No rules here.

from mscol.config import evaluations
from mscol.config.evaluations import trained_file


def encoder(wildcards):
    """The encoder of a model; checks the name first."""
    model_of(wildcards.model)
    return rules.pretrain_encoder.output.encoder


def listed(wildcards):
    """The manifests behind the results of a model on a dataset; rules/datasets.smk explains why jobs take them."""
    made_here = not model_of(wildcards.model).brought
    datasets = {wildcards.dataset, *[PRETRAINING_DATASET] * made_here}
    return ancient(expand(CLIPS, dataset=sorted(datasets)))


def heard(kind):
    """A function for `input`: the log-mels for a model's encoder, a file a shard. Kind is frames or index."""

    def files(wildcards):
        of_slices = model_of(wildcards.model).paper == "cvsm"
        cached = rules.cache_sliced_mels if of_slices else rules.cache_mixture_mels
        return all_shards(getattr(cached.output, kind))(wildcards)

    return files


def callable_file(wildcards):
    """The file of an encoder's function, if it is the user's."""
    place = model_of(wildcards.model).callable.rpartition(":")[0]
    return [place] if place.endswith(".py") else []


def callable_code(script):
    """A function for `params`: a digest of a script, and of an encoder's function if it is ours."""

    def digest(wildcards):
        place = model_of(wildcards.model).callable.rpartition(":")[0]
        ours = [place] if place.startswith("mscol.") else []
        return library_fingerprint(script, *ours)

    return digest


def gpu_of_function(wildcards):
    """For `resources`: users' functions may use a GPU, ours do not."""
    ours = model_of(wildcards.model).callable.startswith("mscol.")
    return 0 if ours else one_gpu(wildcards)


def manifest_of(kind):
    """A function for `input`: a file of the manifest with the labels of the task in the wildcards. Kind is clips or about."""

    def file(wildcards):
        if wildcards.task:
            return getattr(rules.write_task.output, kind)
        # rules/datasets.smk explains why
        return ancient({"clips": CLIPS, "about": ABOUT}[kind])

    return file


def head_settings(wildcards):
    """The settings of a dataset's head and its training."""
    return (
        layout_head(wildcards.dataset)
        | config["evaluation"]["training"]
        | {"search": config["evaluation"]["search"]}
    )


def finetuning_settings(wildcards):
    """The settings of finetuning on a dataset."""
    evaluation = config["evaluation"]
    return {
        "hidden": layout_head(wildcards.dataset)["hidden"],
        "crops_per_segment": evaluation["crops_per_segment"],
        **evaluation["finetuning"],
    }


def layout_head(dataset):
    return config["evaluation"]["heads"][dataset_settings(dataset)["layout"]]


def standardised(way):
    """Whether a protocol standardises its input, for tables: frozen heads as configured, logistic regression always."""
    if way.protocol == "evaluate":
        return "as trained"
    if way.protocol == "frozen":
        return "yes" if config["evaluation"]["standardise"] else "no"
    is_logistic = way.protocol == "logistic" or evaluations.shots_of(way.protocol)
    return "yes" if is_logistic else "no"


def fraction_of(wildcards):
    """The share of the training labels in a file's name."""
    return evaluations.label_fraction(wildcards.labels)


def trained(kind):
    """A function for `input`: the head or classifier in `evaluation/trained`, and its inputs.

    Kind is model, or an output of embed_clips (for a head), or frames or index (for a classifier).
    """

    def files(wildcards):
        name = wildcards.dataset + wildcards.task
        path = trained_file(name, wildcards.model, wildcards.seed, config)
        entry = config["evaluation"]["trained"][name]
        if kind == "model":
            return [path]
        if kind in ("frames", "index"):
            return heard(kind)(wildcards) if entry["classifier"] else []
        return getattr(rules.embed_clips.output, kind) if entry["head"] else []

    return files


def ways(name):
    """The evaluations of a model: pairs of a protocol and a share of labels."""
    return evaluations.ways(model_of(name), config["evaluation"])


def clip_mean_scores(way):
    """The scores of a protocol on clip means."""
    return f"models/{{model}}/seed{{seed}}/scores/{{dataset}}{{task}}-{way.protocol}{way.labels}.npz"


def scores(wildcards):
    """The scores for a table of results: all seeds of one evaluation, then the next."""
    task_of(wildcards.dataset + wildcards.task, config)
    return [
        path
        for way in ways(wildcards.model)
        for path in expand(
            SCORES.get(way.protocol) or clip_mean_scores(way),
            dataset=wildcards.dataset,
            task=wildcards.task,
            model=wildcards.model,
            labels=way.labels,
            seed=config["seeds"],
        )
    ]
