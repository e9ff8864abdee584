"""Announce the jobs that join a run after its manifests: a dry run does not count them."""

# Rules whose jobs may take hours -> the word for one of their jobs
COSTLY = {
    "pretrain_encoder": "pretraining",
    "finetune_encoder": "finetuning",
    "separate_stems": "separation",
}


def tell_jobs_ahead(manifests, made_before, more):
    """Say how many jobs may follow the manifests of a run.

    Parameters
    ----------
    manifests : list of str
        The datasets whose manifests this run makes.
    made_before : bool
        Whether any of these manifests exists already.
    more : collections.Counter
        Rule -> number of its jobs that depend on these manifests and are not among the jobs to run.

    Returns
    -------
    str
        A sentence.

    >>> from collections import Counter
    >>> tell_jobs_ahead(["mine"], True, Counter(embed_clips=3, pretrain_encoder=2))
    'The manifest of mine is made again; after it, up to 5 more jobs follow, among them 2 pretrainings.'
    >>> tell_jobs_ahead(["fma", "mtat"], False, Counter())
    'The manifests of fma and mtat are made; after them, no jobs follow except those counted above.'
    """
    one = len(manifests) == 1
    made = f"The manifest{'' if one else 's'} of {_listed(manifests)} {'is' if one else 'are'} made"
    after = f"{' again' if made_before else ''}; after {'it' if one else 'them'}"
    if not more:
        return f"{made}{after}, no jobs follow except those counted above."
    costly = _listed([_counted(more[rule], word) for rule, word in COSTLY.items() if more[rule]])
    among = f", among them {costly}" if costly else ""
    verb = "follows" if more.total() == 1 else "follow"
    return f"{made}{after}, up to {_counted(more.total(), 'more job')} {verb}{among}."


def _counted(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _listed(words):
    """
    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
