"""``mscol push``: upload an encoder, its card and its exports to the Hugging Face hub."""

from pathlib import Path

from mscol.encoders import encoder_file


def add(commands):
    """Add the command to a parser's subparsers."""
    push = commands.add_parser(
        "push",
        help="upload an encoder to the Hugging Face hub",
        description="Upload encoder.keras, its card (README.md), run.json, history.csv and exports to a model repository of the Hugging Face hub. "
        "The repository is created if it does not exist.",
        epilog="Log in first with `hf auth login`, or set HF_TOKEN to a token with write access.",
    )
    push.set_defaults(run=run, check=check, output=None)
    push.add_argument(
        "encoder",
        type=Path,
        metavar="ENCODER",
        help="encoder.keras with its card in the same folder, or that folder",
    )
    push.add_argument("repository", metavar="hf://USER/NAME", help="repository to upload to")
    push.add_argument(
        "--export", nargs="+", action="extend", default=[], type=Path, metavar="FILE",
        help="files from mscol export to upload as well",
    )  # fmt: skip
    push.add_argument(
        "--private",
        action="store_true",
        help="create the repository as private: only you (or your organisation) can see it",
    )


def check(push, options):
    """Exit with an error if there is no encoder; find it in its folder."""
    options.encoder = encoder_file(options.encoder)
    if options.encoder.name != "encoder.keras" or not options.encoder.is_file():
        push.error(
            f"argument ENCODER: {options.encoder}: no encoder.keras found. Give the file, or its folder with the card."
        )


def run(options):
    """Upload the encoder."""
    from mscol.exporting.hub import files_to_push, push, repository_of

    repository = repository_of(options.repository)
    push(files_to_push(options.encoder, options.export), repository, options.private)
    return 0
