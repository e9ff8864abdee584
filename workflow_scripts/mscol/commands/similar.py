"""``mscol similar``: find the recordings of a collection that are most similar to one recording."""

import argparse
import logging
import os
import sys
from pathlib import Path

from mscol.commands.encoder_option import add_normalise, add_paper

EXAMPLE = """example:
  mscol embed music/ --encoder models/bass_vocals/seed1 -o embeddings.parquet
  mscol similar song.mp3 --in embeddings.parquet -k 5

Compares the mean embeddings of files by cosine similarity, as retrieval does in the tables of results. The mean over all
files of the table is subtracted first, so a similarity of 0 means no more alike than any two files.
"""


def add(commands):
    """Add the command to a parser's subparsers."""
    similar = commands.add_parser(
        "similar",
        help="list the recordings most similar to one",
        description="List the recordings of an embedded collection that are most similar to one recording.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    similar.set_defaults(run=run, check=check)
    similar.add_argument(
        "query", type=Path, metavar="SONG", help="audio file; if it is in the table, its embedding is taken from there, and it is not listed"
    )  # fmt: skip
    similar.add_argument(
        "--in", dest="table", required=True, type=Path, metavar="TABLE", help="table from mscol embed, .parquet or .csv"
    )  # fmt: skip
    similar.add_argument(
        "-k", type=int, default=10, help="number of recordings to list (default: %(default)s)"
    )
    similar.add_argument(
        "--encoder", type=Path, help="encoder for SONG (default: the encoder named in the table; a .csv names none)"
    )  # fmt: skip
    add_paper(similar, " (default: the paper named in the table)")
    add_normalise(similar, "that of the table; a .csv names none, so set what it was made with")
    similar.add_argument("--csv", action="store_true", help="print the list as csv")
    similar.add_argument("-o", "--output", type=Path, help="write the list to this .csv file instead")
    similar.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="number of threads (default: %(default)s)"
    )


def check(similar, options):
    """Exit with an error if an option is invalid."""
    if options.table.suffix.lower() not in (".parquet", ".csv"):
        similar.error(f"argument --in: {options.table}: use a table that ends in .parquet or .csv")
    if options.output is not None and options.output.suffix.lower() != ".csv":
        similar.error(f"argument -o: {options.output}: use a name that ends in .csv")
    for name in ("k", "threads"):
        if getattr(options, name) < 1:
            similar.error(
                f"argument {'-' if name == 'k' else '--'}{name}: {getattr(options, name)}: must be 1 or more"
            )


def run(options):
    """List the most similar recordings."""
    from mscol.clip_means.nearest import find_nearest  # imported here to keep --help fast
    from mscol.embeddings.exported import Exported
    from mscol.errors import CacheError
    from mscol.io.files import write_csv

    table = Exported(options.table)
    own = _rows_of(options.query, table)
    if len(own) == len(table.names):
        raise CacheError(f"{options.table}: has no other file than {options.query}. Embed more files.")
    query = table.means[table.names.index(own[0])] if own else _embed(options, table)
    found = find_nearest(table, query, options.k, own).round({"similarity": 6})
    logging.info(
        "Most similar to %s among %d files of %s:", options.query, len(table.names) - len(own), options.table
    )
    if options.output is not None:
        write_csv(found, options.output)
        logging.info("Wrote %s.", options.output)
    elif options.csv:
        found.to_csv(sys.stdout, index=False)
    else:
        sys.stdout.write("".join(map(_line, found.to_dict("records"))))
    return 0


def _rows_of(query, table):
    """Return the names of a file in the table: the path as given, or another path to the same file."""
    from mscol.embeddings.search import spelled

    file = query.resolve()
    return [
        name for name in table.names
        if name == spelled(query) or (Path(name).name == query.name and Path(name).resolve() == file)
    ]  # fmt: skip


def _embed(options, table):
    """Compute the mean embedding of a query in the same way as those of the table."""
    from mscol.embeddings import embed_file
    from mscol.embeddings.export import weights_digest
    from mscol.encoders import open_encoder
    from mscol.errors import AudioError, ConfigError

    if not options.query.is_file():
        raise AudioError(f"{options.query}: there is no such file, and {table.path} has no file of this name")
    path = options.encoder or _named_encoder(table)
    encoder = open_encoder(path, options.paper or table.about.get("paper"), options.threads)
    if encoder.output_shape[-1] != table.means.shape[1]:
        raise ConfigError(
            f"{path}: returns {encoder.output_shape[-1]} values, but {table.path} has {table.means.shape[1]}. Set --encoder to the encoder "
            "that the table was made with."
        )
    if table.about.get("weights_sha256", weights_digest(encoder)) != weights_digest(encoder):
        raise ConfigError(
            f"{path}: has other weights than the encoder that {table.path} was made with, so their embeddings cannot be compared. "
            "Set --encoder to that encoder, or embed the files again."
        )
    if not table.about:
        logging.warning(
            "%s does not record how it was made. Its encoder, and --normalise if it was set, must be the same as here.",
            table.path,
        )
    is_sliced = table.about.get("paper") == "cvsm"  # each slice has its own norm
    normalise = options.normalise or (None if is_sliced else table.about.get("normalise"))
    return embed_file(options.query, encoder, normalise).mean(axis=0)


def _named_encoder(table):
    """Find the encoder that a table names, relative to this folder or to the folder of the table."""
    from mscol.errors import ConfigError

    if "encoder" not in table.about:
        raise ConfigError(f"{table.path}: does not name the encoder that it was made with. Set --encoder.")
    path = Path(table.about["encoder"])
    for folder in (Path(), table.path.parent):
        if (folder / path).exists() or Path(f"{folder / path}.index").exists():
            return folder / path
    raise ConfigError(
        f"{table.path}: was made with {path}, which no longer exists. Set --encoder to its new place."
    )


def _line(row):
    """Format a result as a line of text.

    >>> _line({"file": "a.mp3", "similarity": 0.5, "start_seconds": 83.3})
    ' 0.500  a.mp3  (most alike at 1:23)\\n'
    """
    start = row.get("start_seconds")
    place = "" if start is None else f"  (most alike at {int(start) // 60}:{int(start) % 60:02d})"
    return f"{row['similarity']:6.3f}  {row['file']}{place}\n"
