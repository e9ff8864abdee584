"""The datasets of a config, by name."""

from mscol.errors import ConfigError

EMBEDDED_ROOT = "demo"  # where the embedded datasets are made, below the working directory
EMBEDDED_DATASETS = {
    name: {"layout": name, "root": f"{EMBEDDED_ROOT}/{name}"} for name in ("mtat", "nsynth", "fma")
}


def is_made_here(dataset, config):
    """Whether a dataset is one of music that this workflow synthesises."""
    return settings_of(dataset, config)["root"] == f"{EMBEDDED_ROOT}/{dataset}"


def settings_of(dataset, config):
    """Look up the config of a dataset.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if dataset not in config["datasets"]:
        known = ", ".join(config["datasets"])
        raise ConfigError(f"there is no dataset {dataset!r} in the config; the datasets are {known}")
    return config["datasets"][dataset]
