"""The command ``python -m mscol``: embeddings of any audio files, for whoever wants no more than the encoder."""

import argparse
import logging
import os
import sys
from pathlib import Path

from mscol.errors import MscolError
from mscol.jobs.backend import choose_backend
from mscol.jobs.logs import needs_no_display
from mscol.papers import BOTH, PAPERS

EXAMPLE = """example:
  python -m mscol embed song.mp3 more_songs/ --encoder models/bass_vocals/seed1 -o embeddings.parquet

reads with pandas:
  table = pandas.read_parquet("embeddings.parquet")
  values = numpy.stack(table["embedding"])          # (windows, values)

computes with JAX where it can use a GPU, else with TensorFlow; KERAS_BACKEND (jax or tensorflow) decides otherwise.
"""


def main(arguments=None):
    """Run the command; return its exit status: 0, or 1 where a file or more could not be embedded."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    needs_no_display()
    try:
        return _embed(options)
    except MscolError as error:
        logging.error("%s", error)
    except OSError as error:
        logging.error("%s: cannot be written (%s)", options.output, error.strerror or error)
    return 1


def _embed(options):
    from mscol.embeddings.export import export_embeddings  # here, since --help needs none of it
    from mscol.embeddings.search import find_audio

    files, left_out = find_audio(options.files)
    # Later still: importing the framework takes seconds, and a wrong path is told before.
    choose_backend()
    from mscol.model import configure, load_encoder

    configure(options.threads, seed=0)
    encoder = load_encoder(options.encoder, options.paper)
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


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m mscol", description="Use encoders of mscol on audio files."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    embed = commands.add_parser(
        "embed",
        help="embed audio files",
        description="Embed audio files: a row of values for each window of 0.98 s of each file (of a cvsm encoder: each second).",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
        help="an encoder.keras, the folder it lies in, or a published TensorFlow checkpoint (without .index)",
    )
    embed.add_argument(
        "--paper",
        choices=PAPERS,
        help=f"of a TensorFlow checkpoint, which does not tell: whose encoder it is, {BOTH}",
    )
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
    options = parser.parse_args(arguments)
    if options.output.suffix.lower() not in (".parquet", ".csv"):
        embed.error(f"argument -o: {options.output}: write a name that ends in .parquet or .csv")
    if options.threads < 1:
        embed.error(f"argument --threads: {options.threads}: write 1 or more")
    if (options.encoder / "encoder.keras").is_file():
        options.encoder = options.encoder / "encoder.keras"
    elif not options.encoder.is_file() and not Path(f"{options.encoder}.index").is_file():
        embed.error(
            f"argument --encoder: {options.encoder}: there is neither such a file, nor an encoder.keras in a folder of "
            "this name, nor a checkpoint (.index)"
        )
    if options.paper is None and options.encoder.suffix != ".keras":
        embed.error(
            f"argument --paper: {options.encoder} does not say which paper's encoder it is; write {BOTH}"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
