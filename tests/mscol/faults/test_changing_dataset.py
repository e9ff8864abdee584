"""A dataset that changes under the workflow: what is noticed costs its clip only, unless all of it is gone."""

import os
import threading

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.datasets.manifest import write_manifest
from mscol.embeddings.functions import embed_waveforms
from mscol.errors import AudioError, DatasetError
from mscol.io.files import read_csv
from mscol.mels.mixtures import cache_mixtures
from mscol.separation.conversion import convert_shard

CLIPS = {"a": "train", "b": "train", "c": "validation", "d": "test"}


def write_clip(root, clip, seconds=1.5, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds))
    soundfile.write(root / f"{clip}.wav", noise, 16_000)


@pytest.fixture
def root(tmp_path):
    """A dataset of four clips, of layout table."""
    (tmp_path / "data").mkdir()
    for clip in CLIPS:
        write_clip(tmp_path / "data", clip)
    rows = [(f"{clip}.wav", split, "x") for clip, split in CLIPS.items()]
    pd.DataFrame(rows, columns=["path", "split", "label"]).to_csv(
        tmp_path / "data" / "clips.csv", index=False
    )
    return tmp_path / "data"


def list_clips(root):
    """Write the manifest beside the dataset; return its only shard."""
    folder = root.parent / "manifest"
    shard = folder / "shards" / "000-of-001.csv"
    paths = [folder / name for name in ("clips.csv", "rejected.csv", "about.json")]
    write_manifest("table", root, {}, 1, *paths, [shard])
    return shard


def cache(root, shard):
    """Cache the mixtures; return which clips were cached, and the reasons of those that were not."""
    out = root.parent / "mels"
    cache_mixtures(shard, root, out / "x.npy", out / "x.csv", out / "rejected.csv", "float32", workers=2)
    return list(read_csv(out / "x.csv")["clip"]), reasons(out / "rejected.csv")


def convert(root, shard):
    out = root.parent / "wav"
    convert_shard(shard, root, out / "audio", out / "rejected.csv")
    return sorted(path.stem for path in (out / "audio").iterdir()), reasons(out / "rejected.csv")


def reasons(path):
    table = read_csv(path)
    return dict(zip(table["id"], table["reason"], strict=True))


def test_file_removed_since_the_manifest_costs_only_its_clip(root):
    shard = list_clips(root)
    (root / "b.wav").unlink()
    cached, rejected = cache(root, shard)
    assert cached == ["a", "c", "d"] and "b.wav: cannot be read" in rejected["b"]
    converted, rejected = convert(root, shard)
    assert converted == ["a", "c"] and set(rejected) == {"b"}


def test_file_replaced_since_the_manifest_costs_its_clip_until_the_manifest_is_made_again(root):
    shard = list_clips(root)
    write_clip(root, "b", seconds=2)
    for work, others in ((cache, ["a", "c", "d"]), (convert, ["a", "c"])):
        done, rejected = work(root, shard)
        assert done == others
        assert "changed since the manifest was made (64044 bytes, it had 48044)" in rejected["b"]
    list_clips(root)
    assert cache(root, shard) == (["a", "b", "c", "d"], {})


def test_file_replaced_by_one_of_the_same_size_is_taken_as_it_is_now(root):
    shard = list_clips(root)
    before = cache(root, shard), (root.parent / "mels" / "x.npy").read_bytes()
    write_clip(root, "b", seed=1)
    assert cache(root, shard) == before[0] and (root.parent / "mels" / "x.npy").read_bytes() != before[1]


def test_file_added_since_the_manifest_waits_for_the_next_one(root):
    shard = list_clips(root)
    write_clip(root, "e")
    with open(root / "clips.csv", "a") as file:
        file.write("e.wav,train,x\n")
    assert cache(root, shard)[0] == list("abcd")
    list_clips(root)
    assert cache(root, shard)[0] == list("abcde")


@pytest.mark.parametrize("gone", ["the root", "all in it", "all audio"])
def test_dataset_that_went_away_is_an_error_and_not_a_shard_without_clips(root, gone):
    shard = list_clips(root)
    if gone == "the root":
        root.rename(root.with_name("elsewhere"))
    else:
        for path in root.glob("*.wav" if gone == "all audio" else "*"):
            path.unlink()
    for work in (cache, convert):
        with pytest.raises(DatasetError, match=r"data: the audio files are gone. Is their disk"):
            work(root, shard)
    assert not list(root.parent.glob("mels/*")) and not list(root.parent.glob("wav/*"))


def test_dataset_that_is_written_to_while_it_is_listed_is_an_error(root):
    done = threading.Event()

    def touch():
        while not done.wait(0.0005):
            os.utime(root / "clips.csv")

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        with pytest.raises(DatasetError, match="data: changed while its clips were listed. Run again when"):
            list_clips(root)
    finally:
        done.set()
        thread.join()
    assert not (root.parent / "manifest").exists()


def test_function_is_not_given_a_file_that_changed(root):
    shard = list_clips(root)
    write_clip(root, "b", seconds=2)
    cached = pd.DataFrame({"clip": list(CLIPS), "first_frame": 0, "n_frames": 150})
    paths = [
        {split: root.parent / f"{split}.{kind}" for split in set(CLIPS.values())} for kind in ("npy", "csv")
    ]
    with pytest.raises(AudioError, match=r"b\.wav: changed since the manifest was made"):
        embed_waveforms(
            lambda waveform: waveform[None, :4], cached, read_csv(shard), root, *paths, seed=0,
            crops_per_segment=1, workers=1,
        )  # fmt: skip


def test_read_only_dataset_is_all_that_is_needed(mount, root):
    disk = mount(root)
    disk.allow_writing(False)
    with pytest.raises(OSError, match="Read-only"):
        (root / "x").touch()
    shard = list_clips(root)
    assert cache(root, shard) == (["a", "b", "c", "d"], {}) and convert(root, shard)[0] == ["a", "b", "c"]
