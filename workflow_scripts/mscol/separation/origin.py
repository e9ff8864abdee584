"""Origin of a separator: one trained by this workflow has seen synthesised songs only, and has validation losses.

Quick to import, because rule files use it before anything is computed.
"""

from pathlib import Path

from mscol.errors import SeparationError
from mscol.io.files import read_json
from mscol.separation import STEMS

SILENCE = 1.0  # validation loss of silence (`mscol.separation.training.validation_loss`)


def validation_losses(folder):
    """Read the validation losses of a separator that this workflow trained on synthesised songs.

    Parameters
    ----------
    folder : str or os.PathLike
        Contains ``{target}.json``, as `mscol.separation.training.train_target` writes it.

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
    """Refuse a separator trained by this workflow if one of its targets is worse than silence.

    Raises
    ------
    SeparationError
    """
    for target, loss in validation_losses(folder).items():
        if not loss < SILENCE:
            raise SeparationError(
                f"{folder}: the target {target} is worse than silence (validation loss {loss:.3g}; silence has 1). Train it "
                "longer (separation/training/updates), or use published weights (separation: {model: umxl})."
            )


def name_separator(separator):
    """Return a readable name of a separator.

    Parameters
    ----------
    separator : str
        The value of ``separation/model`` or ``separation/callable``.

    >>> name_separator("umxl"), name_separator("mine.py:separate")
    ('Open-Unmix, umxl', 'the function separate of mine.py')
    """
    place, _, function = separator.rpartition(":")
    is_function = function.isidentifier() and place and not Path(separator).exists()
    return f"the function {function} of {place}" if is_function else f"Open-Unmix, {separator}"


def tell_function(dataset, function):
    """Return a sentence: a user's function makes the stems of a dataset."""
    return f"The stems of {dataset} come from {name_separator(function)}, which is not part of this workflow."


def tell_origin(dataset, losses):
    """Return sentences: a separator trained on synthesised songs separates other music.

    Parameters
    ----------
    dataset : str
        The dataset that it separates.
    losses : dict of str to float
        As `validation_losses` reads them; empty if it is not trained yet.
    """
    known = ", ".join(f"{target} {loss:.2f}" for target, loss in losses.items())
    return (
        f"The stems of {dataset} come from a small Open-Unmix that this workflow trained on synthesised songs. It has never "
        "heard real music, and models trained on stems are only as good as the stems. To use published weights, set "
        "separation: {model: umxl} in the config."
        + (f" Its validation losses on synthesised songs: {known} (silence has 1)." if known else "")
    )
