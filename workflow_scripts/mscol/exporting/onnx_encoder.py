"""An ONNX file as an encoder: `mscol.embeddings` embeds with it as with Keras', and only onnxruntime is needed."""

import json
from pathlib import Path

import numpy as np

from mscol.errors import TrainingError
from mscol.exporting.about import CROPS, VALUES, WAVEFORMS
from mscol.papers import PAPERS, name_of_model


class OnnxEncoder:
    """What `mscol.embeddings` asks of an encoder.

    Attributes
    ----------
    name : str
        Says which paper's encoder it is (`mscol.papers.paper_of`).
    output_shape : tuple
        (None, values).
    clip_seconds : float or None
        How long the clips were that it was trained on.
    weights_sha256 : str
        The digest of the weights of the encoder that was exported.
    """

    def __init__(self, session, about):
        self.name = name_of_model("encoder", about["paper"])
        self.output_shape = (None, about["values"])
        self.clip_seconds = about["clip_seconds"]
        self.weights_sha256 = about["weights_sha256"]
        self._session = session

    def predict_on_batch(self, crops):
        """Embed log-mel crops, shape (crops, 98, 64, 1) -> (crops, values), float32."""
        return self._session.run([VALUES], {CROPS: np.asarray(crops, np.float32)})[0]


def load_onnx_encoder(path, paper=None, threads=0):
    """Load an encoder that `mscol export --to onnx` wrote.

    Parameters
    ----------
    path : str or os.PathLike
    paper : str, optional
        Whose encoder it must be, ``mscol`` or ``cvsm``.
    threads : int
        That it computes with; 0 for all cores.

    Returns
    -------
    OnnxEncoder

    Raises
    ------
    TrainingError
        If the file is missing or damaged, was written by something else, takes waveforms, or is the other paper's.
    ModuleNotFoundError
        If onnxruntime is not installed.
    """
    session = open_session(path, threads)
    about = session.get_modelmeta().custom_metadata_map
    try:
        about = {
            "input": about["input"],
            "paper": {paper: paper for paper in PAPERS}[about["paper"]],
            "values": int(about["values"]),
            "clip_seconds": json.loads(about["clip_seconds"]),
            "weights_sha256": about["weights_sha256"],
        }
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"{path}: does not say how it hears music (no metadata of mscol: {error}); write it with mscol export --to onnx"
        ) from error
    if about["input"] == WAVEFORMS:
        raise TrainingError(
            f"{path}: takes waveforms, but log-mels are made here, too, and long recordings brought to the level of clips before; "
            "export the encoder without --waveform"
        )
    if paper not in (None, about["paper"]):
        raise TrainingError(
            f"{path}: an encoder of the paper {about['paper']}, not {paper}; write paper: {about['paper']}"
        )
    return OnnxEncoder(session, about)


def open_session(path, threads=0):
    """Open an ONNX file with onnxruntime, on the CPU.

    Raises
    ------
    TrainingError, ModuleNotFoundError
        As for `load_onnx_encoder`.
    """
    import onnxruntime  # here: it need not be installed

    if not Path(path).is_file():
        raise TrainingError(f"{path}: there is no such file; write it with mscol export --to onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds share no other root
        raise TrainingError(
            f"{path}: damaged, or no ONNX model ({str(error).strip().splitlines()[0][:200]}); export it again"
        ) from error
