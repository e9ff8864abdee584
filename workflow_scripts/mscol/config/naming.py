"""What datasets and protocols are called where results are shown: music that this workflow synthesised is called so, everywhere."""

from mscol.config.evaluations import shots_of


def dataset_title(dataset, synthesised):
    """Call a dataset by its name, and say if it is synthesised.

    Parameters
    ----------
    dataset : str
    synthesised : collection of str
        The names of the datasets that this workflow made.

    >>> dataset_title("mtat", ["mtat"]), dataset_title("mtat", [])
    ('mtat, synthesised', 'mtat')
    """
    return f"{dataset}, synthesised" if dataset in synthesised else dataset


def heading(title, metric):
    """Join a dataset's title and a metric.

    >>> heading("mtat, synthesised", "ROC-AUC"), heading("mtat filtered", "ROC-AUC")
    ('mtat, synthesised: ROC-AUC', 'mtat filtered ROC-AUC')
    """
    return f"{title}{': ' if ', ' in title else ' '}{metric}"


def banner(datasets):
    """Say what synthesised datasets are, in a sentence; nothing where there are none.

    >>> banner(["mtat", "fma"])[:60]
    'mtat and fma are synthesised: music that this workflow made '
    """
    names = [*dict.fromkeys(datasets)]
    if not names:
        return ""
    listed = f"{', '.join(names[:-1])} and {names[-1]} are" if len(names) > 1 else f"{names[0]} is"
    return (
        f"{listed} synthesised: music that this workflow made to show its stages at work. Figures of it say nothing about "
        "real music, and cannot be compared with published ones."
    )


def protocol_title(protocol):
    """Name a way of evaluating, for people.

    >>> protocol_title("knn"), protocol_title("shots8"), protocol_title("finetuned")
    ('kNN', 'few-shot: 8 clips a class', 'finetuned')
    """
    if shots := shots_of(protocol):
        return f"few-shot: {shots} clips a class"
    return {"knn": "kNN", "logistic": "logistic regression", "artists": "artist similarity"}.get(
        protocol, protocol
    )
