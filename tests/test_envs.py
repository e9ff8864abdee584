"""The versions in envs/ are those of the lock: conda cannot be run everywhere, so they are compared."""

import re
from pathlib import Path

import pytest
import yaml

ENVS = Path(__file__).parents[1] / "envs"


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
