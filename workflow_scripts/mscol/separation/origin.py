"""Where a separator is from: one that this workflow trained has heard synthesised songs only, and says how good it is.

Quick to import: rule files ask before anything is computed.
"""

from pathlib import Path

from mscol.errors import SeparationError
from mscol.io.files import read_json
from mscol.separation import STEMS

SILENCE = 1.0  # the validation loss of silence (`mscol.separation.training.validation_loss`)


def validation_losses(folder):
    """Read how good a separator is that this workflow trained on synthesised songs.

    Parameters
    ----------
    folder : str or os.PathLike
        With ``{target}.json``, as `mscol.separation.training.train_target` writes it.

    Returns
    -------
    dict of str to float
        Target -> validation loss; 0 is perfect, 1 is silence. Empty for any other separator.
    """
    paths = {target: Path(folder, f"{target}.json") for target in STEMS}
    found = {target: read_json(path) for target, path in paths.items() if path.is_file()}
    losses = {
        target: about.get("validation_loss") for target, about in found.items() if isinstance(about, dict)
    }
    return {target: loss for target, loss in losses.items() if isinstance(loss, int | float)}


def require_better_than_silence(folder):
    """Refuse a separator that this workflow trained, if one of its targets is worse than silence.

    Raises
    ------
    SeparationError
    """
    for target, loss in validation_losses(folder).items():
        if not loss < SILENCE:
            raise SeparationError(
                f"{folder}: its {target} is worse than silence (validation loss {loss:.3g}; 1 is silence); train it longer "
                "(separation/training/updates), or use published weights (separation: {model: umxl})"
            )


def name_separator(separator):
    """Name what makes stems, for people.

    Parameters
    ----------
    separator : str
        What ``separation/model`` or ``separation/callable`` says.

    >>> name_separator("umxl"), name_separator("mine.py:separate")
    ('Open-Unmix, umxl', 'the function separate of mine.py')
    """
    place, _, function = separator.rpartition(":")
    is_function = function.isidentifier() and place and not Path(separator).exists()
    return f"the function {function} of {place}" if is_function else f"Open-Unmix, {separator}"


def tell_function(dataset, function):
    """Say, in a sentence, that a function of the user's makes the stems of a dataset."""
    return (
        f"The stems of {dataset} are made by {name_separator(function)}, which is no part of this workflow."
    )


def tell_origin(dataset, losses):
    """Say, in sentences, that a separator of synthesised songs separates other music.

    Parameters
    ----------
    dataset : str
        Whose stems it makes.
    losses : dict of str to float
        As `validation_losses` reads them; empty where it has not been trained yet.
    """
    known = ", ".join(f"{target} {loss:.2f}" for target, loss in losses.items())
    return (
        f"The stems of {dataset} are made by a small Open-Unmix that this workflow trained on synthesised songs: it has never "
        "heard real music, and models made from stems are as good as its stems. Published weights are one line of the config "
        "(separation: {model: umxl})."
        + (f" Its validation losses, of synthesised songs: {known} (1 is silence)." if known else "")
    )
