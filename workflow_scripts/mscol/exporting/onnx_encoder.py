"""Use an ONNX file as an encoder: `mscol.embeddings` embeds with it as with a Keras encoder, and only onnxruntime is needed."""

import json
from pathlib import Path

import numpy as np

from mscol.errors import TrainingError
from mscol.exporting.about import CROPS, VALUES, WAVEFORMS
from mscol.papers import PAPERS, name_of_model


class OnnxEncoder:
    """An encoder with the interface that `mscol.embeddings` uses.

    Attributes
    ----------
    name : str
        Contains the paper of the encoder (`mscol.papers.paper_of`).
    output_shape : tuple
        (None, values).
    clip_seconds : float or None
        Length of the clips that it was trained on.
    weights_sha256 : str
        Digest of the weights of the exported encoder.
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
        The paper that the encoder must belong to, ``mscol`` or ``cvsm``.
    threads : int
        Number of threads; 0 for all cores.

    Returns
    -------
    OnnxEncoder

    Raises
    ------
    TrainingError
        If the file is missing or damaged, was not written by mscol, takes waveforms, or belongs to the other paper.
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
            f"{path}: has no mscol metadata ({error}), which describes its input. Write the file with mscol export --to onnx."
        ) from error
    if about["input"] == WAVEFORMS:
        raise TrainingError(
            f"{path}: takes waveforms, but log-mels are computed here, after scaling long recordings to the level of clips. "
            "Export the encoder without --waveform."
        )
    if paper not in (None, about["paper"]):
        raise TrainingError(
            f"{path}: an encoder of the paper {about['paper']}, not {paper}. Set paper: {about['paper']}."
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
        raise TrainingError(f"{path}: there is no such file. Write it with mscol export --to onnx.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions have no other common base class
        raise TrainingError(
            f"{path}: damaged, or not an ONNX model ({str(error).strip().splitlines()[0][:200]}). Export it again."
        ) from error
