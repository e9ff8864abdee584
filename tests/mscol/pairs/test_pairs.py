"""Pairs come from where they should: the same segment, active sources, crops that fit."""

import numpy as np
import pandas as pd
import pytest

from mscol.errors import ConfigError, TrainingError
from mscol.mels.cache import MelCache
from mscol.pairs import MIXTURE, PairSampler, activity_columns, fingerprint, segment_table

COLUMNS = {"bass": "bass", "vocals": "vocals"}


def write_cache(folder, name, lengths, marks):
    """Write a shard whose frame f of clip c holds, in all 64 bands, marks[c] + f."""
    frames = np.concatenate([marks[clip] + np.arange(n, dtype=np.float32) for clip, n in lengths.items()])
    np.save(folder / f"{name}.npy", np.repeat(frames[:, None], 64, axis=1))
    table = pd.DataFrame({"clip": lengths.keys(), "n_frames": lengths.values()})
    table["first_frame"] = table["n_frames"].cumsum() - table["n_frames"]
    table.to_csv(folder / f"{name}.csv", index=False)


def open_cache(folder, *names):
    return MelCache.open(
        [folder / f"{name}.npy" for name in names], [folder / f"{name}.csv" for name in names]
    )


def segment_of(crops, marks):
    """Read clip and segment off crops made by `write_cache`."""
    first = crops[:, 0, 0, 0]
    clip = np.searchsorted(list(marks.values()), first, side="right") - 1
    offset = first - np.array(list(marks.values()))[clip]
    return clip, offset.astype(int) // 392, offset.astype(int) % 392


@pytest.fixture
def marks():
    return {"a": 0, "b": 10_000, "c": 20_000, "ö d": 30_000}


@pytest.fixture
def caches(tmp_path, marks):
    """Mixtures and stems in two shards each; the stem of b is a frame short, c is one short segment."""
    write_cache(tmp_path, "one", {"b": 784, "a": 2000}, marks)
    write_cache(tmp_path, "two", {"ö d": 500, "c": 150}, marks)
    stem_marks = {clip: mark + 100_000 for clip, mark in marks.items()}
    write_cache(tmp_path, "stem_one", {"a": 2000, "b": 783}, stem_marks)
    write_cache(tmp_path, "stem_two", {"c": 149, "ö d": 500}, stem_marks)
    return open_cache(tmp_path, "one", "two"), open_cache(tmp_path, "stem_one", "stem_two")


@pytest.fixture
def activity():
    rows = [("a", segment) for segment in range(5)] + [("b", 0), ("c", 0), ("ö d", 0)]
    table = pd.DataFrame(rows, columns=["clip", "segment"])
    table["bass"] = [0.5, 0.0, 0.5, 0.0, 0.5, 0.5, 0.5, 0.5]
    table["vocals"] = [0.0, 0.02, 0.0, 0.02, 0.0, 0.0, 0.01, 0.02]
    table["bass_reference"] = table["vocals_reference"] = 0.0
    return table


@pytest.fixture
def segments(caches, activity):
    mixtures, stems = caches
    return segment_table(["a", "b", "c", "ö d"], mixtures.clips, stems.clips, activity, COLUMNS, 0.01)


def test_segments_are_those_that_mixture_and_stems_share(segments):
    assert list(zip(segments["clip"], segments["segment"], segments["n_frames"], strict=True)) == [
        *(("a", number, 392) for number in range(5)),
        ("b", 0, 392),
        ("c", 0, 149),
        ("ö d", 0, 392),
    ]


def test_source_is_active_only_above_the_threshold(segments):
    assert segments["vocals"].tolist() == [False, True, False, True, False, False, False, True]


def test_segments_of_other_splits_are_left_out(caches):
    mixtures, _ = caches
    assert segment_table(["b", "not cached"], mixtures.clips)["clip"].unique().tolist() == ["b"]


def test_segment_without_activity_counts_as_silent(caches, activity):
    mixtures, stems = caches
    table = segment_table(
        ["a", "b"], mixtures.clips, stems.clips, activity[activity["clip"] == "a"], COLUMNS, 0.01
    )
    assert not table.loc[table["clip"] == "b", "bass"].any()


def test_reference_windows_choose_the_other_columns(caches, activity):
    mixtures, stems = caches
    columns = activity_columns(["bass"], "reference")
    assert not segment_table(["a"], mixtures.clips, stems.clips, activity, columns, 0.01)["bass"].any()
    with pytest.raises(ConfigError, match="activity_windows: 'drifting'"):
        activity_columns(["bass"], "drifting")


def test_anchor_and_positive_share_clip_and_segment(segments, caches, marks):
    mixtures, stems = caches
    sampler = PairSampler(segments, mixtures, {"bass": stems}, batch_size=100, seed=0)
    assert sampler.n_pairs == segments["bass"].sum()
    offsets = []
    for batch in sampler.batches(range(200)):
        clip, segment, offset = segment_of(batch["anchors"], marks)
        positive_clip, positive_segment, positive_offset = segment_of(batch["positives"] - 100_000, marks)
        np.testing.assert_array_equal(clip, positive_clip)
        np.testing.assert_array_equal(segment, positive_segment)
        assert len(set(zip(clip, segment, strict=True))) == sampler.n_pairs, "drawn without replacement"
        assert not batch["absent"].any()
        short = clip == 2
        assert (offset[short] <= 149 - 98).all() and (positive_offset[short] <= 149 - 98).all()
        offsets.append(np.stack([offset, positive_offset])[:, ~short])
    offsets = np.concatenate(offsets, axis=1)
    assert offsets.min() == 0 and offsets.max() == 392 - 98, "crops reach both ends of a segment"
    assert abs(np.corrcoef(offsets)[0, 1]) < 0.1, "crops are drawn independently"


def test_crops_are_whole_frames_in_order(segments, caches):
    mixtures, stems = caches
    batch = PairSampler(segments, mixtures, {"bass": stems}, batch_size=4, seed=0).batch(0)
    assert batch["anchors"].shape == (4, 98, 64, 1) and batch["anchors"].dtype == np.float32
    np.testing.assert_array_equal(np.diff(batch["anchors"][..., 0], axis=1), 1)


def test_minibatch_holds_one_source_and_all_hold_equally_many(segments, caches, tmp_path, marks):
    mixtures, stems = caches
    write_cache(
        tmp_path, "vocals_one", {"a": 2000, "b": 783}, {clip: mark + 200_000 for clip, mark in marks.items()}
    )
    write_cache(
        tmp_path, "vocals_two", {"c": 149, "ö d": 500}, {clip: mark + 200_000 for clip, mark in marks.items()}
    )
    vocals = open_cache(tmp_path, "vocals_one", "vocals_two")
    sampler = PairSampler(segments, mixtures, {"vocals": vocals, "bass": stems}, batch_size=128, seed=3)
    sources = []
    for batch in sampler.batches(range(400)):
        source = np.unique(batch["positives"][:, 0, 0, 0] // 100_000)
        assert len(source) == 1 and len(batch["positives"]) == segments["vocals"].sum() == 3
        sources.append(source[0])
    assert 160 < np.sum(np.array(sources) == 1) < 240, "sources are drawn uniformly"


def test_mixture_is_its_own_positive(caches, marks):
    mixtures, _ = caches
    table = segment_table(list(marks), mixtures.clips)
    batch = PairSampler(table, mixtures, {MIXTURE: mixtures}, batch_size=5, seed=1).batch(7)
    crops = batch["anchors"], batch["positives"]
    for anchor, positive in zip(*(segment_of(crop, marks)[:2] for crop in crops), strict=True):
        np.testing.assert_array_equal(anchor, positive)
    assert (batch["anchors"] != batch["positives"]).any()


def test_draws_do_not_depend_on_the_order_of_shards_or_of_batches(caches, tmp_path, marks):
    turned = open_cache(tmp_path, "two", "one")
    samplers = [
        PairSampler(segment_table(list(marks), cache.clips), cache, {MIXTURE: cache}, batch_size=4, seed=5)
        for cache in (caches[0], turned)
    ]
    ahead = list(samplers[0].batches(range(6)))
    for number in (5, 0, 3):
        again = samplers[1].batch(number)
        assert again.keys() == ahead[number].keys()
        for name, expected in ahead[number].items():
            np.testing.assert_array_equal(expected, again[name])
    assert (ahead[0]["anchors"] != ahead[1]["anchors"]).any()


def test_seeds_and_streams_draw_differently(caches, marks):
    mixtures, _ = caches
    table = segment_table(list(marks), mixtures.clips)
    batches = [
        PairSampler(table, mixtures, {MIXTURE: mixtures}, 4, seed, stream).batch(0)["anchors"]
        for seed, stream in ((0, 0), (1, 0), (0, 1))
    ]
    assert all((batches[0] != other).any() for other in batches[1:])


def test_source_that_is_hardly_active_is_an_error_that_names_it(segments, caches):
    mixtures, stems = caches
    with pytest.raises(
        TrainingError, match=r"vocals: active in 1 of 8 training segments at activity_threshold 0\.01"
    ):
        only_one = segments.assign(vocals=segments.index == 1)
        PairSampler(only_one, mixtures, {"bass": stems, "vocals": stems}, 4, seed=0, threshold=0.01)
    with pytest.raises(TrainingError, match="mixture: there are 1 validation segments"):
        table = segment_table(["c"], mixtures.clips)
        PairSampler(table, mixtures, {MIXTURE: mixtures}, 4, seed=0, name="validation")


def test_fingerprint_sees_activity_but_not_places(segments):
    moved = segments.assign(anchor_frame=segments["anchor_frame"] + 7)
    audio = np.zeros((4, 64), np.float32)
    assert fingerprint([segments], [audio]) == fingerprint([moved], [audio])
    assert fingerprint([segments], [audio]) != fingerprint([segments.assign(vocals=True)], [audio])
    assert fingerprint([segments], [audio]) != fingerprint([segments], [audio + 1e-6])


def sources_of(caches, tmp_path, marks):
    """Two sources: bass, whose crops hold marks + 100,000, and vocals, with marks + 200,000."""
    for name, lengths in {"vocals_one": {"a": 2000, "b": 783}, "vocals_two": {"c": 149, "ö d": 500}}.items():
        write_cache(tmp_path, name, lengths, {clip: mark + 200_000 for clip, mark in marks.items()})
    return {"bass": caches[1], "vocals": open_cache(tmp_path, "vocals_one", "vocals_two")}


def test_silent_minibatches_are_every_second_one_and_mark_what_is_absent(segments, caches, marks, tmp_path):
    # Vocals in two segments of a alone: a minibatch of all segments nearly always holds others.
    segments = segments.assign(vocals=(segments["clip"] == "a") & (segments["segment"] % 2 == 1))
    sampler = PairSampler(
        segments, caches[0], {"vocals": sources_of(caches, tmp_path, marks)["vocals"]}, 2, seed=0, silent=True
    )
    of_all = 0
    for batch in sampler.batches(range(600)):
        clip, segment, _ = segment_of(batch["positives"] - 200_000, marks)
        np.testing.assert_array_equal(batch["absent"], ~((clip == 0) & (segment % 2 == 1)))
        np.testing.assert_array_equal(clip, segment_of(batch["anchors"], marks)[0])
        of_all += batch["absent"].any()
    # Half of the minibatches are drawn from all 8 segments, of which 2 are active: 27 of 28 of those show it.
    assert abs(of_all / 600 - 0.5 * 27 / 28) < 0.06


def test_sources_in_turn_come_equally_often(segments, caches, marks, tmp_path):
    sampler = PairSampler(segments, caches[0], sources_of(caches, tmp_path, marks), 3, seed=0, in_turn=True)
    assert [sampler.round_up(n_batches) for n_batches in (1, 2, 3)] == [2, 2, 4]
    assert [sampler.draw(number).source for number in range(4)] == ["bass", "vocals"] * 2


def test_kinds_of_silent_minibatches_in_turn_come_equally_often_for_each_source(
    segments, caches, marks, tmp_path
):
    # Each source in three of eight segments: six of all segments hold some without it.
    segments = segments.assign(bass=segments["segment"] % 2 == 1, vocals=segments["segment"] == 0)
    segments.loc[0, "bass"], segments.loc[0, "vocals"] = True, False
    sources = sources_of(caches, tmp_path, marks)
    sampler = PairSampler(segments, caches[0], sources, 3, seed=0, silent=True, in_turn=True)
    assert [sampler.round_up(n_batches) for n_batches in (1, 4, 5)] == [4, 4, 8]
    draws = [sampler.draw(number) for number in range(400)]
    of_active = [not draw.absent.any() for draw in draws]
    assert [draw.source for draw in draws[:4]] == ["bass", "vocals"] * 2
    assert all(of_active[place] for number in range(0, 400, 4) for place in (number, number + 1))
    assert np.mean(of_active) < 0.52, "a minibatch of all segments hardly ever holds three active ones alone"


def test_without_silent_no_positive_is_absent(segments, caches):
    sampler = PairSampler(segments, caches[0], {"vocals": caches[1]}, 3, seed=0)
    assert not any(batch["absent"].any() for batch in sampler.batches(range(50)))


def test_random_positives_come_from_other_clips_all_equally_likely(segments, caches, marks):
    sampler = PairSampler(segments, caches[0], {"bass": caches[1]}, 4, seed=0, random=True)
    active = [("a", 0), ("a", 2), ("a", 4), ("b", 0), ("c", 0), ("ö d", 0)]
    assert segments.loc[segments["bass"], ["clip", "segment"]].apply(tuple, axis=1).tolist() == active
    seen = np.zeros((4, 4))
    for batch in sampler.batches(range(1500)):
        anchors = segment_of(batch["anchors"], marks)[0]
        clips, numbers, _ = segment_of(batch["positives"] - 100_000, marks)
        assert (anchors != clips).all() and (numbers[clips == 0] % 2 == 0).all()
        np.add.at(seen, (anchors, clips), 1)
    # From b, c or d: a has three of the five segments that are left
    shares = seen / seen.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares[0], [0, 1 / 3, 1 / 3, 1 / 3], atol=0.04)
    np.testing.assert_allclose(shares[1], [3 / 5, 0, 1 / 5, 1 / 5], atol=0.06)


def test_silent_and_random_marks_what_the_positive_lacks(segments, caches, marks):
    sampler = PairSampler(segments, caches[0], {"bass": caches[1]}, 6, seed=0, silent=True, random=True)
    activity = {
        (clip, number): active
        for clip, number, active in segments[["clip", "segment", "bass"]].itertuples(index=False)
    }
    names = list(marks)
    for batch in sampler.batches(range(100)):
        anchors = segment_of(batch["anchors"], marks)[0]
        clips, numbers, _ = segment_of(batch["positives"] - 100_000, marks)
        expected = [not activity[names[clip], number] for clip, number in zip(clips, numbers, strict=True)]
        assert (anchors != clips).all() and batch["absent"].tolist() == expected


def test_random_needs_a_second_clip(segments, caches):
    only_a = segments.assign(bass=segments["clip"] == "a")
    with pytest.raises(TrainingError, match="bass: active in a single training clip, but -random"):
        PairSampler(only_a, caches[0], {"bass": caches[1]}, 4, seed=0, random=True)


def test_masked_minibatches_carry_their_masks(caches, marks):
    mixtures, _ = caches
    table = segment_table(list(marks), mixtures.clips)
    batches = {
        masks: PairSampler(table, mixtures, {MIXTURE: mixtures}, 5, seed=1, masks=masks).batch(3)
        for masks in (None, "independent", "shared")
    }
    assert "time_mask" not in batches[None] and "overlap" not in batches["independent"]
    assert batches["independent"]["time_mask"].shape == (10, 98) and batches["shared"]["overlap"].shape == (
        5,
        98,
    )
    anchors, positives = (batches["shared"][name][:, 0, 0, 0] for name in ("anchors", "positives"))
    np.testing.assert_array_equal(
        batches["shared"]["overlap"][:, 0],
        np.where((positives >= anchors) & (positives < anchors + 98), positives - anchors, -1),
    )
