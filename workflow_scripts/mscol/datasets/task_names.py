"""The tasks of a dataset, and the names of their evaluations.

The first task of a layout is its own; its evaluation has the name of the dataset ("nsynth"). Other tasks are appended
("nsynth-pitch"). Quick to import, because rule files read it.
"""

OWN = "family"  # of nsynth; other layouts have only one task
TASKS = {"nsynth": (OWN, "pitch", "velocity", "source", "qualities")}
# Suffixes of a dataset's name for the other tasks
SUFFIXES = tuple(f"-{task}" for tasks in TASKS.values() for task in tasks[1:])


def name_of(dataset, task):
    """Return the name of the evaluation of a dataset on one of its tasks.

    >>> name_of("nsynth", "pitch"), name_of("nsynth", "family")
    ('nsynth-pitch', 'nsynth')
    """
    return dataset if task == OWN else f"{dataset}-{task}"


def dataset_of(name):
    """Return the dataset of an evaluation.

    >>> dataset_of("nsynth-pitch"), dataset_of("mtat")
    ('nsynth', 'mtat')
    """
    return name.partition("-")[0]
