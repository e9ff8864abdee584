"""The subcommands of ``mscol``, one module each.

Each module has a function ``add(commands)``, which adds a parser to argparse's subparsers. The parser's defaults hold two functions:
``run(options)`` runs the command and returns the exit status, and ``check(parser, options)`` reports invalid options.
"""
