"""Digests of code and files, which let Snakemake notice a change in a script or in the library.

Snakemake itself compares the date of a script with the dates of its results, and ignores the modules that the script imports.
A comment, a checkout or a copy changes a date. So the default profile turns that off, and rules have these digests as params.
"""

import ast
import functools
import hashlib
import os
from pathlib import Path

PACKAGE = "mscol"
_SCRIPTS = Path(__file__).resolve().parents[2]  # workflow_scripts/, which holds the package
# Modules that every module imports and that cannot change a result; and the choice of the backend, which depends more on the
# machine of a job than on code, and makes no job rerun when it changes
_UNCOUNTED = {
    "mscol", "mscol.errors", "mscol.jobs.backend", "mscol.jobs.cards", "mscol.jobs.compiled", "mscol.jobs.devices",
    "mscol.jobs.energy", "mscol.jobs.logs", "mscol.jobs.versions",
}  # fmt: skip
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # fields of statements with nested statements


@functools.cache
def library_fingerprint(script, *modules):
    """Digest a script and the library modules that it imports, directly or indirectly.

    Comments, docstrings and layout do not count: a change in them must not cost a GPU day.

    Parameters
    ----------
    script : str
        Name of a script in ``workflow_scripts``.
    *modules : str
        Further modules, such as the reader of one layout that the script imports by name.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    waiting = [*_imports(_SCRIPTS / script, package=""), *modules]
    found = set()
    while waiting:
        module = waiting.pop()
        path = _module_path(module)
        if module in found or path is None:
            continue
        found.add(module)
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        waiting += _imports(path, package)
    digest = hashlib.sha256(_meaning(_SCRIPTS / script).encode())
    for module in sorted(found - _UNCOUNTED):
        digest.update(module.encode() + b"\0" + _meaning(_module_path(module)).encode() + b"\0")
    return digest.hexdigest()[:16]


def file_digest(*paths):
    """Digest the content of files; a missing file counts as "missing".

    Parameters
    ----------
    *paths : str or os.PathLike

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            status = os.stat(path)
            digest.update(_content_digest(os.fspath(path), status.st_mtime_ns, status.st_size))
        except FileNotFoundError:
            digest.update(b"missing")
    return digest.hexdigest()[:16]


def code_digest(path):
    """Digest a Python file of the user without comments, docstrings and layout; one that cannot be parsed, by its content.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    try:
        meaning = _meaning(Path(path))
    except (OSError, SyntaxError, ValueError):
        return file_digest(path)
    return hashlib.sha256(meaning.encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=100_000)
def _content_digest(path, mtime_ns, size):
    return hashlib.sha256(Path(path).read_bytes()).digest()


@functools.cache
def _module_path(module):
    base = _SCRIPTS.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def _imports(path, package):
    """Return the mscol modules that a file imports, including their parent packages."""
    names = set()
    for node in _statements(_parsed(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).rstrip(".")
            names.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
    parts = [name.split(".") for name in names if name.split(".")[0] == PACKAGE]
    return {".".join(part[:length]) for part in parts for length in range(1, len(part) + 1)}


def _statements(tree):
    """Yield all statements, including nested ones. Expressions, most of a tree, are skipped: each cluster job digests code."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in _BLOCKS:
            waiting += getattr(node, field, ())


@functools.cache
def _parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _meaning(path):
    """Return the code of a file without comments, docstrings and positions."""
    tree = _parsed(path)
    for node in _statements(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return ast.dump(tree)
