"""Open an encoder where no run of the workflow is around it: for commands, and for others' kits."""

from pathlib import Path

from mscol.jobs.backend import choose_backend


def encoder_file(path):
    """The file that a path means: of a folder, the encoder.keras in it."""
    inside = Path(path) / "encoder.keras"
    return inside if inside.is_file() else Path(path)


def open_encoder(path, paper=None, threads=None):
    """Load an encoder, having chosen a backend for it (`mscol.jobs.backend`); an ONNX file needs none.

    Parameters
    ----------
    path : str or os.PathLike
        An ``encoder.keras``, the folder it lies in, a published TensorFlow checkpoint, or an ``.onnx`` file that ``mscol export`` wrote.
    paper : str, optional
        As for `mscol.model.load_encoder`.
    threads : int, optional
        That it computes with. With it the random generators of this process are seeded, too (`mscol.model.configure`); without
        it the process is left as it is.

    Returns
    -------
    keras.Model or OnnxEncoder
        As `mscol.model.load_encoder` or `mscol.exporting.onnx_encoder.load_onnx_encoder` returns it.

    Raises
    ------
    ConfigError
        If no backend is installed.
    TrainingError
        As these.
    """
    if Path(path).suffix == ".onnx":
        from mscol.exporting.onnx_encoder import load_onnx_encoder

        return load_onnx_encoder(path, paper, threads or 0)
    choose_backend()
    from mscol.model import configure, load_encoder  # here, since Keras is imported with it

    if threads is not None:
        configure(threads, seed=0)
    return load_encoder(encoder_file(path), paper)
