"""What packages need, by what is installed here."""

from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def with_requirements(names):
    """Packages, and what they need."""
    waiting, found = [*map(canonicalize_name, names)], set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            try:
                needed = [Requirement(line) for line in requires(name) or ()]
            except PackageNotFoundError:
                continue
            waiting += [
                canonicalize_name(n.name) for n in needed if not n.marker or n.marker.evaluate({"extra": ""})
            ]
    return found
