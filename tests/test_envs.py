"""The versions in envs/ are those of the lock: conda cannot be run everywhere, so they are compared."""

import ast
import re
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOUSE = Path(__file__).parents[1]
ENVS, SCRIPTS = HOUSE / "envs", HOUSE / "workflow_scripts"


def locked_versions():
    return dict(
        re.findall(r"^([A-Za-z0-9_.-]+)==(\S+) \\$", (ENVS / "requirements.lock").read_text(), re.MULTILINE)
    )


def pins(path):
    for entry in yaml.safe_load(path.read_text())["dependencies"]:
        for pin in entry["pip"] if isinstance(entry, dict) else [entry]:
            name, _, version = re.match(r"([A-Za-z0-9_-]+)(=+)?(.*)", pin).groups()
            if name not in ("python", "pip"):
                yield name, version


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_environments_have_the_locked_versions(path):
    locked = locked_versions()
    found = dict(pins(path))
    assert found
    assert found == {name: locked[name] for name in found}


def test_every_locked_package_has_a_hash():
    lock = (ENVS / "requirements.lock").read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", lock) if "==" in entry.split("\n")[0]]
    assert len(entries) == len(locked_versions()) > 100
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def rules():
    """The script and the environment of every rule."""
    for path in sorted((HOUSE / "rules").glob("*.smk")):
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            env, script = re.search(r"envs/(\w+)\.yaml", rule), re.search(r"workflow_scripts/(\w+)\.py", rule)
            if script:
                yield pytest.param(script[1], env[1], id=rule.split(":")[0])


@pytest.mark.parametrize(("script", "env"), rules())
def test_environment_of_a_rule_holds_what_its_script_imports(script, env):
    allowed = with_requirements(name for name, _ in pins(ENVS / f"{env}.yaml"))
    distributions = packages_distributions()
    needed = {
        name: {canonicalize_name(package) for package in distributions[name]}
        for name in outside_imports(SCRIPTS / f"{script}.py")
        if name not in sys.stdlib_module_names
    }
    assert {name for name, packages in needed.items() if not packages & allowed} == set()


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


def outside_imports(path, seen=None):
    """The packages that a file imports when it is imported, directly or through mscol."""
    seen = set() if seen is None else seen
    names = set()
    for node in ast.parse(path.read_text()).body:
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for module in modules:
            if module.split(".")[0] != "mscol":
                names.add(module.split(".")[0])
                continue
            parts = module.split(".")
            for length in range(1, len(parts) + 1):
                base = SCRIPTS.joinpath(*parts[:length])
                for file in (base.with_suffix(".py"), base / "__init__.py"):
                    if file.is_file() and file not in seen:
                        seen.add(file)
                        names |= outside_imports(file, seen)
    return names
