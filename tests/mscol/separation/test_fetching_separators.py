"""Published separators are fetched once, and are what their names say."""

import hashlib
import json

import openunmix.utils
import pytest
import torch

from mscol.errors import SeparationError
from mscol.separation import STEMS
from mscol.separation.fetching import fetch_separator


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Torch's cache with files of weights, named by their hashes; nothing can be fetched."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for stem in STEMS:
        torch.save({"weight": torch.zeros(3)}, folder / "new.pth")
        digest = hashlib.sha256((folder / "new.pth").read_bytes()).hexdigest()
        (folder / "new.pth").rename(folder / f"{stem}-{digest[:8]}.pth")
    return folder


def test_weights_that_cannot_be_fetched_are_reported_at_once(hub, tmp_path):
    with pytest.raises(SeparationError, match=r"umxl: cannot fetch the weights.*copy them to"):
        fetch_separator("umxl", tmp_path / "about.json")
    assert not (tmp_path / "about.json").exists()


def test_file_that_does_not_match_the_hash_in_its_name_is_reported(hub, tmp_path):
    damaged = sorted(hub.glob("drums-*.pth"))[0]
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(
        SeparationError, match=rf"{damaged.name}: damaged .*Delete it and run again to fetch it"
    ):
        fetch_separator("umxl", tmp_path / "about.json")


def test_what_was_fetched_is_written_down(hub, tmp_path, monkeypatch, separator_folder):
    load = openunmix.utils.load_separator
    # The package's published weights cannot be reached from a test: others of the same make in their place
    monkeypatch.setattr(
        openunmix.utils, "load_separator", lambda name, **how: load(str(separator_folder), **how)
    )
    (hub / "somebody-elses.pth").write_bytes(b"no weights of a separator")
    fetch_separator("umxl", tmp_path / "about.json")
    about = json.loads((tmp_path / "about.json").read_text())
    assert about["model"] == "umxl" and {name.partition("-")[0] for name in about["weights"]} == set(STEMS)
    for name, digest in about["weights"].items():
        assert digest == hashlib.sha256((hub / name).read_bytes()).hexdigest()
