"""Open an encoder outside a run of the workflow: for commands and for benchmark kits (HEAR, MTEB)."""

from pathlib import Path

from mscol.jobs.backend import choose_backend


def encoder_file(path):
    """Return the file of an encoder: ``encoder.keras`` in a folder, else the path itself."""
    inside = Path(path) / "encoder.keras"
    return inside if inside.is_file() else Path(path)


def open_encoder(path, paper=None, threads=None):
    """Choose a backend (`mscol.jobs.backend`) and load an encoder; an ONNX file needs no backend.

    Parameters
    ----------
    path : str or os.PathLike
        An ``encoder.keras``, its folder, a published TensorFlow checkpoint, or an ``.onnx`` file from ``mscol export``.
    paper : str, optional
        As for `mscol.model.load_encoder`.
    threads : int, optional
        Number of threads to compute with. Setting it also seeds the random generators of this process
        (`mscol.model.configure`). None changes nothing in the process.

    Returns
    -------
    keras.Model or OnnxEncoder
        As `mscol.model.load_encoder` or `mscol.exporting.onnx_encoder.load_onnx_encoder` returns it.

    Raises
    ------
    ConfigError
        If no backend is installed.
    TrainingError
        As `load_encoder` and `load_onnx_encoder` raise it.
    """
    if Path(path).suffix == ".onnx":
        from mscol.exporting.onnx_encoder import load_onnx_encoder

        return load_onnx_encoder(path, paper, threads or 0)
    choose_backend()
    from mscol.model import configure, load_encoder  # here, because it imports Keras

    if threads is not None:
        configure(threads, seed=0)
    return load_encoder(encoder_file(path), paper)
