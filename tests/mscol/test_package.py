"""The package that `pip install` makes: what it needs, what its modules import, and what the base alone can do."""

import ast
import functools
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from dependencies import with_requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mscol
from mscol.jobs.extras import EXTRA_OF
from mscol.pages.crate import AUTHORS, PAPER

LIBRARY = Path(mscol.__file__).parent
WORKFLOW = LIBRARY.parents[1]
PROJECT = tomllib.loads((WORKFLOW / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Modules that may not be imported with the base alone; all others must be.
NEED_EXTRAS = (
    "model", "pretraining", "probes", "separation", "figures", "embeddings/baselines.py", "perturbations/effects.py", "pages/crate.py",
    "exporting/graphs.py",
    "mteb.py",
)  # fmt: skip

# Hides packages from a process of Python.
HIDING = """
from importlib.machinery import PathFinder

find = PathFinder.find_spec


def find_visible(name, path=None, target=None):
    return None if name.partition(".")[0] in {hidden!r} else find(name, path, target)


PathFinder.find_spec = find_visible
"""


def meant_here(lines):
    """The requirements among lines that hold on this machine."""
    needs = map(Requirement, lines)
    return [need for need in needs if not need.marker or need.marker.evaluate()]


def outside_imports(path):
    """Packages that a module imports: when it is imported, and in all."""
    tree = ast.parse(path.read_text())
    found = []
    for nodes in (tree.body, ast.walk(tree)):
        names = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module.partition(".")[0])
        found.append(names - sys.stdlib_module_names - {"mscol"})
    return found


def base():
    """The distributions that the package needs without any extra."""
    return {canonicalize_name(need.name) for need in meant_here(PROJECT["dependencies"])}


@functools.cache
def distributions():
    """The distributions that are installed here, by the name that each of their packages is imported as."""
    found = {name: set(map(canonicalize_name, names)) for name, names in packages_distributions().items()}
    return {"mteb": {"mteb"}} | found  # which is not in the workflow's environment


def test_version_licence_and_paper_are_the_same_wherever_they_are_stated():
    citation = yaml.safe_load((WORKFLOW / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+)", (WORKFLOW / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    assert citation["version"] == newest == mscol.__version__
    assert citation["license"] == PROJECT["license"]
    holder = re.search(r"Copyright \(c\) \d+ (.+)", (WORKFLOW / "LICENSE").read_text())[1]
    assert citation["authors"] == [{"name": holder}]
    [paper] = citation["references"]
    assert PAPER.endswith(paper["identifiers"][0]["value"])
    assert [f"{author['given-names']} {author['family-names']}" for author in paper["authors"]] == [*AUTHORS]


@pytest.mark.parametrize(
    "path", sorted(LIBRARY.rglob("*.py")), ids=lambda path: str(path.relative_to(LIBRARY))
)
def test_what_a_module_imports_is_in_the_base_or_in_an_extra(path):
    at_once, in_all = outside_imports(path)
    of_extras = {name for name in in_all if not distributions()[name] & base()}
    assert of_extras <= set(EXTRA_OF)
    if not str(path.relative_to(LIBRARY)).startswith(NEED_EXTRAS):
        assert not of_extras & at_once


def test_the_base_holds_nothing_that_no_module_imports():
    imported = set().union(*(outside_imports(path)[1] for path in LIBRARY.rglob("*.py")))
    used = set().union(*(distributions()[name] for name in imported))
    assert base() <= used | {"pyarrow"}  # which pandas imports for Parquet, too


@pytest.mark.parametrize(("package", "extra"), EXTRA_OF.items())
def test_the_extra_that_an_error_names_brings_the_package(package, extra):
    brought = {canonicalize_name(need.name) for need in meant_here(EXTRAS[extra])}
    assert distributions()[package] & brought


def test_extras_allow_the_versions_of_the_workflow():
    locked = (WORKFLOW / "envs" / "requirements.in").read_text().splitlines()
    pinned = {
        canonicalize_name(need.name): str(need.specifier).removeprefix("==")
        for need in meant_here(line.partition("#")[0] for line in locked if line.partition("#")[0].strip())
        if need.specifier
    }
    needs = [need for lines in (PROJECT["dependencies"], *EXTRAS.values()) for need in meant_here(lines)]
    known = [need for need in needs if canonicalize_name(need.name) in pinned]
    assert {"keras", "torch", "torchaudio", "openunmix", "jax", "onnxruntime"} <= {
        need.name for need in known
    }
    assert [need for need in known if pinned[canonicalize_name(need.name)] not in need.specifier] == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a function that runs a command of the wheel, installed where there is nothing but the base."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"  # a copy: building leaves things behind
    shutil.copytree(
        LIBRARY, source / "workflow_scripts" / "mscol", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(WORKFLOW / name, source)
    make = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, source]
    done = subprocess.run(make, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = folder.glob("mscol-*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", folder / "site", wheel], check=True)
    there = with_requirements(base())
    hidden = {name for name, packages in distributions().items() if not packages & there} - {"mscol"}
    (folder / "site" / "sitecustomize.py").write_text(HIDING.format(hidden=hidden))

    def run(*arguments, cwd=folder):
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder / "site")}
        command = [sys.executable, folder / "site" / "bin" / "mscol", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)

    return run


def test_command_says_its_version_and_its_name(installed):
    assert installed("--version").stdout == f"mscol {mscol.__version__}\n"
    assert "usage: mscol embed" in installed("embed", "--help").stdout
    by_module = subprocess.run(
        [sys.executable, "-m", "mscol", "embed", "--help"], capture_output=True, text=True
    )
    assert "usage: python -m mscol embed" in by_module.stdout


def test_without_a_backend_embedding_says_what_to_install(installed, tmp_path):
    (tmp_path / "encoder.keras").write_bytes(b"")
    done = installed("embed", "x.wav", "--encoder", tmp_path, "-o", tmp_path / "x.parquet")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "neither TensorFlow nor JAX is installed" in done.stderr
    assert "pip install 'mscol[training]'" in done.stderr and "pip install 'mscol[gpu]'" in done.stderr


def test_base_alone_makes_a_dataset_and_finds_what_is_similar(installed, tmp_path):
    names = [f"{number}.wav" for number in range(5)]
    for name in names:
        soundfile.write(tmp_path / name, np.random.default_rng(0).normal(0, 0.1, 20_000), 16_000)
    done = installed("new", tmp_path, cwd=tmp_path)
    assert done.returncode == 0 and "Wrote" in done.stderr and (tmp_path / "mine.yaml").is_file()
    values = list(np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32))
    pd.DataFrame({"file": names, "windows": 1, "embedding": values}).to_parquet(tmp_path / "means.parquet")
    done = installed("similar", "0.wav", "--in", "means.parquet", "-k", 2, "--csv", cwd=tmp_path)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3, done.stderr
