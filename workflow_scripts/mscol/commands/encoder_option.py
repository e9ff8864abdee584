"""The encoder that a command works with: how it is named, and what is wrong with a name."""

from pathlib import Path

from mscol.encoders import encoder_file
from mscol.papers import BOTH, PAPERS

ENCODER_HELP = (
    "an encoder.keras, the folder it lies in, or a published TensorFlow checkpoint (without .index)"
)


def add_paper(parser, otherwise=""):
    """Add the option ``--paper``; ``otherwise`` says what holds without it."""
    parser.add_argument(
        "--paper",
        choices=PAPERS,
        help=f"of a TensorFlow checkpoint, which does not tell: whose encoder it is, {BOTH}{otherwise}",
    )


def check_encoder(parser, options, argument, says_its_paper=(".keras",)):
    """Find ``options.encoder`` in its folder; end with a sentence where there is none, or its paper is not known.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    options : argparse.Namespace
        With ``encoder`` and ``paper``.
    argument : str
        What the encoder is called on the command line.
    says_its_paper : tuple of str
        Suffixes of files that say whose encoder they hold.
    """
    options.encoder = encoder_file(options.encoder)
    if not options.encoder.is_file() and not Path(f"{options.encoder}.index").is_file():
        parser.error(
            f"argument {argument}: {options.encoder}: there is neither such a file, nor an encoder.keras in a folder of "
            "this name, nor a checkpoint (.index)"
        )
    if options.paper is None and options.encoder.suffix not in says_its_paper:
        parser.error(
            f"argument --paper: {options.encoder} does not say which paper's encoder it is; write {BOTH}"
        )
