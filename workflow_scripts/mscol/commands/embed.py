"""``mscol embed``: embed any audio files, without the rest of the workflow."""

import argparse
import logging
import os
from pathlib import Path

from mscol.commands.encoder_option import ENCODER_HELP, add_normalise, add_paper, check_encoder
from mscol.encoders import open_encoder

EXAMPLE = """example:
  mscol embed song.mp3 more_songs/ --encoder models/bass_vocals/seed1 -o embeddings.parquet

to read the table with pandas:
  table = pandas.read_parquet("embeddings.parquet")
  values = numpy.stack(table["embedding"])          # (windows, values)

Uses JAX if it finds a GPU, otherwise TensorFlow. Set KERAS_BACKEND to jax or tensorflow to choose one.
"""


def add(commands):
    """Add the command to a parser's subparsers."""
    embed = commands.add_parser(
        "embed",
        help="embed audio files",
        description="Embed audio files: one row of values for each 0.98 s window of a file (cvsm encoders: for each second).",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    embed.set_defaults(run=run, check=check)
    embed.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILES",
        help="audio files in any format that libsndfile reads, or folders with such files",
    )
    embed.add_argument(
        "--encoder",
        required=True,
        type=Path,
        help=f"{ENCODER_HELP}; also an .onnx file from mscol export, which needs only onnxruntime",
    )
    add_paper(embed)
    embed.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        help="table to write, .parquet or .csv; files that were left out are listed in NAME.rejected.csv next to it",
    )
    embed.add_argument(
        "--mean", action="store_true", help="write one row per file, the mean over its windows"
    )
    add_normalise(embed, "the length of the clips that the encoder was trained on")
    embed.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="number of threads (default: %(default)s)"
    )


def check(embed, options):
    """Exit with an error if an option is invalid; find the encoder in its folder."""
    if options.output.suffix.lower() not in (".parquet", ".csv"):
        embed.error(f"argument -o: {options.output}: use a name that ends in .parquet or .csv")
    if options.threads < 1:
        embed.error(f"argument --threads: {options.threads}: must be 1 or more")
    check_encoder(embed, options, "--encoder", says_its_paper=(".keras", ".onnx"))


def run(options):
    """Embed the files; return 1 if a file could not be embedded."""
    from mscol.embeddings.export import export_embeddings  # imported here to keep --help fast
    from mscol.embeddings.search import find_audio

    files, left_out = find_audio(options.files)
    # Importing the framework takes seconds: wrong paths are reported before that.
    encoder = open_encoder(options.encoder, options.paper, options.threads)
    logging.info("Embedding %d files with %s.", len(files), options.encoder)
    about = {"encoder": str(options.encoder)}
    failed = export_embeddings(
        files, encoder, options.output, options.mean, about, options.normalise, left_out
    )
    if failed:
        logging.error(
            "%d of %d files could not be embedded. The others are in %s.",
            len(failed),
            len(files),
            options.output,
        )
    else:
        logging.info("Wrote %s.", options.output)
    return 1 if failed else 0
