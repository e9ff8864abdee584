"""What the four targets of a separator's directory have in common.

Apart from `training`, so that writing a few numbers does not import a training framework.
"""

from mscol.errors import SeparationError
from mscol.io import audio
from mscol.io.files import write_json


def describe_separator(path, settings):
    """Write ``separator.json``: what the four targets of a directory have in common.

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
    # The last samples of a clip lie under the edge of one window only, by which they are divided: at half
    # an nfft, stems end in peaks of a hundred times full scale.
    if 4 * settings["nhop"] > settings["nfft"]:
        raise SeparationError(
            f"separator settings: nhop is {settings['nhop']}, more than a quarter of nfft "
            f"({settings['nfft']}); make it smaller, or the stems' last samples blow up"
        )
    about = {key: settings[key] for key in ("nfft", "nhop", "nb_channels")}
    write_json({"sample_rate": audio.SEPARATION_RATE, **about}, path)
