"""Small datasets in the official layouts, and the making of their manifests."""

import csv
import json

import pytest
from small_datasets import FMA_HEADER, FMA_ROWS, MTAT_CLIPS, Manifest, mtat_rows, write_rows, write_tone


@pytest.fixture
def manifest(tmp_path):
    """Make a manifest: ``manifest(layout, root, options)``."""

    def make(layout, root, options=None, **more):
        return Manifest(tmp_path / "manifest", layout, root, options, **more)

    return make


@pytest.fixture
def mtat_root(tmp_path):
    """Seven clips, as MagnaTagATune unpacks."""
    root = tmp_path / "mtat"
    for path, seconds, _ in MTAT_CLIPS:
        write_tone(root / path, seconds)
    dialect = {"delimiter": "\t", "quoting": csv.QUOTE_ALL, "lineterminator": "\r\n"}
    write_rows(root / "annotations_final.csv", mtat_rows(), **dialect)
    return root


@pytest.fixture
def nsynth_root(tmp_path):
    """Three notes, as NSynth unpacks."""
    root = tmp_path / "nsynth"
    for folder, family in (("train", "synth_lead"), ("valid", "bass"), ("test", "vocal")):
        name = f"{family}_acoustic_001-060-100"
        write_tone(root / f"nsynth-{folder}" / "audio" / f"{name}.wav", 4.0)
        about = {name: {"pitch": 60, "instrument_family_str": family, "qualities": [0]}}
        (root / f"nsynth-{folder}" / "examples.json").write_text(json.dumps(about))
    return root


@pytest.fixture
def fma_root(tmp_path):
    """Three tracks, as FMA-small unpacks."""
    root = tmp_path / "fma"
    for track in ("000002", "000010", "099134"):
        write_tone(root / "fma_small" / track[:3] / f"{track}.mp3", 2.0)
    write_rows(root / "fma_metadata" / "tracks.csv", FMA_HEADER + FMA_ROWS)
    return root


@pytest.fixture
def table_root(tmp_path):
    """Three clips of one's own, without a table yet."""
    root = tmp_path / "own music"
    for name in ("a.wav", "b.flac", "c.ogg"):
        write_tone(root / name)
    return root
