"""Titles of datasets and protocols in results. Synthesised music is always labelled as such."""

from mscol.config.evaluations import shots_of


def dataset_title(dataset, synthesised):
    """Return the title of a dataset, which says if it is synthesised.

    Parameters
    ----------
    dataset : str
    synthesised : collection of str
        Names of the datasets that this workflow synthesised.

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
    """Return a note on synthesised datasets; an empty string if there are none.

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
    """Return the title of a protocol.

    >>> protocol_title("knn"), protocol_title("shots8"), protocol_title("finetuned")
    ('kNN', 'few-shot: 8 clips per class', 'finetuned')
    """
    if shots := shots_of(protocol):
        return f"few-shot: {shots} clips per class"
    return {"knn": "kNN", "logistic": "logistic regression", "artists": "artist similarity"}.get(
        protocol, protocol
    )
