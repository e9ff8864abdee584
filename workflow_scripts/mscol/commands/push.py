"""``mscol push``: an encoder, its card and its exports, handed to the Hugging Face hub."""

from pathlib import Path

from mscol.encoders import encoder_file


def add(commands):
    """Add the command to a parser's subparsers."""
    push = commands.add_parser(
        "push",
        help="hand an encoder to the Hugging Face hub",
        description="Hand an encoder to a model repository of the Hugging Face hub, which is made where there is none: encoder.keras, its card (README.md), "
        "run.json, history.csv, and exports.",
        epilog="Log in before, by `hf auth login`, or set HF_TOKEN to a token that may write.",
    )
    push.set_defaults(run=run, check=check, output=None)
    push.add_argument(
        "encoder", type=Path, metavar="ENCODER", help="an encoder.keras with its card, or their folder"
    )
    push.add_argument("repository", metavar="hf://USER/NAME", help="the repository")
    push.add_argument(
        "--export", nargs="+", action="extend", default=[], type=Path, metavar="FILE",
        help="what mscol export wrote, to be handed over, too",
    )  # fmt: skip
    push.add_argument(
        "--private",
        action="store_true",
        help="make the repository one that only you (or your organisation) see",
    )


def check(push, options):
    """End with a sentence where there is no encoder; find it in its folder."""
    options.encoder = encoder_file(options.encoder)
    if options.encoder.name != "encoder.keras" or not options.encoder.is_file():
        push.error(
            f"argument ENCODER: {options.encoder}: name an encoder.keras, or the folder that it lies in with its card"
        )


def run(options):
    """Hand the encoder over."""
    from mscol.exporting.hub import files_to_push, push, repository_of

    repository = repository_of(options.repository)
    push(files_to_push(options.encoder, options.export), repository, options.private)
    return 0
