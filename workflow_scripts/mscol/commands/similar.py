"""``mscol similar``: which recordings of a collection are most like one."""

import argparse
import logging
import os
import sys
from pathlib import Path

from mscol.commands.encoder_option import add_paper

EXAMPLE = """example:
  mscol embed music/ --encoder models/bass_vocals/seed1 -o embeddings.parquet
  mscol similar song.mp3 --in embeddings.parquet -k 5

compares the mean embeddings of files by their cosine, as retrieval does in the tables of results: what all files of the table
have in common is subtracted first, so 0 is as alike as any two.
"""


def add(commands):
    """Add the command to a parser's subparsers."""
    similar = commands.add_parser(
        "similar",
        help="list the recordings that are most like one",
        description="List the recordings of a collection, embedded before, that are most like one.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    similar.set_defaults(run=run, check=check)
    similar.add_argument(
        "query", type=Path, metavar="SONG", help="an audio file; one that the table holds is not embedded again, nor found"
    )  # fmt: skip
    similar.add_argument(
        "--in", dest="table", required=True, type=Path, metavar="TABLE", help="what mscol embed wrote: .parquet or .csv"
    )  # fmt: skip
    similar.add_argument("-k", type=int, default=10, help="how many to list (default: %(default)s)")
    similar.add_argument(
        "--encoder", type=Path, help="what SONG is embedded with (default: the encoder that the table names; a csv names none)"
    )  # fmt: skip
    add_paper(similar, " (default: as the table says)")
    similar.add_argument("--csv", action="store_true", help="list them as csv")
    similar.add_argument("-o", "--output", type=Path, help="a .csv file to write instead")
    similar.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="that compute (default: %(default)s)"
    )


def check(similar, options):
    """End with a sentence where the options do not make sense."""
    if options.table.suffix.lower() not in (".parquet", ".csv"):
        similar.error(f"argument --in: {options.table}: name a table that ends in .parquet or .csv")
    if options.output is not None and options.output.suffix.lower() != ".csv":
        similar.error(f"argument -o: {options.output}: write a name that ends in .csv")
    for name in ("k", "threads"):
        if getattr(options, name) < 1:
            similar.error(
                f"argument {'-' if name == 'k' else '--'}{name}: {getattr(options, name)}: write 1 or more"
            )


def run(options):
    """List what is similar."""
    from mscol.clip_means.nearest import find_nearest  # here, since --help needs none of it
    from mscol.embeddings.exported import Exported
    from mscol.io.files import write_csv

    table = Exported(options.table)
    own = _rows_of(options.query, table)
    query = table.means[table.names.index(own[0])] if own else _embed(options, table)
    found = find_nearest(table, query, options.k, own).round({"similarity": 6})
    logging.info("%s, among %d files of %s:", options.query, len(table.names) - len(own), options.table)
    if options.output is not None:
        write_csv(found, options.output)
        logging.info("Wrote %s.", options.output)
    elif options.csv:
        found.to_csv(sys.stdout, index=False)
    else:
        sys.stdout.write("".join(map(_line, found.to_dict("records"))))
    return 0


def _rows_of(query, table):
    """The names by which a table holds a file: as it was written, or as another path to it."""
    from mscol.embeddings.search import spelled

    file = query.resolve()
    return [
        name for name in table.names
        if name == spelled(query) or (Path(name).name == query.name and Path(name).resolve() == file)
    ]  # fmt: skip


def _embed(options, table):
    """The mean embedding of a query, made as those of the table were."""
    from mscol.embeddings import embed_file
    from mscol.embeddings.export import weights_digest
    from mscol.encoders import open_encoder
    from mscol.errors import AudioError, ConfigError

    if not options.query.is_file():
        raise AudioError(f"{options.query}: there is no such file, and {table.path} holds none of this name")
    path = options.encoder or _named_encoder(table)
    encoder = open_encoder(path, options.paper or table.about.get("paper"), options.threads)
    if encoder.output_shape[-1] != table.means.shape[1]:
        raise ConfigError(
            f"{path}: gives {encoder.output_shape[-1]} values, and {table.path} holds {table.means.shape[1]}; name the encoder that "
            "it was made with (--encoder)"
        )
    if table.about.get("weights_sha256", weights_digest(encoder)) != weights_digest(encoder):
        raise ConfigError(
            f"{path}: has other weights than the encoder that {table.path} was made with, so what they say cannot be compared; "
            "name that one (--encoder), or embed the files again"
        )
    is_sliced = table.about.get("paper") == "cvsm"  # where each slice has a norm of its own
    return embed_file(options.query, encoder, None if is_sliced else table.about.get("normalise")).mean(
        axis=0
    )


def _named_encoder(table):
    """The encoder that a table names, by a path from here or from where the table lies."""
    from mscol.errors import ConfigError

    if "encoder" not in table.about:
        raise ConfigError(
            f"{table.path}: does not name the encoder that it was made with; name it (--encoder)"
        )
    path = Path(table.about["encoder"])
    for folder in (Path(), table.path.parent):
        if (folder / path).exists() or Path(f"{folder / path}.index").exists():
            return folder / path
    raise ConfigError(
        f"{table.path}: was made with {path}, which is not there any more; say where it is (--encoder)"
    )


def _line(row):
    """A file found, as a person reads it.

    >>> _line({"file": "a.mp3", "similarity": 0.5, "start_seconds": 83.3})
    ' 0.500  a.mp3  (most alike at 1:23)\\n'
    """
    start = row.get("start_seconds")
    place = "" if start is None else f"  (most alike at {int(start) // 60}:{int(start) % 60:02d})"
    return f"{row['similarity']:6.3f}  {row['file']}{place}\n"
