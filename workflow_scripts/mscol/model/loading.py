"""Load an encoder, whichever kind of file holds it."""

from pathlib import Path

from mscol.errors import TrainingError
from mscol.io.files import read_json
from mscol.mels import CROP_FRAMES, N_MELS
from mscol.model.published import load_published
from mscol.model.saved import load_saved
from mscol.papers import BOTH, PAPERS, paper_of

PUBLISHED_CLIP_SECONDS = 29.124  # MagnaTagATune (METHOD)


def load_encoder(path, paper=None):
    """Load an encoder.

    Parameters
    ----------
    path : str or os.PathLike
        A ``.keras`` file, or a published TensorFlow checkpoint: its prefix, such as ``checkpoint-10``, or its
        ``.index`` file.
    paper : str, optional
        Which paper's encoder it is, ``mscol`` or ``cvsm`` (`mscol.papers`). A checkpoint does not tell, so it must be said; a
        ``.keras`` file does, and must agree.

    Returns
    -------
    keras.Model
        Log-mel crops of shape (crops, 98, 64, 1) -> (crops, values). Its attribute ``clip_seconds`` says how long the clips
        were that it was trained on (None where run.json, beside a ``.keras`` file, does not). Of a ``cvsm`` encoder: crops of
        ``log_mel(waveform, slice_seconds=5)`` that lie in one slice; `mscol.embeddings.embed_file` sees to that.

    Raises
    ------
    TrainingError
        If it is neither, or is missing or damaged, or takes something else than log-mels; if a checkpoint comes without
        its paper, or a ``.keras`` file is of the other one.
    """
    path = Path(path)
    if path.suffix != ".keras":
        return _load_checkpoint(path, paper)
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such file; pretrain the encoder first")
    encoder = load_saved(path)
    if encoder.input_shape[2:] != (N_MELS, 1):
        raise TrainingError(
            f"{path}: not an encoder: it takes inputs of shape {encoder.input_shape[1:]}, not log-mels of shape "
            f"({CROP_FRAMES}, {N_MELS}, 1); name the encoder.keras"
        )
    if paper not in (None, paper_of(encoder)):
        raise TrainingError(
            f"{path}: an encoder of the paper {paper_of(encoder)}, not {paper}; write paper: {paper_of(encoder)}"
        )
    encoder.clip_seconds = _clip_seconds(path.with_name("run.json"))
    return encoder


def _clip_seconds(run):
    about = read_json(run) if run.is_file() else {}
    return about.get("clip_seconds") if isinstance(about, dict) else None


def _load_checkpoint(path, paper):
    prefix = path.with_suffix("") if path.suffix == ".index" else path
    if not Path(f"{prefix}.index").is_file():
        raise TrainingError(
            f"{path}: neither an encoder.keras file nor a published TensorFlow checkpoint, which would have "
            f"{prefix.name}.index; name the one or the other"
        )
    if paper not in PAPERS:
        raise TrainingError(
            f"{path}: a TensorFlow checkpoint does not say which paper's encoder it is, and as that of the other it would "
            f"compute something else; say which paper: {BOTH}"
        )
    encoder = load_published(prefix, paper)
    encoder.clip_seconds = (
        PUBLISHED_CLIP_SECONDS if paper == "mscol" else None
    )  # slices have norms of their own
    return encoder
