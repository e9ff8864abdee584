"""The options of commands that embed: the encoder, its paper, and the level of files."""

from pathlib import Path

from mscol.encoders import encoder_file
from mscol.papers import BOTH, PAPERS

ENCODER_HELP = "an encoder.keras file, its folder, or a published TensorFlow checkpoint (path without .index)"


def add_paper(parser, otherwise=""):
    """Add the option ``--paper``; ``otherwise`` describes the default."""
    parser.add_argument(
        "--paper",
        choices=PAPERS,
        help=f"paper of a TensorFlow checkpoint, which does not record it: {BOTH}{otherwise}",
    )


def add_normalise(parser, default):
    """Add the option ``--normalise``; ``default`` describes the default."""
    parser.add_argument(
        "--normalise",
        metavar="SECONDS",
        help="scale files longer than this to the level of clips of this length; `file` divides each file by its own norm "
        f"(default: {default})",
    )


def check_encoder(parser, options, argument, says_its_paper=(".keras",)):
    """Find ``options.encoder`` in its folder; exit with an error if it does not exist or its paper is unknown.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    options : argparse.Namespace
        Has ``encoder`` and ``paper``.
    argument : str
        Name of the encoder argument on the command line.
    says_its_paper : tuple of str
        Suffixes of files that record the paper of their encoder.
    """
    options.encoder = encoder_file(options.encoder)
    if not options.encoder.is_file() and not Path(f"{options.encoder}.index").is_file():
        parser.error(
            f"argument {argument}: {options.encoder}: not found. Expected an encoder.keras file, a folder that "
            "contains one, or a TensorFlow checkpoint (with an .index file)."
        )
    if options.paper is None and options.encoder.suffix not in says_its_paper:
        parser.error(
            f"argument --paper: {options.encoder} does not record which paper its encoder belongs to; set --paper to {BOTH}"
        )
