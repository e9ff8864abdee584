"""What is said of the jobs that join a run when a manifest is done: a dry run does not count them."""

# Rule -> what one of its jobs is called, where it may take hours
COSTLY = {
    "pretrain_encoder": "pretraining",
    "finetune_encoder": "finetuning",
    "separate_stems": "separation",
}


def tell_jobs_ahead(manifests, made_before, more):
    """Say what manifests that are to be made may bring.

    Parameters
    ----------
    manifests : list of str
        The datasets whose manifests are to be made.
    made_before : bool
        Whether any of these manifests is there already.
    more : collections.Counter
        Rule -> how many of its jobs depend on these manifests and are not among those to run.

    Returns
    -------
    str
        A sentence.

    >>> from collections import Counter
    >>> tell_jobs_ahead(["mine"], True, Counter(embed_clips=3, pretrain_encoder=2))
    'The manifest of mine is to be made anew; after it, up to 5 more jobs follow, among them 2 pretrainings.'
    >>> tell_jobs_ahead(["fma", "mtat"], False, Counter())
    'The manifests of fma and mtat are to be made; after them, no jobs follow but those counted above.'
    """
    one = len(manifests) == 1
    made = f"The manifest{'' if one else 's'} of {_listed(manifests)} {'is' if one else 'are'} to be made"
    after = f"{' anew' if made_before else ''}; after {'it' if one else 'them'}"
    if not more:
        return f"{made}{after}, no jobs follow but those counted above."
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
