"""The command ``mscol``: use encoders outside the workflow."""

import argparse
import logging
import sys
from pathlib import Path

import mscol
from mscol.commands import embed, export, new, push, similar
from mscol.errors import MscolError
from mscol.jobs.extras import what_is_missing
from mscol.jobs.logs import needs_no_display

COMMANDS = (embed, export, new, push, similar)


def main(arguments=None):
    """Run a command; return its exit status, 0 or, after an error, 1."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    needs_no_display()
    try:
        return options.run(options)
    except MscolError as error:
        logging.error("%s", error)
    except ModuleNotFoundError as error:
        if not what_is_missing(error):
            raise
        logging.error("%s", what_is_missing(error))
    except OSError as error:
        logging.error("%s: cannot be written (%s)", options.output or error.filename, error.strerror or error)
    return 1


def _parse(arguments):
    by_module = Path(sys.argv[0]).name == "__main__.py"  # started as `python -m mscol`
    parser = argparse.ArgumentParser(
        prog="python -m mscol" if by_module else "mscol", description="Use mscol encoders on audio files."
    )
    parser.add_argument("--version", action="version", version=f"mscol {mscol.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    options.check(commands.choices[options.command], options)
    return options


if __name__ == "__main__":
    sys.exit(main())
