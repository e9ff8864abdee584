"""Load an encoder, whichever kind of file holds it."""

from pathlib import Path

from mscol.errors import TrainingError
from mscol.mels import CROP_FRAMES, N_MELS
from mscol.model.published import load_published
from mscol.model.saved import load_saved


def load_encoder(path):
    """Load an encoder.

    Parameters
    ----------
    path : str or os.PathLike
        A ``.keras`` file, or a published TensorFlow checkpoint: its prefix, such as ``checkpoint-10``, or its
        ``.index`` file.

    Returns
    -------
    keras.Model
        Log-mel crops of shape (crops, 98, 64, 1) -> (crops, values).

    Raises
    ------
    TrainingError
        If it is neither, or is missing or damaged, or takes something else than log-mels.
    """
    path = Path(path)
    if path.suffix != ".keras":
        return _load_checkpoint(path)
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such file; pretrain the encoder first")
    encoder = load_saved(path)
    if encoder.input_shape[2:] != (N_MELS, 1):
        raise TrainingError(
            f"{path}: not an encoder: it takes inputs of shape {encoder.input_shape[1:]}, not log-mels of shape "
            f"({CROP_FRAMES}, {N_MELS}, 1); name the encoder.keras"
        )
    return encoder


def _load_checkpoint(path):
    prefix = path.with_suffix("") if path.suffix == ".index" else path
    if not Path(f"{prefix}.index").is_file():
        raise TrainingError(
            f"{path}: neither an encoder.keras file nor a published TensorFlow checkpoint, which would have "
            f"{prefix.name}.index; name the one or the other"
        )
    return load_published(prefix)
