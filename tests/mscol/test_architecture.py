"""The layers of the library: no import goes upward or in a circle, no module is too long, and the docs list each package."""

import ast
import re
from pathlib import Path

import pytest

import mscol

LIBRARY = Path(mscol.__file__).parent
RULES = LIBRARY.parents[1] / "rules"
PAGE = LIBRARY.parents[1] / "docs" / "architecture.md"
# From the lowest layer; packages of one layer do not import each other.
LAYERS = (
    ("errors", "papers"),
    ("io", "jobs"),
    ("datasets",),
    ("fetching", "separation", "perturbations"),
    ("config", "graph", "mels", "synthesis"),
    ("pairs", "model", "embeddings", "metrics"),
    ("pretraining", "scores", "exporting"),
    ("probes", "clip_means", "tables"),
    ("pages", "figures", "estimate", "encoders"),
    ("overview", "commands", "progress", "hear"),
    ("mteb",),
    ("__main__",),
)
LAYER_OF = {package: layer for layer, packages in enumerate(LAYERS) for package in packages}
MOST_LINES, MOST_LINES_OF_COMMON = 350, 150


def modules():
    """The library's modules, by their names below mscol."""
    paths = {path.relative_to(LIBRARY).with_suffix(""): path for path in LIBRARY.rglob("*.py")}
    return {".".join(part for part in name.parts if part != "__init__"): path for name, path in paths.items()}


def imports_of(path, known):
    """The modules of the library that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A module of a package, or what a module has
            named = {f"{node.module}.{alias.name}".removeprefix("mscol.") for alias in node.names}
            found |= {f"mscol.{name}" for name in named & known} or {node.module}
    return {name.removeprefix("mscol.") for name in found if name.startswith("mscol.")} & known


@pytest.fixture(scope="module")
def arrows():
    known = modules()
    return {name: imports_of(path, set(known)) for name, path in known.items()}


def test_every_package_has_a_layer(arrows):
    assert {name.partition(".")[0] for name in arrows if name} == set(LAYER_OF)


def test_docs_list_every_package_with_its_layer():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert {package: int(layer) for layer, package in rows} | {"__main__": len(LAYERS) - 1} == LAYER_OF


def test_no_import_goes_upward(arrows):
    package = {name: name.partition(".")[0] for name in arrows}
    upward = [
        f"{name} -> {other}"
        for name, others in arrows.items()
        for other in others
        if name and package[name] != package[other] and LAYER_OF[package[name]] <= LAYER_OF[package[other]]
    ]
    assert not upward


def test_no_import_goes_in_a_circle(arrows):
    left = dict(arrows)
    while free := [name for name, others in left.items() if not others & left.keys() - {name}]:
        for name in free:
            del left[name]
    assert not left


@pytest.mark.parametrize("name", sorted(modules()))
def test_no_module_is_longer_than_can_be_read(name):
    assert len(modules()[name].read_text().splitlines()) <= MOST_LINES


def test_common_rules_stay_short():
    assert len((RULES / "common.smk").read_text().splitlines()) <= MOST_LINES_OF_COMMON


def test_files_of_tests_have_names_of_their_own():
    """Pytest cannot collect two of one name."""
    names = [path.name for path in Path(__file__).parents[1].rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
