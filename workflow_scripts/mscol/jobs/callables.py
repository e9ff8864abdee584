"""Load functions of users by name, and show their errors with the lines of their own files."""

import importlib
import importlib.util
import inspect
import itertools
import logging
import sys
import traceback
from pathlib import Path

from mscol.errors import ConfigError
from mscol.jobs.chatter import hush_frameworks

_LIBRARY = Path(__file__).resolve().parents[1]


def load_callable(name):
    """Load the function that a ``callable`` of the config names.

    Parameters
    ----------
    name : str
        ``package.module:function``, or ``path/to/file.py:function``.

    Returns
    -------
    callable

    Raises
    ------
    ConfigError
        If there is no such module, file or function.
    """
    return getattr(load_module_of(name), name.rpartition(":")[2])


def load_module_of(name):
    """Load the module of a function and check that it has the function; parameters and errors as in `load_callable`."""
    hush_frameworks()
    place, _, function = name.rpartition(":")
    try:
        module = _load_file(place) if place.endswith(".py") else importlib.import_module(place)
    except (Exception, SystemExit) as error:  # a user's module can raise anything
        raise ConfigError(
            f"callable {name!r}: {place!r} cannot be imported ({brief(error)}):\n{their_traceback(error)}"
        ) from error
    if not callable(getattr(module, function, None)):
        raise ConfigError(f"callable {name!r}: {place!r} has no function {function!r}")
    logging.info("Calling %s of %s.", function, inspect.getsourcefile(module) or place)
    return module


def their_traceback(error):
    """Format an error in a user's code from its first line in that code on, without the frames of this library.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str
        A Python traceback, including causes.
    """
    report = part = traceback.TracebackException.from_exception(error)
    while part:
        part.stack = traceback.StackSummary.from_list(itertools.dropwhile(_is_ours, part.stack))
        part = part.__cause__ or part.__context__
    return "".join(report.format()).rstrip()


def brief(error):
    """Return an error as one line.

    >>> brief(ValueError("too loud")), len(brief(ValueError("x" * 1000)))
    ("ValueError('too loud')", 203)
    """
    said = repr(error)
    return said if len(said) <= 200 else f"{said[:200]}..."


def _is_ours(frame):
    return Path(frame.filename).is_relative_to(_LIBRARY) or "importlib" in frame.filename


def _load_file(path):
    """Load a file as a module. It may import modules of its folder, and its classes can be pickled by name."""
    sys.path.append(str(Path(path).resolve().parent))
    spec = importlib.util.spec_from_file_location(f"mscol_callable_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
