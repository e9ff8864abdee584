"""Assign clips to shards: the jobs of the workflow process shards, never single clips.

Rule files import this module, so it has no slow imports.
"""

import hashlib

MIN_DIGITS = 3


def shard_of(clip_id, n_shards):
    """Return the shard of a clip.

    It depends only on the id, so a clip that is added to a dataset changes only its own shard.

    Parameters
    ----------
    clip_id : str
    n_shards : int
        At least 1.

    Returns
    -------
    int
        0 to ``n_shards - 1``; the same on every machine and in every process.

    Examples
    --------
    >>> [shard_of(clip_id, 4) for clip_id in ("000002", "000005", "guitar_acoustic_001-060-100")]
    [3, 3, 2]
    """
    digest = hashlib.blake2b(clip_id.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % n_shards


def shard_names(n_shards):
    """Return the names of a dataset's shards, in order.

    Parameters
    ----------
    n_shards : int
        At least 1.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If ``n_shards`` is below 1.

    Examples
    --------
    >>> shard_names(2)
    ['000-of-002', '001-of-002']
    >>> shard_names(1000)[7]
    '0007-of-1000'
    """
    if n_shards < 1:
        raise ValueError(f"a dataset has at least one shard, not {n_shards}")
    digits = max(MIN_DIGITS, len(str(n_shards)))
    return [f"{number:0{digits}d}-of-{n_shards:0{digits}d}" for number in range(n_shards)]
