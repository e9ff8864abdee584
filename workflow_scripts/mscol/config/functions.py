"""Check functions of users that the config names, without running their code."""

import ast
import importlib.machinery
import importlib.util
import re
import sys
import traceback
from pathlib import Path

from mscol.errors import ConfigError

_CHANGES_THE_PATH = re.compile(rb"\bsys\s*\.\s*path\b|\baddsitedir\b|\bmeta_path\b")


def check_callable(key, name):
    """Check the name of a function; if it names a file, check that the file exists and defines the function.

    Parameters
    ----------
    key : str
        Key of the config, for errors.
    name : str
        ``module:function``, or ``path/to/file.py:function``.

    Raises
    ------
    ConfigError
    """
    place, _, wanted = name.rpartition(":")
    if not place or not wanted.isidentifier():
        raise ConfigError(
            f"config key '{key}': {name!r} is not valid. Set module:function or path/to/file.py:function"
        )
    if not place.endswith(".py"):
        return  # a module may exist only in the environment of the job
    if not Path(place).is_file():
        raise ConfigError(
            f"config key '{key}': there is no file {place!r} (relative paths start at {Path.cwd()})"
        )
    _check_function(key, Path(place), wanted)


def check_imports(key, name):
    """Check that this environment has the module of a function, and all modules that it imports at its top level.

    No code is run: it might load a model, or need a GPU that the machine that starts the run lacks. Modules in the same folder
    are checked, too. A module that changes Python's search path is not checked.

    Parameters
    ----------
    key, name : str
        As for `check_callable`.

    Raises
    ------
    ConfigError
    """
    place, _, wanted = name.rpartition(":")
    if place.endswith(".py"):
        path = Path(place)
    else:
        spec = _find_module(place, sys.path)
        if spec is None:
            raise ConfigError(
                f"config key '{key}': there is no module {place!r} in this environment ({sys.prefix}). Install it, correct its name, or "
                "set its file: path/to/file.py:function"
            )
        path = Path(spec.origin or "")
        if path.suffix != ".py":  # compiled
            return
        _check_function(key, path, wanted)
    _check_file(key, path.resolve(), [*sys.path, str(path.resolve().parent)], set())


def _check_file(key, path, search_path, seen):
    """Check the imports of a file, and of the files in its folder that it imports; return whether later imports can be checked."""
    seen.add(path)
    if _CHANGES_THE_PATH.search(path.read_bytes()):
        return False
    for line, module in _imports(_parse(key, path)):
        spec = _find_module(module.partition(".")[0], search_path)
        if spec is None:
            raise ConfigError(
                f"config key '{key}': line {line} of {path} imports {module!r}, which is not in this environment ({sys.prefix}). "
                "Install it there, or put it into the folder of that file"
            )
        beside = Path(spec.origin or "").resolve()
        ours = beside.parent == path.parent and beside.suffix == ".py" and beside not in seen
        if ours and not _check_file(key, beside, search_path, seen):
            return False
    return True


def _check_function(key, path, wanted):
    names = _names_in(_parse(key, path))
    if not names & {wanted, "*", "__getattr__"}:
        raise ConfigError(f"config key '{key}': {str(path)!r} has no function {wanted!r}")


def _parse(key, path):
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        where = "".join(traceback.format_exception_only(error)).rstrip()
        raise ConfigError(
            f"config key '{key}': {str(path)!r} is not valid Python ({error}):\n{where}"
        ) from None


def _imports(tree):
    """Yield lines and names of unconditional imports: not those in a branch, a function, or a try."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module


def _find_module(name, search_path):
    """Find a module without importing its parent packages; None if it does not exist."""
    first, *others = name.split(".")
    if first in (*sys.builtin_module_names, "__main__"):
        return importlib.machinery.ModuleSpec(first, None)
    spec = importlib.machinery.PathFinder.find_spec(first, search_path) or importlib.util.find_spec(first)
    for place in range(len(others)):
        if spec is None or spec.submodule_search_locations is None:
            return None
        within = ".".join([first, *others[: place + 1]])
        spec = importlib.machinery.PathFinder.find_spec(within, spec.submodule_search_locations)
    return spec


def _names_in(tree):
    """Return the names that a module binds, without running it; "*" for a star import.

    >>> sorted(_names_in(ast.parse("import a.b, c as d; e = f = 1\\ndef g(): h = 2")))
    ['a', 'd', 'e', 'f', 'g']
    """
    names = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        else:  # assignments, also in a branch
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    names.add(inner.id)
                elif isinstance(inner, ast.FunctionDef | ast.ClassDef):
                    names.add(inner.name)
    return names
