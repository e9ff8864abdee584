"""A damaged cache stops a run of pretraining before it computes anything."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest
from tiny_runs import SETTINGS, cache_files

from mscol.errors import CacheError
from mscol.pretraining import load_data


@pytest.fixture
def damaged(cache, tmp_path):
    """A copy of the cache, to be damaged."""
    return shutil.copytree(cache, tmp_path / "cache")


def load(folder):
    return load_data(cache_files(folder, ["bass"]), folder / "clips.csv", ["bass"], SETTINGS, seed=1)


def test_activity_that_lacks_segments_is_not_taken_for_silence(damaged):
    path = damaged / "activity1.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(CacheError, match=r"activity0\.csv and others: 31 segments, but the stems have 32"):
        load(damaged)


def test_clip_without_stems_is_left_out_though_their_activity_is_known(damaged):
    """Its stems are usable, but no degraded ones can be made, for its mixture cannot be decoded."""
    pd.read_csv(damaged / "index1.csv")[:-1].to_csv(damaged / "stems1.csv", index=False)
    np.save(damaged / "bass1.npy", np.load(damaged / "bass1.npy")[:-784])
    files = cache_files(damaged, ["bass"])
    files = dataclasses.replace(files, stems_index=[damaged / "index0.csv", damaged / "stems1.csv"])
    data = load_data(files, damaged / "clips.csv", ["bass"], SETTINGS, seed=1)
    assert data.n_segments["train"]["all"] == 24 and data.n_segments["validation"]["all"] == 6


def test_stem_of_other_frames_is_named(damaged):
    (damaged / "bass0.npy").write_bytes((damaged / "bass0.npy").read_bytes()[:-1])
    with pytest.raises(CacheError, match=r"bass0\.npy: damaged"):
        load(damaged)
