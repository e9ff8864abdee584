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


def made_dataset(wildcards):
    """The dataset that a manifest is of, where it is made here."""
    return root_of(wildcards) if is_embedded(wildcards.dataset) else []


def watched_files(wildcards):
    """What the manifest of a real dataset depends on: its metadata and audio folders."""
    dataset = wildcards.dataset
    settings, options = dataset_settings(dataset), dataset_options(dataset)
    if is_embedded(dataset):
        return []
    return watched_paths(settings["layout"], settings["root"], options)


def watched_inputs(wildcards):
    """Of these, the inputs. Not the csv of a table: of a small input Snakemake takes no notice where its date alone is new."""
    is_table = dataset_settings(wildcards.dataset)["layout"] == "table"
    return [] if is_table else not_in_future(watched_files(wildcards))


def watched_dates(wildcards):
    """The dates of the other ones."""
    inputs = watched_inputs(wildcards)
    return tell_dates(path for path in watched_files(wildcards) if path not in inputs)


def task_metadata(wildcards):
    """What tells the labels of another task: the made dataset, or the metadata of a real one."""
    task_of(wildcards.dataset + wildcards.task, config)
    if is_embedded(wildcards.dataset):
        return [root_of(wildcards)]
    return [path for path in watched_files(wildcards) if path.endswith(".json")]


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
