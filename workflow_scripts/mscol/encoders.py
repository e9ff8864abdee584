"""Open an encoder where no run of the workflow is around it: for commands, and for others' kits."""

from pathlib import Path

from mscol.jobs.backend import choose_backend


def encoder_file(path):
    """The file that a path means: of a folder, the encoder.keras in it."""
    inside = Path(path) / "encoder.keras"
    return inside if inside.is_file() else Path(path)


def open_encoder(path, paper=None, threads=None):
    """Choose a backend (`mscol.jobs.backend`) and load an encoder.

    Parameters
    ----------
    path : str or os.PathLike
        An ``encoder.keras``, the folder it lies in, or a published TensorFlow checkpoint.
    paper : str, optional
        As for `mscol.model.load_encoder`.
    threads : int, optional
        That it computes with. With it the random generators of this process are seeded, too (`mscol.model.configure`); without
        it the process is left as it is.

    Returns
    -------
    keras.Model
        As `mscol.model.load_encoder` returns it.

    Raises
    ------
    ConfigError
        If no backend is installed.
    TrainingError
        As `mscol.model.load_encoder`.
    """
    choose_backend()
    from mscol.model import configure, load_encoder  # here, since Keras is imported with it

    if threads is not None:
        configure(threads, seed=0)
    return load_encoder(encoder_file(path), paper)
