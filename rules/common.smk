# Shared by all rules: the checked config, wildcards, and functions that several stages call. No rules here.

import sys

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from mscol.config.datasets import evaluated_names, is_made_here, settings_of
from mscol.config.effective import check_keys_once, config_lines, effective_config
from mscol.config.evaluations import LABELS_PATTERN
from mscol.config.models import SOURCES, find_makeable_model
from mscol.config.naming import dataset_title
from mscol.datasets.shards import shard_names
from mscol.datasets.task_names import SUFFIXES
from mscol.errors import MscolError
from mscol.graph.digests import file_digest, library_fingerprint
from mscol.graph.start import check_interpreter, check_writable
from mscol.jobs.backend import check_backend_variable

try:
    if workflow.is_main_process:
        check_keys_once(workflow.configfiles)
    config = effective_config(
        config,
        f"{BASEDIR}/presets",
        f"{BASEDIR}/schemas/config.schema.yaml",
        check_schema=workflow.is_main_process,
    )
    # Reported here, because Snakemake would later wrap a wrong name in its own traceback.
    check_own_targets()
    if workflow.is_main_process:
        # Snakemake needs its own folder
        check_writable([".snakemake/locks"])
        check_backend_variable()
        check_interpreter(sys.executable)
except MscolError as error:
    raise WorkflowError(str(error))


wildcard_constraints:
    dataset="[a-z0-9]+",
    task="|".join(["", *SUFFIXES]),
    demo="mtat|nsynth|fma|stems",
    layout="mtat|nsynth|fma",
    shard=r"\d+-of-\d+",
    stem="|".join(SOURCES),
    # Wider than the grammar, so that find_model can explain a wrong name.
    model="[A-Za-z0-9_-]+",
    degradation=r"degraded(each)?\d+",
    labels=LABELS_PATTERN,
    seed=r"\d+",


PRETRAINING_DATASET = config["pretraining"]["dataset"]
# For stages that decode and transform: no more than earlier stages have, which would otherwise take each free core.
AUDIO_THREADS = min(2, config["framework_threads"])
# The conda environment (--sdm conda) of jobs that use Keras
KERAS_ENVIRONMENT = f"../envs/{config['keras_environment']}.yaml"
EVALUATED_DATASETS = evaluated_names(config)
_NAMES = dict.fromkeys([*config["datasets"], *EVALUATED_DATASETS])
SYNTHESISED = [name for name in _NAMES if is_made_here(name, config)]


def growing(amount):
    """A function for `resources`: a job that ran out of memory or time asks for more next time, up to four times as much."""

    def grown(wildcards, attempt):
        return amount * min(attempt, 4)

    return grown


def code_of(script):
    """A function for `params`: a digest of a script and of the library modules that it imports.

    A function, because each job of a cluster parses all rules but needs only its own digest. The value names the script, because
    Snakemake prints which params changed.
    """
    return lambda wildcards: f"code of {script}: {library_fingerprint(script)}"


def dataset_settings(dataset):
    """The config of a dataset, given its name in a target."""
    return settings_of(dataset, config)


def root_of(wildcards):
    """The folder of the dataset in the wildcards."""
    return dataset_settings(wildcards.dataset)["root"]


def is_embedded(dataset):
    return is_made_here(dataset, config)


def report_title(wildcards):
    """The title of the dataset and task in the wildcards, for the report."""
    name = wildcards.dataset + wildcards.task
    return dataset_title(name, [name] * is_embedded(wildcards.dataset))


def report_labels(**more):
    """A function for the `labels` of a result in the report: dataset, task and model in the wildcards."""
    return lambda wildcards: {
        "dataset": report_title(wildcards),
        "model": wildcards.model,
        **more,
    }


def shards(dataset):
    """The names of a dataset's shards, such as "007-of-101"."""
    settings = dataset_settings(dataset)
    return shard_names(settings["shards"] or config["shards"][settings["layout"]])


def all_shards(pattern, dataset=None):
    """A function for `input`: one file a shard, for the dataset in the wildcards or a given one."""

    def files(wildcards):
        name = dataset or wildcards.dataset
        return expand(pattern, dataset=name, shard=shards(name))

    return files


def clips_digest(dataset=None):
    """A function for `params`: a digest of a dataset's clips and splits, without labels."""

    def digest(wildcards):
        return f"clips: {file_digest(*all_shards(SHARD_CLIPS, dataset)(wildcards))}"

    return digest


def model_of(name):
    """The model with a name, as in a target."""
    return find_makeable_model(name, config)


def configured_models():
    """The models in the config."""
    return [model_of(name) for name in config["models"]]


def models_brought_as(kind):
    """A wildcard constraint: the names of encoders made elsewhere that are given as a checkpoint, or as a callable."""
    names = [name for name, encoder in config["encoders"].items() if encoder[kind]]
    return "|".join(names) or "(?!)"
