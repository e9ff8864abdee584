# What the rules share: the checked config, wildcards, and functions that name files. No rules here.

import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mscol.errors import MscolError
from mscol.names import (
    EMBEDDED_ROOT,
    SOURCES,
    check_arrays,
    check_fraction,
    check_targets,
    check_writable,
    dataset_lines,
    effective_config,
    encoder_files,
    fetched_root,
    fetching_settings,
    file_digest,
    find_model,
    library_fingerprint,
    settings_of,
    shard_names,
    trained_file,
    watched_paths,
)

try:
    config = effective_config(
        config,
        f"{workflow.basedir}/presets",
        f"{workflow.basedir}/schemas/config.schema.yaml",
        check_schema=workflow.is_main_process,
    )
    # Told here, because later Snakemake would wrap a wrong name in a trace of its own.
    check_targets(sys.argv[1:], config)
    # Where Snakemake keeps its own books, without which it does nothing
    if workflow.is_main_process:
        check_writable([".snakemake/locks"])
except MscolError as error:
    raise WorkflowError(str(error))


wildcard_constraints:
    dataset="[a-z0-9]+",
    layout="mtat|nsynth|fma",
    shard=r"\d+-of-\d+",
    stem="bass|drums|other|vocals",
    # Wider than the grammar, so that find_model can say what is wrong with a name.
    model="[A-Za-z0-9_-]+",
    decibels=r"\d+",
    labels=r"|-labels[0-9.e-]+",
    seed=r"\d+",


PRETRAINING_DATASET = config["pretraining"]["dataset"]
EVALUATED_DATASETS = config["evaluation"]["datasets"] or list(config["datasets"])
DEMO_SEPARATOR = "separators/demo"


def growing(amount):
    """A function for `resources`: what ran out of memory or time asks for more in its next attempt, up to four times as much."""

    def grown(wildcards, attempt):
        return amount * min(attempt, 4)

    return grown


def code_of(script):
    """A function for `params`: a digest of the library modules that a script imports.

    A function, because each job of a cluster parses all rules, and needs the digest of its own alone.
    """
    return lambda wildcards: library_fingerprint(script)


def shards_in_flight():
    """How many shards may have stems at once, where the run has such a limit; otherwise None."""
    limit = workflow.global_resources.get("shards_in_flight")
    return getattr(limit, "value", limit)


def dataset_settings(dataset):
    """The config of a dataset, by the name in a target."""
    return settings_of(dataset, config)


def is_embedded(dataset):
    return dataset_settings(dataset)["root"] == f"{EMBEDDED_ROOT}/{dataset}"


def shards(dataset):
    """The names of a dataset's shards: "007-of-101"."""
    settings = dataset_settings(dataset)
    return shard_names(settings["shards"] or config["shards"][settings["layout"]])


def dataset_options(dataset):
    """The options that the reader of a dataset's layout takes."""
    settings = dataset_settings(dataset)
    names = {"mtat": ["split"], "table": ["table"]}.get(settings["layout"], [])
    return {name: settings[name] for name in names}


def measured_datasets():
    """What tells the size of each dataset: its manifest where it is there already, else its metadata."""
    return {
        name: {
            "layout": settings["layout"],
            "root": settings["root"],
            "options": dataset_options(name),
            "manifest": f"manifests/{name}/clips.csv",
            "demo_sizes": (
                config["demo"]["sizes"][name] if is_embedded(name) else None
            ),
        }
        for name, settings in config["datasets"].items()
    }


def manifest_inputs(wildcards):
    """What a manifest depends on: the made dataset, or the metadata and audio folders of a real one."""
    settings = dataset_settings(wildcards.dataset)
    if is_embedded(wildcards.dataset):
        return settings["root"]
    return watched_paths(
        settings["layout"], settings["root"], dataset_options(wildcards.dataset)
    )


# The manifest is a checkpoint, and whoever reads it takes it as `ancient` beside a digest of the
# part that concerns him: so a clip added to a dataset makes the jobs of its own shard stale, in the
# same run, and no others.


def shard_digest(wildcards):
    """A digest of the clips of one shard (without labels, which change no spectrogram)."""
    return file_digest(f"manifests/{wildcards.dataset}/shards/{wildcards.shard}.csv")


def clips_digest(dataset):
    """A function for `params`: a digest of a dataset's clips and splits, without labels."""

    def digest(wildcards):
        name = dataset or wildcards.dataset
        return file_digest(
            *(f"manifests/{name}/shards/{shard}.csv" for shard in shards(name))
        )

    return digest


def labels_digest(wildcards):
    """A digest of a dataset's clips, splits and labels."""
    folder = f"manifests/{wildcards.dataset}"
    return file_digest(f"{folder}/clips.csv", f"{folder}/about.json")


def all_shards(pattern, dataset=None):
    """A function for `input`: one file a shard, of the dataset in the wildcards or of a given one."""

    def files(wildcards):
        name = dataset or wildcards.dataset
        return expand(pattern, dataset=name, shard=shards(name))

    return files


def model_of(name):
    """A model, by the name in a target."""
    return find_model(name, config)


def configured_models():
    """The models of the config."""
    return [model_of(name) for name in config["models"]]


def stem_mels(kind):
    """A function for `input`: what a model needs of the cached stems, a file a shard.

    Kind is a stem, "index" or "activity".
    """

    def files(wildcards):
        model = model_of(wildcards.model)
        if kind not in (*model.sources, *["index", "activity"] * bool(model.sources)):
            return []
        degraded = "" if model.degraded_db is None else f"degraded{model.degraded_db}"
        name = {
            "index": f"{degraded or 'stems'}.csv",
            "activity": "activity.csv",
        }.get(kind, f"{kind}-{degraded}.npy" if degraded else f"{kind}.npy")
        pattern = f"mels/{{dataset}}/{{shard}}/{name}"
        return all_shards(pattern, PRETRAINING_DATASET)(wildcards)

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


def stem_rejections(wildcards):
    """The clips that earlier stages of a shard's stems rejected."""
    brought = dataset_settings(wildcards.dataset)["stems"]
    names = ["without_stems"] if brought else ["rejected", "unseparated"]
    return [f"wav/{{dataset}}/{{shard}}/{name}.csv" for name in names]


def pretraining_settings():
    """All settings of pretraining that change a number."""
    settings = config["pretraining"] | {"encoder": config["encoder"]}
    return {key: value for key, value in settings.items() if key != "running"}


def encoder(wildcards):
    """The encoder of a model, whose name is checked here first."""
    model_of(wildcards.model)
    return "models/{model}/seed{seed}/encoder.keras"


def head_settings(wildcards):
    """How the head of a dataset is built and trained."""
    return layout_head(wildcards.dataset) | config["evaluation"]["training"]


def finetuning_settings(wildcards):
    """How encoder and head are trained together on a dataset."""
    evaluation = config["evaluation"]
    return {
        "hidden": layout_head(wildcards.dataset)["hidden"],
        "crops_per_segment": evaluation["crops_per_segment"],
        **evaluation["finetuning"],
    }


def layout_head(dataset):
    return config["evaluation"]["heads"][dataset_settings(dataset)["layout"]]


def standardises(wildcards):
    """Whether a model's values are scaled before a head sees them: those of a function, unless it says no."""
    model = model_of(wildcards.model)
    return bool(model.callable) and config["encoders"][model.name]["standardise"]


def label_fraction(wildcards):
    """The share of labels in a file's name: "-labels0.1" is 0.1, and without it all are used."""
    fraction = float(wildcards.labels.removeprefix("-labels") or 1)
    check_fraction(fraction)
    return fraction


def evaluations(name):
    """How a model is evaluated, in the config's order: pairs of a protocol and a share of labels."""
    ways = []
    for protocol in config["evaluation"]["protocols"]:
        if protocol == "finetuned" and model_of(name).callable:
            continue  # a function has nothing to train
        fractions = config["evaluation"]["label_fractions"]
        shares = [1] if protocol == "evaluate" else fractions
        ways += [(protocol, float(share)) for share in shares]
    return ways


def scores(wildcards):
    """The scores behind a table of results: all seeds of one way of evaluating, then the next."""
    dataset_settings(wildcards.dataset)
    files = []
    for protocol, share in evaluations(wildcards.model):
        way = "" if protocol == "frozen" else f"-{protocol}"
        labels = "" if share == 1 else f"-labels{share!r}"
        files += [
            f"models/{wildcards.model}/seed{seed}/scores/{wildcards.dataset}{way}{labels}.npz"
            for seed in config["seeds"]
        ]
    return files


def trained(kind):
    """A function for `input`: the head or classifier that `evaluation/trained` names, and what it reads.

    Kind is model, or a file of embeddings (of a head), or frames or index (of a classifier).
    """

    def files(wildcards):
        dataset, model, seed = wildcards.dataset, wildcards.model, wildcards.seed
        path = trained_file(dataset, model, seed, config)
        entry = config["evaluation"]["trained"][dataset]
        if kind == "model":
            return path
        if kind in ("frames", "index"):
            suffix = "npy" if kind == "frames" else "csv"
            pattern = f"mels/{{dataset}}/{{shard}}/mixture.{suffix}"
            return all_shards(pattern)(wildcards) if entry["classifier"] else []
        embeddings = f"embeddings/{dataset}/{model}/seed{seed}/{kind}"
        return embeddings if entry["head"] else []

    return files


def separator_files(wildcards):
    """The files of the separator that this workflow trains itself, if that is the one to be used."""
    if config["separation"]["model"] != "demo":
        return []
    names = [
        "separator.json",
        *expand("{stem}.{kind}", stem=SOURCES, kind=["pth", "json"]),
    ]
    return [f"{DEMO_SEPARATOR}/{name}" for name in names]


def models_brought_as(kind):
    """A wildcard constraint: the encoders made elsewhere, a checkpoint or a callable."""
    names = [name for name, encoder in config["encoders"].items() if encoder[kind]]
    return "|".join(names) or "(?!)"


def callable_file(wildcards):
    """The file of an encoder's function, if it is one of the user's own."""
    place = model_of(wildcards.model).callable.rpartition(":")[0]
    return place if place.endswith(".py") else []


def callable_code(wildcards):
    """A digest of the code behind an encoder's function, where it is ours."""
    place = model_of(wildcards.model).callable.rpartition(":")[0]
    ours = [place] if place.startswith("mscol.") else []
    return library_fingerprint("embed_waveforms.py", *ours)


def datasets_with_stems(brought):
    """A wildcard constraint: the datasets that bring stems of their own, or those that do not."""
    names = [
        name
        for name, settings in config["datasets"].items()
        if bool(settings["stems"]) == brought
    ]
    return "|".join(names) or "(?!)"
