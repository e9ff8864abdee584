"""Which test clips a map shows, and which of them can be listened to: the same for all models."""

import hashlib

import pandas as pd

MOST_CLIPS = 300  # on a map: more would cover each other, and make the page heavy


def sample_clips(clips, most=MOST_CLIPS):
    """Choose test clips, of each label in turn.

    Of many labels (tags) a clip counts for its first. Within a label the order is that of a hash of the id, so that a clip more changes
    little, and the first of the chosen are a fair choice, too.

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
