# What an estimate counts. No rules here.


def measured_datasets():
    """What tells the size of each dataset: its manifest where it is there already, else its metadata."""
    return {
        name: {
            "layout": settings["layout"],
            "root": settings["root"],
            "options": dataset_options(name),
            "manifest": CLIPS.format(dataset=name),
            "demo_sizes": (
                config["demo"]["sizes"][name] if is_embedded(name) else None
            ),
        }
        for name, settings in config["datasets"].items()
    }
