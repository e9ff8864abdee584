"""What a manifest depends on."""

import os
from pathlib import Path

import pytest

from mscol.datasets.watch import LAYOUTS, watched_paths


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_root_gives_nothing_to_watch(layout, tmp_path):
    assert watched_paths(layout, tmp_path / "nowhere") == []


def names(layout, root, options=None):
    return [os.path.relpath(path, root) for path in watched_paths(layout, root, options)]


def test_official_layouts_watch_existing_metadata_and_folders(mtat_root, nsynth_root, fma_root):
    assert names("mtat", mtat_root) == ["annotations_final.csv", "0", "b", "c", "d", "e", "f"]
    assert names("nsynth", nsynth_root)[:2] == ["nsynth-train/examples.json", "nsynth-train/audio"]
    assert names("fma", fma_root) == [
        "fma_metadata/tracks.csv",
        "fma_small",
        "fma_small/000",
        "fma_small/099",
    ]


def test_added_file_changes_the_time_stamp_of_a_watched_folder(mtat_root):
    before = {path: Path(path).stat().st_mtime_ns for path in watched_paths("mtat", mtat_root)}
    (mtat_root / "c" / "new.mp3").touch()
    after = {path: Path(path).stat().st_mtime_ns for path in watched_paths("mtat", mtat_root)}
    assert [os.path.basename(path) for path in before if before[path] != after[path]] == ["c"]


def test_table_watches_its_csv(tmp_path):
    (tmp_path / "mine.csv").touch()
    assert names("table", tmp_path, {"table": "mine.csv"}) == ["mine.csv"] and names("table", tmp_path) == []
