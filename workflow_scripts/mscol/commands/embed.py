"""``mscol embed``: embeddings of any audio files, for whoever wants no more than the encoder."""

import argparse
import logging
import os
from pathlib import Path

from mscol.commands.encoder_option import ENCODER_HELP, add_paper, check_encoder
from mscol.encoders import open_encoder

EXAMPLE = """example:
  mscol embed song.mp3 more_songs/ --encoder models/bass_vocals/seed1 -o embeddings.parquet

reads with pandas:
  table = pandas.read_parquet("embeddings.parquet")
  values = numpy.stack(table["embedding"])          # (windows, values)

computes with JAX where it can use a GPU, else with TensorFlow; KERAS_BACKEND (jax or tensorflow) decides otherwise.
"""


def add(commands):
    """Add the command to a parser's subparsers."""
    embed = commands.add_parser(
        "embed",
        help="embed audio files",
        description="Embed audio files: a row of values for each window of 0.98 s of each file (of a cvsm encoder: each second).",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    embed.set_defaults(run=run, check=check)
    embed.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILES",
        help="audio files of any kind that libsndfile decodes, or folders of them",
    )
    embed.add_argument(
        "--encoder",
        required=True,
        type=Path,
        help=f"{ENCODER_HELP}, or an .onnx file that mscol export wrote: it needs onnxruntime, and no training framework",
    )
    add_paper(embed)
    embed.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        help="the table to be written: .parquet or .csv; what was left out is listed beside it, in NAME.rejected.csv",
    )
    embed.add_argument("--mean", action="store_true", help="one row a file: the mean over its seconds")
    embed.add_argument(
        "--normalise",
        metavar="SECONDS",
        help="bring what is longer to the level of clips of so many seconds, or `file`: divide each file by the norm of the "
        "whole (default: the length of the clips that the encoder was trained on)",
    )
    embed.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="that compute and decode (default: %(default)s)"
    )


def check(embed, options):
    """End with a sentence where the options do not make sense; find the encoder in its folder."""
    if options.output.suffix.lower() not in (".parquet", ".csv"):
        embed.error(f"argument -o: {options.output}: write a name that ends in .parquet or .csv")
    if options.threads < 1:
        embed.error(f"argument --threads: {options.threads}: write 1 or more")
    check_encoder(embed, options, "--encoder", says_its_paper=(".keras", ".onnx"))


def run(options):
    """Embed the files; 1 where one or more could not be embedded."""
    from mscol.embeddings.export import export_embeddings  # here, since --help needs none of it
    from mscol.embeddings.search import find_audio

    files, left_out = find_audio(options.files)
    # Importing the framework takes seconds, and a wrong path is told before.
    encoder = open_encoder(options.encoder, options.paper, options.threads)
    logging.info("Embedding %d files with %s.", len(files), options.encoder)
    about = {"encoder": str(options.encoder)}
    failed = export_embeddings(
        files, encoder, options.output, options.mean, about, options.normalise, left_out
    )
    if failed:
        logging.error(
            "%d of %d files could not be embedded; the others are in %s.",
            len(failed),
            len(files),
            options.output,
        )
    else:
        logging.info("Wrote %s.", options.output)
    return 1 if failed else 0
