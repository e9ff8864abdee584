# What the rules of datasets ask for, and what those of others ask of manifests. No rules here.

from mscol.config.datasets import EMBEDDED_ROOT, task_of
from mscol.datasets.watch import watched_paths


def demo_sizes(wildcards):
    """The sizes of one of the embedded datasets: those of the others do not make it stale."""
    sizes = config["demo"]["sizes"]
    wanted = {"stems": ["stems", "stem_seconds"]}.get(wildcards.demo, [wildcards.demo])
    return {name: sizes[name] for name in wanted}


def dataset_options(dataset):
    """The options that the reader of a dataset's layout takes."""
    settings = dataset_settings(dataset)
    names = {"mtat": ["split", "group"], "fma": ["recording"], "table": ["table"]}
    return {name: settings[name] for name in names.get(settings["layout"], [])}


def manifest_inputs(wildcards):
    """What a manifest depends on: the made dataset, or the metadata and audio folders of a real one."""
    settings = dataset_settings(wildcards.dataset)
    if is_embedded(wildcards.dataset):
        return settings["root"]
    return watched_paths(
        settings["layout"], settings["root"], dataset_options(wildcards.dataset)
    )


def task_metadata(wildcards):
    """What tells the labels of another task: the made dataset, or the metadata of a real one."""
    task_of(wildcards.dataset + wildcards.task, config)
    paths = manifest_inputs(wildcards)
    if is_embedded(wildcards.dataset):
        return paths
    return [path for path in paths if path.endswith(".json")]


def shard_digest(wildcards):
    """A digest of the clips of one shard (without labels, which change no spectrogram)."""
    return f"clips of the shard: {file_digest(SHARD_CLIPS.format(**wildcards))}"


def labels_digest(wildcards):
    """A digest of a dataset's clips, splits and labels."""
    digest = file_digest(CLIPS.format(**wildcards), ABOUT.format(**wildcards))
    return f"labels: {digest}"


def takes_whole_clips_only(wildcards):
    """Whether clips that are cut short are rejected: the published lists of MTAT are of whole clips (mscol.datasets.mtat)."""
    return dataset_settings(wildcards.dataset)["layout"] == "mtat"
