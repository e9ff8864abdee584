"""Count the clips and labels of a manifest."""

import collections
import itertools

from mscol.datasets import SPLITS


def count_clips(clips, left_out, rejected):
    """Count the clips of each split, of the cleaned test list, and those left out or rejected.

    Parameters
    ----------
    clips : pd.DataFrame
        With columns split and cleaned.
    left_out, rejected : int
        Number of usable clips that are left out, and of clips that cannot be used.

    Returns
    -------
    dict of str to int
    """
    is_cleaned_test = (clips["split"] == "test") & (clips["cleaned"] == 1)
    return {split: int((clips["split"] == split).sum()) for split in SPLITS} | {
        "test_cleaned": int(is_cleaned_test.sum()),
        "left_out": left_out,
        "rejected": rejected,
    }


def count_labels(clips, task, labels):
    """Count the training clips of each label; return a dict in the order of ``labels``."""
    given = clips.loc[clips["split"] == "train", "labels"]
    if task == "regression":  # all clips have the only "label", the name of the target
        return {label: len(given) for label in labels}
    counts = collections.Counter(
        itertools.chain(*(tags.split(";") for tags in given)) if task == "tagging" else given
    )
    return {label: counts[label] for label in labels}
