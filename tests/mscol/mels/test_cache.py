"""The mel cache: what is written is what is read, whatever the order of shards, and bad clips cost only themselves."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.errors import AudioError, CacheError
from mscol.io.arrays import RowWriter
from mscol.io.audio import load_mono
from mscol.io.files import read_csv
from mscol.mels import log_mel
from mscol.mels.activity import read_activity
from mscol.mels.cache import MelCache
from mscol.mels.mixtures import cache_mixtures
from mscol.mels.stems import cache_stems
from mscol.separation import STEMS

RATE = 16_000
NAMES = ["plain", "with space", 'it\'s "quoted"', "Séculaire/ñandú", "NA"]


def noise(seconds, seed, level=0.1):
    samples = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return (level * samples).astype(np.float32)


@pytest.fixture
def shard(tmp_path):
    """A shard of good and bad clips below ``tmp_path/raw``; returns its csv."""
    rows = []
    for number, name in enumerate(NAMES):
        path = tmp_path / "raw" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, noise(4.2 + number, number), RATE)
        rows.append((name, f"{name}.wav", "train"))
    (tmp_path / "raw" / "broken.wav").write_bytes(b"RIFF but nothing more")
    soundfile.write(tmp_path / "raw" / "short.wav", noise(0.9, 9), RATE)
    soundfile.write(tmp_path / "raw" / "inverted.flac", noise(2, 9)[:, None] * [1, -1], RATE)
    rows += [("inverted", "inverted.flac", "train")]
    rows += [("broken", "broken.wav", "train"), ("short", "short.wav", "test"), ("gone", "gone.wav", "test")]
    path = tmp_path / "shard.csv"
    pd.DataFrame(rows, columns=["id", "path", "split"]).to_csv(path, index=False)
    return path


def cache_in(folder, clips, root, dtype="float32", normalise="file"):
    paths = {name: folder / f"{name}" for name in ("mixture.npy", "mixture.csv", "rejected.csv")}
    cache_mixtures(clips, root, *paths.values(), dtype=dtype, workers=2, normalise=normalise)
    return paths


def test_mixtures_are_cached_and_bad_clips_cost_only_themselves(tmp_path, shard):
    paths = cache_in(tmp_path / "mels", shard, tmp_path / "raw")
    cache = MelCache.open([paths["mixture.npy"]], [paths["mixture.csv"]])
    assert list(cache.clips["clip"]) == sorted(NAMES)
    for row in cache.clips.itertuples():
        expected = log_mel(load_mono(tmp_path / "raw" / f"{row.clip}.wav"))
        np.testing.assert_allclose(cache.crops([row.first_frame], row.n_frames)[0], expected, atol=1e-5)
        piecewise = log_mel(load_mono(tmp_path / "raw" / f"{row.clip}.wav"), normalise_seconds=6)
        pieces = cache_in(tmp_path / "pieces", shard, tmp_path / "raw", normalise=6)
        np.testing.assert_array_equal(
            np.load(pieces["mixture.npy"])[row.first_frame :][: row.n_frames], piecewise
        )
    rejected = read_csv(paths["rejected.csv"]).set_index("id")["reason"]
    assert sorted(rejected.index) == ["broken", "gone", "inverted", "short"]
    assert "silent as a mixture" in rejected["inverted"]
    assert "too short" in rejected["short"] and "14400 samples" in rejected["short"]
    assert "cannot be decoded" in rejected["broken"]


def test_clips_of_a_split_are_transformed_first_and_one_that_cannot_be_costs_only_itself(tmp_path, shard):
    def louder(waveform, clip):
        if clip == "plain":
            raise AudioError("plain: not possible")
        return waveform + noise(len(waveform) / RATE, 5)

    paths = [tmp_path / name for name in ("mixture.npy", "mixture.csv", "rejected.csv")]
    settings = {"dtype": "float32", "workers": 2, "transform": louder}
    cache_mixtures(shard, tmp_path / "raw", *paths, **settings, split="train")
    cached, rejected = read_csv(paths[1]).set_index("clip"), read_csv(paths[2]).set_index("id")["reason"]
    assert set(cached.index) == set(NAMES) - {"plain"} and "short" not in rejected.index
    assert rejected["plain"] == "plain: not possible"
    first, n_frames = cached.loc["NA"]
    expected = log_mel(louder(load_mono(tmp_path / "raw" / "NA.wav"), "NA"))
    np.testing.assert_allclose(np.load(paths[0])[first : first + n_frames], expected, atol=1e-5)
    cache_mixtures(shard, tmp_path / "raw", *paths, **settings, split="test")
    assert read_csv(paths[1]).empty and set(read_csv(paths[2])["id"]) == {"short", "gone"}


def test_half_precision_halves_the_file_and_stays_close(tmp_path, shard):
    full = cache_in(tmp_path / "full", shard, tmp_path / "raw")["mixture.npy"]
    half = cache_in(tmp_path / "half", shard, tmp_path / "raw", dtype="float16")["mixture.npy"]
    assert half.stat().st_size < 0.51 * full.stat().st_size
    np.testing.assert_allclose(np.load(half), np.load(full), atol=4e-3)


def test_order_of_shards_does_not_matter(tmp_path):
    for number in range(3):
        with RowWriter(tmp_path / f"{number}.npy", (64,), "float32") as writer:
            first = writer.append(np.full((100 + number, 64), number))
        pd.DataFrame(
            [(f"clip{number}", first, 100 + number)], columns=["clip", "first_frame", "n_frames"]
        ).to_csv(tmp_path / f"{number}.csv", index=False)
    orders = ([0, 1, 2], [2, 0, 1])
    caches = [
        MelCache.open([tmp_path / f"{n}.npy" for n in order], [tmp_path / f"{n}.csv" for n in order])
        for order in orders
    ]
    for cache in caches:
        assert list(cache.clips["clip"]) == ["clip0", "clip1", "clip2"]
        crops = cache.crops(cache.clips["first_frame"].to_numpy()[[2, 0, 2, 1]], 98)
        assert crops.shape == (4, 98, 64)
        np.testing.assert_array_equal(crops[:, 0, 0], [2, 0, 2, 1])


def test_empty_shard_is_legal(tmp_path):
    clips = tmp_path / "empty.csv"
    clips.write_text("id,path,split\n")
    paths = cache_in(tmp_path / "mels", clips, tmp_path)
    cache = MelCache.open([paths["mixture.npy"]], [paths["mixture.csv"]])
    assert len(cache.clips) == 0
    assert cache.crops(np.array([], int), 98).shape == (0, 98, 64)


def test_damaged_array_is_named(tmp_path, shard):
    paths = cache_in(tmp_path / "mels", shard, tmp_path / "raw")
    content = paths["mixture.npy"].read_bytes()
    paths["mixture.npy"].write_bytes(content[: len(content) // 2])
    with pytest.raises(CacheError, match=r"mixture\.npy: damaged"):
        MelCache.open([paths["mixture.npy"]], [paths["mixture.csv"]])


def test_array_that_does_not_fit_its_table_is_named(tmp_path, shard):
    paths = cache_in(tmp_path / "mels", shard, tmp_path / "raw")
    np.save(paths["mixture.npy"], np.zeros((5, 64), np.float32))
    with pytest.raises(CacheError, match="has 5 frames"):
        MelCache.open([paths["mixture.npy"]], [paths["mixture.csv"]])


def test_stems_are_cached_with_their_activity(tmp_path):
    clips, folder = tmp_path / "shard.csv", tmp_path / "stems"
    clips.write_text("id,path,split\none,one.mp3,train\ntwo,two.mp3,train\nout,out.mp3,train\nt,t.mp3,test\n")
    levels = {"bass": 0.1, "drums": 0.0, "other": 0.02, "vocals": 0.3}
    for clip, seconds in (("one", 8.5), ("two", 1.5)):
        (folder / clip).mkdir(parents=True)
        for seed, (stem, level) in enumerate(levels.items()):
            soundfile.write(folder / clip / f"{stem}.wav", noise(seconds, seed, level), RATE, subtype="FLOAT")
    before = tmp_path / "before.csv"
    before.write_text("id,path,reason\nout,out.mp3,broken\n")
    out = tmp_path / "mels"
    cache_stems(
        clips, folder, {stem: out / f"{stem}.npy" for stem in STEMS}, out / "stems.csv", out / "activity.csv",
        out / "rejected.csv", [before], "float32", 2,
    )  # fmt: skip
    activity = read_activity([out / "activity.csv"])
    assert list(zip(activity["clip"], activity["segment"], strict=True)) == [
        ("one", 0),
        ("one", 1),
        ("two", 0),
    ]
    # The mean magnitude of Gaussian noise is its standard deviation times sqrt(2 / pi).
    for stem, level in levels.items():
        np.testing.assert_allclose(activity[stem], level * np.sqrt(2 / np.pi), rtol=0.03)
        np.testing.assert_allclose(activity[f"{stem}_reference"], level * np.sqrt(2 / np.pi), rtol=0.03)
    cache = MelCache.open([out / "vocals.npy"], [out / "stems.csv"])
    expected = log_mel(load_mono(folder / "two" / "vocals.wav"))
    two = cache.clips.set_index("clip").loc["two"]
    np.testing.assert_allclose(cache.crops([two.first_frame], two.n_frames)[0], expected, atol=1e-5)
    assert list(read_csv(out / "rejected.csv")["id"]) == ["out"]
