# What the rules of stems ask for. No rules here.


def separator_files(wildcards):
    """The files of the separator that this workflow trains itself, if that is the one to be used."""
    if config["separation"]["model"] != "demo":
        return []
    weights = expand(rules.train_separator.output, stem=SOURCES)
    return [*rules.describe_separator.output, *weights]


def published_separator(wildcards):
    """What says that published weights have been fetched, if these are to be used; they lie in torch's cache."""
    if config["separation"]["model"] not in ("umxl", "umxhq", "umx"):
        return []
    return expand(rules.fetch_separator.output, published=config["separation"]["model"])


def gpu_of_separator(wildcards):
    """For `resources`: a GPU, unless the config keeps separation on the CPU."""
    on_cpu = config["separation"]["device"] == "cpu"
    return 0 if on_cpu else one_gpu(wildcards)


def datasets_with_stems(brought):
    """A wildcard constraint: the datasets that bring stems of their own, or those that do not."""
    names = [
        name
        for name, settings in config["datasets"].items()
        if bool(settings["stems"]) == brought
    ]
    return "|".join(names) or "(?!)"


def stem_rejections(wildcards):
    """What the stages of a shard before its stems at 16 kHz rejected."""
    brought = dataset_settings(wildcards.dataset)["stems"]
    separated = (rules.convert_to_wav, rules.separate_stems)
    stages = (rules.resample_brought_stems,) if brought else separated
    return [stage.output.rejected for stage in stages]


def separation_table():
    """The table that judges the separator, if this workflow trains and uses it."""
    uses_stems = any(model.sources for model in configured_models())
    brought = config["datasets"][PRETRAINING_DATASET]["stems"]
    trains = config["separation"]["model"] == "demo"
    uses_it = trains and uses_stems and not brought
    return rules.judge_separator.output if uses_it else []
