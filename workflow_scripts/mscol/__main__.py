"""The command ``python -m mscol``: what encoders are good for, outside the workflow."""

import argparse
import logging
import sys

from mscol.commands import embed
from mscol.errors import MscolError
from mscol.jobs.logs import needs_no_display

COMMANDS = (embed,)


def main(arguments=None):
    """Run a command; return its exit status: 0, or 1 where something could not be done."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    needs_no_display()
    try:
        return options.run(options)
    except MscolError as error:
        logging.error("%s", error)
    except OSError as error:
        logging.error("%s: cannot be written (%s)", options.output, error.strerror or error)
    return 1


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m mscol", description="Use encoders of mscol on audio files."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    options = parser.parse_args(arguments)
    options.check(commands.choices[options.command], options)
    return options


if __name__ == "__main__":
    sys.exit(main())
