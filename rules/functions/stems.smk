# Inputs and parameters of the stem rules. No rules here.

from pathlib import Path

from mscol.config.models import made_stems
from mscol.graph.digests import code_digest
from mscol.separation import PUBLISHED_MODELS
from mscol.separation.origin import tell_origin, validation_losses

MADE_STEMS = made_stems(config)


def separator_files(wildcards):
    """The files of the separator: of the one that this workflow trains, or of one in the user's folder."""
    model = config["separation"]["model"]
    if model in (None, *PUBLISHED_MODELS):
        return []
    if model != "demo":
        files = (
            path for kind in ("*.json", "*.pth") for path in Path(model).glob(kind)
        )
        return not_in_future(sorted(map(str, files)))
    weights = expand(rules.train_separator.output, stem=SOURCES)
    return [*rules.describe_separator.output, *weights]


def separator_settings():
    """The settings of the separator, for scripts and for `told`: arguments of its module's functions (mscol.separation.writing)."""
    separation = config["separation"]
    how = {
        "device": separation["device"],
        "threads": config["framework_threads"],
    }
    if separation["callable"]:
        return {"function": separation["callable"], "stems": list(MADE_STEMS)} | how
    is_ours = separation["model"] == "demo"
    model = DEMO_SEPARATOR if is_ours else separation["model"]
    return {"model": model, "niter": separation["niter"]} | how


def separator_name():
    """The name of the separator in the config."""
    return config["separation"]["callable"] or config["separation"]["model"]


def separator_module():
    """The library's module for this separator."""
    kind = "functions" if config["separation"]["callable"] else "shard"
    return f"mscol.separation.{kind}"


def separator_code(script):
    """A function for `params`: a digest of a script and of the separator's module."""
    return lambda wildcards: library_fingerprint(script, separator_module())


def separator_file(wildcards=None):
    """A digest of the file of the user's separating function, without comments."""
    place = (config["separation"]["callable"] or "").rpartition(":")[0]
    return code_digest(place) if place.endswith(".py") else "none"


def published_separator(wildcards):
    """The record that published weights were downloaded (into torch's cache), if the config uses them."""
    if config["separation"]["model"] not in PUBLISHED_MODELS:
        return []
    return expand(rules.fetch_separator.output, published=config["separation"]["model"])


def separates():
    """Whether the run separates stems: not if the dataset brings them, or no model in the config is made from stems."""
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    return not brought and any(model.sources for model in configured_models())


def separator_of_synthesised():
    """The folder of a separator trained only on synthesised songs, if it separates other music; else None."""
    model = config["separation"]["model"]
    if is_embedded(PRETRAINING_DATASET) or not separates():
        return None
    if model == "demo":
        return DEMO_SEPARATOR
    return model if model and validation_losses(model) else None


def separating_function():
    """The user's function that separates stems for the configured models, if there is one."""
    return config["separation"]["callable"] if separates() else None


def separator_losses():
    """For `input`: the validation losses of a separator trained only on synthesised songs; none for others."""
    folder = separator_of_synthesised()
    return expand(f"{folder}/{{stem}}.json", stem=SOURCES) if folder else []


def shards_in_flight():
    """How many shards have stems at once: the run's limit, or on one machine twice as many as are separated at a time.

    None on a cluster without a limit.
    """
    told = workflow.global_resources.get("shards_in_flight").value
    if told is not None:
        return told
    at_a_time = (workflow.resource_settings.cores or 1) // config["framework_threads"]
    return 2 * max(1, at_a_time) if workflow.local_exec else None


def gpu_of_separator(wildcards):
    """For `resources`: a GPU, unless the config runs separation on the CPU."""
    on_cpu = config["separation"]["device"] == "cpu"
    return 0 if on_cpu else one_gpu(wildcards)


def of_stems(pattern):
    """For `output`: a file for each stem that models can be made from."""
    return {stem: pattern.replace("STEM", stem) for stem in MADE_STEMS}


def datasets_with_stems(brought):
    """A wildcard constraint: the datasets that bring their own stems, or those that do not."""
    names = [
        name
        for name, settings in config["datasets"].items()
        if bool(settings["stems"]) == brought
    ]
    return "|".join(names) or "(?!)"


def stem_rejections(wildcards):
    """The tables of clips rejected before the stems at 16 kHz."""
    brought = dataset_settings(wildcards.dataset)["stems"]
    separated = (rules.convert_to_wav, rules.separate_stems)
    stages = (rules.resample_brought_stems,) if brought else separated
    return [stage.output.rejected for stage in stages]


def separation_table():
    """The separator's results on synthesised songs, if it is trained on such here or is a function that separates such."""
    trains = config["separation"]["model"] == "demo"
    tries = config["separation"]["callable"] and is_embedded(PRETRAINING_DATASET)
    return rules.judge_separator.output if (trains or tries) and separates() else []
