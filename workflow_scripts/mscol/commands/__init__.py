"""What the command line offers, a module a command.

Each module has ``add(commands)``: it adds a parser to argparse's subparsers, whose defaults say what runs: ``run``, a function of the
options that returns the exit status, and ``check``, a function of the parser and the options that tells what is wrong with them.
"""
