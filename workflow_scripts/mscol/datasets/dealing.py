"""Assign clips to splits, so that groups stay together and each class is in each split."""

import collections
import zlib

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def deal(groups, labels):
    """Assign the clips of groups to training, validation and test.

    Classes with few groups come first, and within a class its large groups. Each group goes to the split where most clips of
    its class are missing. The result does not depend on the order of the clips.

    Parameters
    ----------
    groups : sequence of str
        The group of each clip; clips of one group get the same split.
    labels : sequence of str
        The class of each clip.

    Returns
    -------
    list of str
        The split of each clip. If classes share no groups, a class with three or more groups is in all three splits, one with
        two groups in training and test, and one with a single group in training.
    """
    n_clips = collections.Counter(zip(labels, groups, strict=True))
    groups_of, labels_of = collections.defaultdict(list), collections.defaultdict(list)
    for label, group in sorted(n_clips, key=lambda pair: (-n_clips[pair], _digest(pair[1]), pair[1])):
        groups_of[label].append(group)
        labels_of[group].append(label)
    wanted = {label: sum(n_clips[label, group] for group in groups_of[label]) for label in groups_of}
    split_of, missing = (
        {},
        {(label, split): SHARES[split] * wanted[label] for label in wanted for split in SHARES},
    )

    def put(group, split):
        for label in labels_of[group]:
            if group in split_of:
                missing[label, split_of[group]] += n_clips[label, group]
            missing[label, split] -= n_clips[label, group]
        split_of[group] = split

    for label in sorted(groups_of, key=lambda label: (len(groups_of[label]), label)):
        for group in groups_of[label]:
            if group not in split_of:
                put(group, max(SHARES, key=lambda split: missing[label, split]))
        for split in ("test", "validation"):
            training = [group for group in groups_of[label] if split_of[group] == "train"]
            has_none = all(split_of[group] != split for group in groups_of[label])
            if has_none and len(training) > 1:
                put(training[-1], split)
    return [split_of[group] for group in groups]


def join(groups, others):
    """Merge groups that share something else.

    Parameters
    ----------
    groups, others : sequence of str
        The group of each clip, and the other property that it shares with clips of other groups ("" for none).

    Returns
    -------
    list of str
        The merged group of each clip, named after one of the groups merged into it.

    Examples
    --------
    >>> join(["a", "b", "b", "c"], ["", "song", "", "song"])
    ['a', 'b', 'b', 'b']
    """
    leader = {group: group for group in groups}

    def find(group):
        while leader[group] != group:
            group = leader[group]
        return group

    first_with = {}
    for group, other in zip(groups, others, strict=True):
        if other:
            leader[find(group)] = find(first_with.setdefault(other, group))
    return list(map(find, groups))


def _digest(group):
    """Return the sort key of equally large groups. Names would not do: their order often says something about the clips."""
    return zlib.crc32(group.encode("utf-8", "surrogateescape"))
