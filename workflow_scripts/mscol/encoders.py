"""Open an encoder outside a run of the workflow: for the commands and for external benchmarks."""

from pathlib import Path

from mscol.jobs.backend import choose_backend


def encoder_file(path):
    """Return the file of an encoder: the path itself, or the encoder.keras in that folder."""
    inside = Path(path) / "encoder.keras"
    return inside if inside.is_file() else Path(path)


def open_encoder(path, paper=None, threads=None):
    """Choose a backend (`mscol.jobs.backend`) and load an encoder; an ONNX file needs no backend.

    Parameters
    ----------
    path : str or os.PathLike
        An ``encoder.keras``, its folder, a published TensorFlow checkpoint, or an ``.onnx`` file from ``mscol export``.
    paper : str, optional
        See `mscol.model.load_encoder`.
    threads : int, optional
        Number of threads. If given, the random generators of this process are seeded, too (`mscol.model.configure`). If not,
        the process is not configured.

    Returns
    -------
    keras.Model or OnnxEncoder
        See `mscol.model.load_encoder` and `mscol.exporting.onnx_encoder.load_onnx_encoder`.

    Raises
    ------
    ConfigError
        If no backend is installed.
    TrainingError
        If the encoder cannot be loaded.
    """
    if Path(path).suffix == ".onnx":
        from mscol.exporting.onnx_encoder import load_onnx_encoder

        return load_onnx_encoder(path, paper, threads or 0)
    choose_backend()
    from mscol.model import configure, load_encoder  # imported here because it imports Keras

    if threads is not None:
        configure(threads, seed=0)
    return load_encoder(encoder_file(path), paper)
