"""What a manifest counts of its clips."""

import collections
import itertools

from mscol.datasets import SPLITS


def count_clips(clips, left_out, rejected):
    """Count the clips of each split, those of the cleaned test list, and those that are none of them.

    Parameters
    ----------
    clips : pd.DataFrame
        With columns split and cleaned.
    left_out, rejected : int
        Usable clips that are not evaluated, and clips that cannot be used.

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
    """Count the training clips of each label: a dict in the order of ``labels``."""
    given = clips.loc[clips["split"] == "train", "labels"]
    if task == "regression":  # a number is no label: all clips have the only one
        return {label: len(given) for label in labels}
    counts = collections.Counter(
        itertools.chain(*(tags.split(";") for tags in given)) if task == "tagging" else given
    )
    return {label: counts[label] for label in labels}
