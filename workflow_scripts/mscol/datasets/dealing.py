"""Deal clips to splits, so that what belongs together stays together, and each class is in each split."""

import collections
import zlib

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def deal(groups, labels):
    """Deal the clips of groups to training, validation and test.

    Classes of few groups come first, and of each its large groups: each goes where most clips of its class are missing. The
    same groups are dealt alike, whatever the order of the clips.

    Parameters
    ----------
    groups : sequence of str
        Which group each clip is of; clips of one group get the same split.
    labels : sequence of str
        The class of each clip.

    Returns
    -------
    list of str
        The split of each clip. A class of three groups or more is in all three, as far as classes do not share groups; of two in
        training and test; of one in training.
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
    """Make one group of those that share something.

    Parameters
    ----------
    groups, others : sequence of str
        A group of each clip, and what else it may share with clips of other groups ("" for nothing).

    Returns
    -------
    list of str
        A group of each clip, named by one of those that became one.

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
    """Of equally large groups the order, which must not be that of their names: those often say more of a clip."""
    return zlib.crc32(group.encode("utf-8", "surrogateescape"))
