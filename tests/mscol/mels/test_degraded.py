"""Degraded stems have the signal-to-distortion ratio that was asked for."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.io.audio import load_mono
from mscol.mels import log_mel
from mscol.mels.activity import SEGMENT_SAMPLES, mean_magnitudes
from mscol.mels.cache import MelCache
from mscol.mels.degraded import cache_degraded_stems, degrade, degrade_each
from mscol.mels.stems import cache_stems
from mscol.separation import STEMS

N_SAMPLES = 48_000


@pytest.fixture
def music():
    """A stem, and a mixture of it with something twice as loud."""
    random = np.random.default_rng(0)
    stem = (0.1 * random.normal(size=N_SAMPLES)).astype("float32")
    return stem, stem + (0.2 * random.normal(size=N_SAMPLES)).astype("float32")


def sdr(blend, stem):
    return 10 * np.log10(np.square(stem, dtype=float).sum() / np.square(blend - stem, dtype=float).sum())


@pytest.mark.parametrize("decibels", [-5, 0, 5, 20])
def test_blend_has_the_ratio_asked_for(music, decibels):
    blend, share = degrade(*music, decibels)
    assert sdr(blend, music[0]) == pytest.approx(decibels, abs=1e-3) and 0 < share < 1
    np.testing.assert_allclose(blend, (1 - share) * music[0] + share * music[1], atol=1e-6)


def segment_ratios(blend, stem):
    """Signal-to-distortion ratios of the segments in which a stem is active."""
    n_segments = len(stem) // SEGMENT_SAMPLES
    active = mean_magnitudes(stem, n_segments, SEGMENT_SAMPLES) > 0.01
    borders = SEGMENT_SAMPLES * np.arange(1, n_segments)
    whole = slice(n_segments * SEGMENT_SAMPLES)
    parts = zip(np.split(blend[whole], borders), np.split(stem[whole], borders), strict=True)
    return np.array([sdr(*part) for part, is_active in zip(parts, active, strict=True) if is_active])


@pytest.fixture(scope="module")
def two_recordings(real_recordings):
    """A real recording in the role of a stem, and its sum with another, of half a minute."""
    stem, other = sorted(real_recordings["music"], key=len)[-2:]
    return stem, stem + other[: len(stem)]


def test_one_share_for_a_clip_leaves_its_segments_far_from_the_ratio(two_recordings):
    blend, _ = degrade(two_recordings[0], two_recordings[1], 5)
    ratios = segment_ratios(blend, two_recordings[0])
    assert len(ratios) > 4 and np.abs(ratios - 5).max() > 3


def test_share_of_its_own_gives_each_active_segment_the_ratio(two_recordings):
    blend, shares = degrade_each(*two_recordings, 5)
    ratios = segment_ratios(blend, two_recordings[0])
    assert len(shares) == -(-len(blend) // SEGMENT_SAMPLES) and len(blend) == len(two_recordings[0])
    np.testing.assert_allclose(ratios, 5, atol=1e-3)
    assert np.ptp(shares) > 0.05


def test_segments_are_degraded_by_themselves_in_the_cache_too(shard):
    arrays = {stem: shard / "out" / f"{stem}.npy" for stem in STEMS}
    cache_degraded_stems(
        shard / "clips.csv", shard, shard / "stems", arrays, shard / "out" / "degradedeach5.csv",
        shard / "out" / "rejected.csv", [], decibels=5, dtype="float32", workers=1, each=True,
    )  # fmt: skip
    mixture, stem = load_mono(shard / "b.wav"), load_mono(shard / "stems" / "b" / "bass.wav")
    expected = log_mel(degrade_each(stem, np.pad(mixture, (0, len(stem) - len(mixture))), 5)[0])
    cache = MelCache.open([arrays["bass"]], [shard / "out" / "degradedeach5.csv"])
    first, n_frames = cache.clips.loc[1, ["first_frame", "n_frames"]]
    np.testing.assert_array_equal(cache.crops([first], n_frames)[0], expected)


def test_mixture_that_is_better_than_asked_for_is_the_blend(music):
    stem, mixture = music
    blend, share = degrade(stem, stem + 0.01 * (mixture - stem), 5)
    assert share == 1 and sdr(blend, stem) > 30


def test_silent_stem_stays_silent_and_a_stem_alone_stays_itself(music):
    silence = np.zeros(N_SAMPLES, np.float32)
    assert not degrade(silence, music[1], 5)[0].any()
    np.testing.assert_array_equal(degrade(music[0], music[0], 5)[0], music[0])


@pytest.fixture
def shard(tmp_path, music):
    """Two clips with stems, and a third whose mixture is gone since."""
    random = np.random.default_rng(1)
    for clip in ("0/é", "b", "gone"):
        folder = tmp_path / "stems" / clip
        folder.mkdir(parents=True)
        stems = {stem: 0.1 * random.normal(size=N_SAMPLES).astype("float32") for stem in STEMS}
        for stem, waveform in stems.items():
            soundfile.write(folder / f"{stem}.wav", waveform, 16_000, subtype="FLOAT")
        # A sample short, as resampling there and back may leave it
        if clip != "gone":
            mixture = sum(stems.values())[:-1]
            soundfile.write(tmp_path / f"{clip[-1]}.wav", mixture, 16_000, subtype="FLOAT")
    rows = [
        ("0/é", "é.wav", "train"), ("b", "b.wav", "train"), ("gone", "n.wav", "train"), ("t", "t.wav", "test"),
    ]  # fmt: skip
    pd.DataFrame(rows, columns=["id", "path", "split"]).to_csv(tmp_path / "clips.csv", index=False)
    return tmp_path


def test_cached_mels_are_those_of_the_blends_and_a_lost_clip_costs_only_itself(shard):
    arrays = {stem: shard / "out" / f"{stem}.npy" for stem in STEMS}
    cache_degraded_stems(
        shard / "clips.csv", shard, shard / "stems", arrays, shard / "out" / "degraded5.csv",
        shard / "out" / "rejected.csv", [], decibels=5, dtype="float32", workers=2,
    )  # fmt: skip
    cache = MelCache.open([arrays["drums"]], [shard / "out" / "degraded5.csv"])
    assert cache.clips["clip"].tolist() == ["0/é", "b"]
    mixture, stem = load_mono(shard / "b.wav"), load_mono(shard / "stems" / "b" / "drums.wav")
    expected = log_mel(degrade(stem, np.pad(mixture, (0, len(stem) - len(mixture))), 5)[0])
    first, n_frames = cache.clips.loc[1, ["first_frame", "n_frames"]]
    np.testing.assert_array_equal(cache.crops([first], n_frames)[0], expected)
    rejected = pd.read_csv(shard / "out" / "rejected.csv")
    assert rejected["id"].tolist() == ["gone"] and "n.wav" in rejected["reason"][0]


def test_clips_and_lengths_are_those_of_the_plain_stems(shard):
    plain = {stem: shard / "plain" / f"{stem}.npy" for stem in STEMS}
    cache_stems(
        shard / "clips.csv", shard / "stems", plain, shard / "plain" / "stems.csv", shard / "activity.csv",
        shard / "plain" / "rejected.csv", [], "float32", 1,
    )  # fmt: skip
    arrays = {stem: shard / "out" / f"{stem}.npy" for stem in STEMS}
    cache_degraded_stems(
        shard / "clips.csv", shard, shard / "stems", arrays, shard / "out" / "degraded0.csv",
        shard / "out" / "rejected.csv", [], decibels=0, dtype="float32", workers=1,
    )  # fmt: skip
    tables = [pd.read_csv(shard / name) for name in ("plain/stems.csv", "out/degraded0.csv")]
    pd.testing.assert_frame_equal(tables[0][:2], tables[1])
    assert pd.read_csv(shard / "activity.csv")["clip"].nunique() == 3
