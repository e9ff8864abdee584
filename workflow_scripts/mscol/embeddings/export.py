"""Export embeddings of any audio files as one table.

The table has one row per window of 98 frames (about a second), or one row per file. Threads decode files ahead, and the
encoder processes windows of several files together. Only a few hundred windows are in memory at a time.
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
from mscol.errors import AudioError, DiskError, MscolError
from mscol.io.atomic import atomic_path
from mscol.io.audio import load_mixture
from mscol.io.lengths import measure
from mscol.jobs.logs import Progress
from mscol.jobs.parallel import ordered_map
from mscol.mels import CROP_FRAMES
from mscol.mels.framing import framing_of
from mscol.mels.normalising import FILE
from mscol.papers import paper_of

_BATCH = 32  # windows that the encoder processes at once
_WINDOWS_HELD = 512
_DECODING_THREADS = 2


def export_embeddings(files, encoder, output, mean=False, about=None, normalise=None, left_out=()):
    """Embed files and write a table. List files that were left out in a csv next to it.

    Parameters
    ----------
    files : sequence of pathlib.Path
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.
    output : str or os.PathLike
        Output path: ``.parquet`` with columns file, window, start_seconds and embedding (a list of float32 values
        of fixed length), or ``.csv`` with one column per value (v0, v1, ...).
    mean : bool
        Write one row per file instead: file, windows (their number) and the mean embedding.
    about : dict of str, optional
        Further entries of a ``.parquet`` file's metadata.
    normalise : float or str, optional
        As for `mscol.embeddings.embed_file`; also an entry of the metadata.
    left_out : sequence of tuple
        Files left out by `mscol.embeddings.search.find_audio`.

    Returns
    -------
    list of tuple
        Files that could not be decoded or are shorter than a window, with the reason.
        `mscol.embeddings.search.write_left_out` lists them, and ``left_out``, next to the table.

    Raises
    ------
    AudioError
        If no file could be embedded. No table is written then.
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
                raise AudioError(
                    f"None of the {len(files)} files could be embedded. {output} was not written."
                )
    finally:
        write_left_out([*left_out, *failed], output)
    return failed


def _tell_level(encoder, seconds):
    """Log how the level of files is matched to that of the clips that an encoder was trained on."""
    if seconds is not None:
        logging.info("Files longer than %g s are scaled to the level of clips of %g s.", seconds, seconds)
    elif getattr(encoder, "clip_seconds", None):
        logging.info(
            "Each file is divided by the norm of the whole file. "
            "The encoder was trained on clips of %g s, so longer files sound quieter to it.",
            encoder.clip_seconds,
        )
    else:
        logging.warning(
            "The length of the encoder's training clips is unknown (no run.json next to it gives it), so each file is divided "
            "by the norm of the whole file. If the clips were shorter than your files, pass --normalise SECONDS."
        )


def _embed(files, encoder, seconds, failed):
    """Yield each file's embeddings, (windows, values), in order; append files that fail to ``failed``."""
    progress = Progress("files", len(files))
    held, n_held = [], 0
    attempt = functools.partial(_attempt, framing=framing_of(encoder), seconds=seconds)
    for path, windows in zip(files, ordered_map(attempt, files, _DECODING_THREADS), strict=True):
        if isinstance(windows, MscolError):
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
        cut = measure(path).cut  # its errors also describe a bad file better than those of the decoder
        if cut:
            logging.warning("%s: cut short (%s). The audio that is present is embedded.", path, cut)
        return window_log_mels(load_mixture(path), path, framing, seconds)
    except (AudioError, DiskError) as error:  # what is embedded already is not lost for one file
        return error


def _rows(path, values, mean, hop_seconds):
    """Return the columns of one file's rows."""
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
    """Return the SHA-256 of an encoder's weights. It identifies the encoder of a table even if its file has moved.

    Parameters
    ----------
    encoder : keras.Model, or an exported encoder with the attribute ``weights_sha256``

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
