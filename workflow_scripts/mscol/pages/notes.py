"""Notes at the top of the summary and of the start page: whose stems the encoders heard, and for how long they learned."""

from mscol.separation.origin import tell_function, tell_origin, validation_losses

PUBLISHED_PAIRS = 640_000 * 128  # METHOD, "Optimisation"
FEW_PAIRS = 100_000  # docs/evidence.md: with as many, small encoders catch up with mfcc


def notes_of_run(pretrained_on, separator=None, function=None, pretraining=None):
    """Write the notes of a run.

    Parameters
    ----------
    pretrained_on : str
        The dataset of pretraining.
    separator : sequence of str, optional
        Files of the separator, if it was trained on synthesised songs but separated other music.
    function : str, optional
        The function that made the stems.
    pretraining : dict, optional
        ``updates`` and ``batch_size``, if the run pretrains encoders.

    Returns
    -------
    list of str
    """
    notes = [tell_origin(pretrained_on, validation_losses(separator))] if separator else []
    notes += [tell_function(pretrained_on, function)] if function else []
    notes += _short_pretraining(**pretraining) if pretraining else []
    return notes


def _short_pretraining(updates, batch_size):
    """Return a sentence on runs with few pairs.

    >>> _short_pretraining(150, 32)[0].partition(" (")[0]
    'The encoders saw at most 4,800 pairs in pretraining'
    >>> _short_pretraining(640_000, 128)
    []
    """
    n_pairs = updates * batch_size
    if n_pairs >= FEW_PAIRS:
        return []
    return [
        f"The encoders saw at most {n_pairs:,} pairs in pretraining (the published experiment: {PUBLISHED_PAIRS / 1e6:.0f} million). "
        "Up to about 100,000, most heads did better on mfcc in the studies of docs/evidence.md."
    ]
