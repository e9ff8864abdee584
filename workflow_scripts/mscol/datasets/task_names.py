"""Tasks: what the clips of a dataset may be labelled for, and what an evaluation of one of them is called.

The first task of a layout is its own, which goes by the name of the dataset alone ("nsynth"); another stands behind it
("nsynth-pitch"). Quick to import, because rule files read it.
"""

OWN = "family"  # of nsynth; other layouts have no other
TASKS = {"nsynth": (OWN, "pitch", "velocity", "source", "qualities")}
# What follows a dataset's name where another task than its own is meant
SUFFIXES = tuple(f"-{task}" for tasks in TASKS.values() for task in tasks[1:])


def name_of(dataset, task):
    """Name the evaluation of a dataset on one of its tasks.

    >>> name_of("nsynth", "pitch"), name_of("nsynth", "family")
    ('nsynth-pitch', 'nsynth')
    """
    return dataset if task == OWN else f"{dataset}-{task}"


def dataset_of(name):
    """Name the dataset of an evaluation.

    >>> dataset_of("nsynth-pitch"), dataset_of("mtat")
    ('nsynth', 'mtat')
    """
    return name.partition("-")[0]
