"""The datasets of a config by name, and their evaluations."""

from mscol.datasets.task_names import OWN, TASKS, dataset_of, name_of
from mscol.errors import ConfigError

EMBEDDED_ROOT = "demo"  # folder of the embedded datasets, in the working directory
EMBEDDED_DATASETS = {
    name: {"layout": name, "root": f"{EMBEDDED_ROOT}/{name}"} for name in ("mtat", "nsynth", "fma")
}


def is_made_here(dataset, config):
    """Return whether this workflow synthesises a dataset, or the dataset of a task ("nsynth-pitch")."""
    name = dataset_of(dataset)
    return settings_of(name, config)["root"] == f"{EMBEDDED_ROOT}/{name}"


def settings_of(dataset, config):
    """Look up the config of a dataset.

    Raises
    ------
    ConfigError
        If there is no dataset of that name.
    """
    if dataset not in config["datasets"]:
        known = ", ".join(config["datasets"])
        raise ConfigError(f"there is no dataset {dataset!r} in the config; the datasets are {known}")
    return config["datasets"][dataset]


def evaluated_names(config):
    """List the evaluations: "nsynth" for a dataset's own task, "nsynth-pitch" for another.

    A dataset in `evaluation/datasets` stands for all of its `tasks`. An empty list stands for all datasets.
    """
    names = config["evaluation"]["datasets"] or config["datasets"]
    meant = [
        name_of(name, task) if task else name
        for name in names
        for task in config["datasets"].get(name, {"tasks": [None]})["tasks"]
    ]
    return list(dict.fromkeys(meant))


def task_of(name, config):
    """Look up the task of an evaluation by name: "nsynth-pitch" is on pitch, "nsynth" on the family.

    Raises
    ------
    ConfigError
        If the config has no such dataset, or the dataset has no such task.
    """
    dataset = dataset_of(name)
    tasks = TASKS.get(settings_of(dataset, config)["layout"], (OWN,))
    names = {name_of(dataset, task): task for task in tasks}
    if name not in names:
        raise ConfigError(
            f"there is no evaluation {name!r}; the evaluations of {dataset} are {', '.join(names)}"
        )
    return names[name]
