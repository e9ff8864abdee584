# Inputs and parameters of the dataset rules, and digests of manifests for other rules. No rules here.

from mscol.config.datasets import EMBEDDED_ROOT, task_of
from mscol.datasets.watch import watched_paths


def demo_sizes(wildcards):
    """The sizes of one embedded dataset, so that those of others do not make it stale."""
    sizes = config["demo"]["sizes"]
    wanted = {"stems": ["stems", "stem_seconds"]}.get(wildcards.demo, [wildcards.demo])
    return {name: sizes[name] for name in wanted}


def dataset_options(dataset):
    """The options of a dataset's layout."""
    settings = dataset_settings(dataset)
    names = {"mtat": ["split", "group"], "fma": ["recording"], "table": ["table"]}
    return {name: settings[name] for name in names.get(settings["layout"], [])}


def made_dataset(wildcards):
    """The dataset of a manifest, if this workflow makes it."""
    return root_of(wildcards) if is_embedded(wildcards.dataset) else []


def watched_files(wildcards):
    """The files and folders that the manifest of a real dataset depends on: metadata and audio folders."""
    dataset = wildcards.dataset
    settings, options = dataset_settings(dataset), dataset_options(dataset)
    if is_embedded(dataset):
        return []
    return watched_paths(settings["layout"], settings["root"], options)


def watched_inputs(wildcards):
    """Those of `watched_files` that are inputs. Not the csv of a table: Snakemake ignores a new date of a small input."""
    is_table = dataset_settings(wildcards.dataset)["layout"] == "table"
    return [] if is_table else not_in_future(watched_files(wildcards))


def watched_dates(wildcards):
    """The dates of those of `watched_files` that are not inputs."""
    inputs = watched_inputs(wildcards)
    return tell_dates(path for path in watched_files(wildcards) if path not in inputs)


def task_metadata(wildcards):
    """The files with the labels of another task: the embedded dataset, or the metadata of a real one."""
    task_of(wildcards.dataset + wildcards.task, config)
    if is_embedded(wildcards.dataset):
        return [root_of(wildcards)]
    return [path for path in watched_files(wildcards) if path.endswith(".json")]


def shard_digest(wildcards):
    """A digest of the clips of one shard, without labels, which change no log-mel spectrogram."""
    return f"clips of the shard: {file_digest(SHARD_CLIPS.format(**wildcards))}"


def labels_digest(wildcards):
    """A digest of a dataset's clips, splits and labels."""
    digest = file_digest(CLIPS.format(**wildcards), ABOUT.format(**wildcards))
    return f"labels: {digest}"


def takes_whole_clips_only(wildcards):
    """Whether truncated clips are rejected: the published lists of MTAT contain whole clips (mscol.datasets.mtat)."""
    return dataset_settings(wildcards.dataset)["layout"] == "mtat"
