"""Load an encoder from any supported kind of file."""

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
        The paper of the encoder, ``mscol`` or ``cvsm`` (`mscol.papers`). Required for a checkpoint, which does not record it. A
        ``.keras`` file records it, and the two must agree.

    Returns
    -------
    keras.Model
        Log-mel crops of shape (crops, 98, 64, 1) -> (crops, values). Its attribute ``clip_seconds`` is the length of the clips
        that it was trained on (None if the run.json next to a ``.keras`` file lacks it). A ``cvsm`` encoder takes crops of
        ``log_mel(waveform, slice_seconds=5)`` that lie within one slice; `mscol.embeddings.embed_file` ensures that.

    Raises
    ------
    TrainingError
        If the file is neither, is missing or damaged, or takes other inputs than log-mels; if a checkpoint is given without
        its paper, or a ``.keras`` file belongs to the other paper.
    """
    path = Path(path)
    if path.suffix != ".keras":
        return _load_checkpoint(path, paper)
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such file. Pretrain the encoder first.")
    encoder = load_saved(path)
    if encoder.input_shape[2:] != (N_MELS, 1):
        raise TrainingError(
            f"{path}: not an encoder: it takes inputs of shape {encoder.input_shape[1:]}, not log-mels of shape "
            f"({CROP_FRAMES}, {N_MELS}, 1). Use the encoder.keras of a run."
        )
    if paper not in (None, paper_of(encoder)):
        raise TrainingError(
            f"{path}: an encoder of the paper {paper_of(encoder)}, not {paper}. Set paper: {paper_of(encoder)}."
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
            f"{path}: neither an encoder.keras file nor a published TensorFlow checkpoint (no {prefix.name}.index). "
            f"Use one of the two."
        )
    if paper not in PAPERS:
        raise TrainingError(
            f"{path}: a TensorFlow checkpoint does not record which paper's encoder it is, and loaded as the other one it would "
            f"give wrong values. Set paper: {BOTH}."
        )
    encoder = load_published(prefix, paper)
    encoder.clip_seconds = (
        PUBLISHED_CLIP_SECONDS if paper == "mscol" else None
    )  # cvsm normalises each slice on its own
    return encoder
