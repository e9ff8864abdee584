"""Choose the test clips for maps and excerpts, the same for all models."""

import hashlib

import pandas as pd

MOST_CLIPS = 300  # on a map; more would cover each other and make the page large


def sample_clips(clips, most=MOST_CLIPS):
    """Choose test clips from each label in turn.

    A clip with several labels (tags) counts for its first. Within a label, clips are ordered by a hash of the id: one more clip
    changes little, and the first n chosen clips are a balanced choice, too.

    Parameters
    ----------
    clips : pd.DataFrame
        The manifest: id, split, labels.
    most : int

    Returns
    -------
    list of str
        Ids.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"id": list("abcd"), "split": "test", "labels": ["x", "x", "x", "y"]})
    >>> [len(sample_clips(table, most)) for most in (2, 9)], "d" in sample_clips(table, 2)
    ([2, 4], True)
    """
    test = clips[clips["split"] == "test"]
    lots = pd.Series([hashlib.sha256(clip.encode()).hexdigest() for clip in test["id"]], index=test.index)
    table = pd.DataFrame({"id": test["id"], "label": test["labels"].str.partition(";")[0], "lot": lots})
    table = table.sort_values("lot", kind="stable")
    table["turn"] = table.groupby("label").cumcount()
    return table.sort_values(["turn", "lot"], kind="stable")["id"].head(most).tolist()
