"""Export: embeddings of any audio files, as one table.

A row a window of 98 frames (about a second), or a row a file. Files are decoded ahead on threads, and
windows of several files pass the encoder together; only some hundred windows are held at a time.
"""

import contextlib
import csv
import functools
import hashlib
import logging
from pathlib import Path

import numpy as np

import mscol
from mscol.embeddings.files import normalise_seconds, window_log_mels
from mscol.embeddings.prediction import predict
from mscol.embeddings.search import MOST_NAMED, spelled, write_left_out
from mscol.errors import AudioError
from mscol.io.atomic import atomic_path
from mscol.io.audio import load_mixture
from mscol.io.lengths import measure
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.mels import CROP_FRAMES
from mscol.mels.framing import framing_of
from mscol.mels.normalising import FILE
from mscol.papers import paper_of

_BATCH = 32  # windows that pass the encoder at once
_WINDOWS_HELD = 512
_DECODING_THREADS = 2


def export_embeddings(files, encoder, output, mean=False, about=None, normalise=None, left_out=()):
    """Embed files and write a table, and beside it what was left out.

    Parameters
    ----------
    files : sequence of pathlib.Path
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.
    output : str or os.PathLike
        Written: ``.parquet`` with columns file, window, start_seconds and embedding (a list of float32 values
        of fixed length), or ``.csv`` with a column a value (v0, v1, ...).
    mean : bool
        Write a row a file instead: file, windows (how many), and the mean embedding.
    about : dict of str, optional
        What else is to be noted in a ``.parquet`` file's metadata.
    normalise : float or str, optional
        As for `mscol.embeddings.embed_file`; noted there, too.
    left_out : sequence of tuple
        What was left out before (`mscol.embeddings.search.find_audio`).

    Returns
    -------
    list of tuple
        Files that could not be decoded or are shorter than a window, with the reason. They, and ``left_out``, are
        also written beside the table (`mscol.embeddings.search.write_left_out`).

    Raises
    ------
    AudioError
        If these are all files; no table is written then.
    """
    n_values = encoder.output_shape[-1]
    seconds = normalise_seconds(encoder, normalise)
    _tell_level(encoder, seconds)
    about = {
        "mscol": mscol.__version__,
        "window_frames": str(CROP_FRAMES),
        "hop_seconds": f"{framing_of(encoder).hop_seconds:g}",
        "normalise": FILE if seconds is None else f"{seconds:g}",
        "paper": paper_of(encoder),
        "weights_sha256": weights_digest(encoder),
        **(about or {}),
    }
    failed = []
    try:
        with contextlib.ExitStack() as stack:
            partial = stack.enter_context(atomic_path(output))
            open_table = _open_parquet if Path(output).suffix.lower() == ".parquet" else _open_csv
            write = stack.enter_context(open_table(partial, n_values, mean, about))
            for path, values in _embed(files, encoder, seconds, failed):
                write(_rows(path, values, mean, framing_of(encoder).hop_seconds))
            if len(failed) == len(files):
                raise AudioError(f"none of the {len(files)} files could be embedded; {output} is not written")
    finally:
        write_left_out([*left_out, *failed], output)
    return failed


def _tell_level(encoder, seconds):
    """Log how the level of recordings is brought to that of the clips that an encoder was trained on."""
    if seconds is not None:
        logging.info("The level of what is longer than %g s is that of clips of %g s.", seconds, seconds)
    elif getattr(encoder, "clip_seconds", None):
        logging.info(
            "Each file is divided by the norm of the whole; the encoder was trained on clips of %g s, and hears longer ones fainter.",
            encoder.clip_seconds,
        )
    else:
        logging.warning(
            "How long the clips were that the encoder was trained on is not known (no run.json beside it says so): each file "
            "is divided by the norm of the whole. If they were shorter than your files, say so with --normalise SECONDS."
        )


def _embed(files, encoder, seconds, failed):
    """Yield each file's embeddings, (windows, values), in order; what fails goes to ``failed``."""
    progress = Progress("files", len(files))
    held, n_held = [], 0
    attempt = functools.partial(_attempt, framing=framing_of(encoder), seconds=seconds)
    for path, windows in zip(files, ordered_map(attempt, files, _DECODING_THREADS), strict=True):
        if isinstance(windows, AudioError):
            if len(failed) < MOST_NAMED:
                logging.warning("%s", windows)
            failed.append((path, str(windows).removeprefix(f"{path}: ")))
        else:
            held.append((path, windows))
            n_held += len(windows)
        if n_held >= _WINDOWS_HELD:
            yield from _pass(held, encoder)
            held, n_held = [], 0
        progress.step()
    if held:
        yield from _pass(held, encoder)


def _pass(held, encoder):
    values = predict(encoder, np.concatenate([windows for _, windows in held])[..., None], _BATCH)
    ends = np.cumsum([len(windows) for _, windows in held])
    for (path, _), part in zip(held, np.split(values, ends[:-1]), strict=True):
        yield path, part


def _attempt(path, framing, seconds):
    try:
        cut = measure(path).cut  # says what is wrong with a file better than decoding it does, too
        if cut:
            logging.warning("%s: cut short (%s); what is there is embedded.", path, cut)
        return window_log_mels(load_mixture(path), path, framing, seconds)
    except AudioError as error:
        return error


def _rows(path, values, mean, hop_seconds):
    """Columns of one file's rows."""
    name = spelled(path)
    if mean:
        return {
            "file": [name],
            "windows": [len(values)],
            "embedding": values.mean(axis=0, keepdims=True),
        }
    number = np.arange(len(values))
    return {
        "file": [name] * len(values),
        "window": number,
        "start_seconds": number * hop_seconds,
        "embedding": values,
    }


@contextlib.contextmanager
def _open_parquet(path, n_values, mean, about):
    """Open a Parquet file; yield a function that writes columns as a row group."""
    import pyarrow
    from pyarrow import parquet

    embedding = pyarrow.list_(pyarrow.float32(), n_values)
    counted = (
        {"windows": pyarrow.int32()}
        if mean
        else {"window": pyarrow.int32(), "start_seconds": pyarrow.float64()}
    )
    fields = {"file": pyarrow.string(), **counted, "embedding": embedding}
    schema = pyarrow.schema(list(fields.items()), metadata=about)

    def write(rows):
        values = pyarrow.array(np.ascontiguousarray(rows["embedding"], np.float32).reshape(-1))
        columns = rows | {"embedding": pyarrow.FixedSizeListArray.from_arrays(values, n_values)}
        writer.write_table(pyarrow.table(columns, schema=schema))

    with parquet.ParquetWriter(path, schema) as writer:
        yield write


@contextlib.contextmanager
def _open_csv(path, n_values, mean, about):
    """Open a csv file; yield a function that writes rows."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        counted = ["windows"] if mean else ["window", "start_seconds"]
        writer.writerow(["file", *counted, *(f"v{number}" for number in range(n_values))])

        def write(rows):
            for *first, values in zip(*rows.values(), strict=True):
                writer.writerow(
                    [
                        *(f"{v:.10g}" if isinstance(v, float) else v for v in first),
                        *(f"{v:.7g}" for v in values),
                    ]
                )

        yield write


def weights_digest(encoder):
    """Digest an encoder's weights: which encoder made a table, wherever its file has gone.

    Parameters
    ----------
    encoder : keras.Model, or one that was exported, which says so in its attribute ``weights_sha256``

    Returns
    -------
    str
    """
    if hasattr(encoder, "weights_sha256"):
        return encoder.weights_sha256
    digest = hashlib.sha256()
    for weight in encoder.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
