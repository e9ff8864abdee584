"""The settings that the four targets of a separator's directory share.

Separate from `training`, so that writing a few numbers does not import a training framework.
"""

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.io.files import write_json


def describe_separator(path, settings):
    """Write ``separator.json``: the settings that the four targets of a directory share.

    Parameters
    ----------
    path : str or os.PathLike
    settings : dict
        With nfft and nhop (samples) and nb_channels.

    Raises
    ------
    SeparationError
        If nhop is more than a quarter of nfft.
    """
    # Only the edge of one window covers the last samples of a clip, and they are divided by it: with a hop of
    # nfft / 2, stems end in peaks of a hundred times full scale.
    if 4 * settings["nhop"] > settings["nfft"]:
        raise SeparationError(
            f"separator settings: nhop is {settings['nhop']}, more than a quarter of nfft "
            f"({settings['nfft']}). Lower it, or the last samples of the stems blow up."
        )
    about = {key: settings[key] for key in ("nfft", "nhop", "nb_channels")}
    write_json({"sample_rate": audio.SEPARATION_RATE, **about}, path)
