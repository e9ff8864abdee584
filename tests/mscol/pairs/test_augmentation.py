"""Augmentation is drawn as S3T's figures say, and applied as drawn."""

import keras
import numpy as np
import pytest

from mscol.model.augmentation import augment
from mscol.pairs.augmentation import draw_augmentation, overlap

N_CROPS = 20_000


@pytest.fixture(scope="module")
def drawn():
    return draw_augmentation(np.random.default_rng(0), N_CROPS)


def identity(n_crops):
    return {
        "time_mask": np.zeros((n_crops, 98), bool),
        "band_mask": np.zeros((n_crops, 64), bool),
        "shift": np.zeros(n_crops, np.int32),
        "warp": np.tile(np.arange(98, dtype=np.float32), (n_crops, 1)),
    }


def apply(anchors, positives, drawn, mask_value=0.0):
    crops = augment(anchors[..., None], positives[..., None], drawn, mask_value)
    return [keras.ops.convert_to_numpy(crop)[..., 0] for crop in crops]


@pytest.fixture
def crops():
    return np.random.default_rng(1).normal(-4, 2, (2, 3, 98, 64)).astype("float32")


def test_half_of_the_crops_are_masked_in_time_and_half_in_frequency(drawn):
    in_time, in_frequency = drawn["time_mask"].any(axis=1), drawn["band_mask"].any(axis=1)
    assert abs(in_time.mean() - 0.5) < 0.02 and abs(in_frequency.mean() - 0.5) < 0.02
    assert abs((in_time & in_frequency).mean() - 0.25) < 0.02, "independently"


def test_masks_have_the_published_widths_and_places(drawn):
    # A single time mask is 1 to 9 frames wide and starts at 86 at the latest; nine make 81 frames at most.
    counts = drawn["time_mask"].sum(axis=1)
    assert counts.max() <= 81 and drawn["time_mask"][:, 94].any() and not drawn["time_mask"][:, 95:].any()
    counts = drawn["band_mask"].sum(axis=1)
    assert 30 < counts.max() <= 44 and drawn["band_mask"][:, 63].any()


def test_shifts_and_warps_have_the_published_shares(drawn):
    shifted = drawn["shift"][drawn["shift"] > 0]
    assert abs(len(shifted) / N_CROPS - 0.4) < 0.02 and set(shifted) == set(range(1, 10))
    warped = (drawn["warp"] != np.arange(98)).any(axis=1)
    # A pivot of 48 leaves everything in its place.
    assert abs(warped.mean() - 0.4 * 19 / 20) < 0.02


def test_warp_resamples_both_sides_of_its_pivot_to_half_a_crop(drawn):
    warps = drawn["warp"]
    assert (warps[:, 0] == 0).all() and (warps[:, 97] == 97).all()
    pivots = warps[:, 48]
    assert set(pivots) == set(range(38, 58)), "the first half ends with the pivot"
    np.testing.assert_array_equal(warps[:, 49], pivots + 1)


def warp_as_published(crop, pivot):
    """Resample the frames up to a pivot, and those behind it, to 49 each (METHOD, "Pairs and batches")."""

    def resample(frames):
        places = np.linspace(0, len(frames) - 1, 49)
        return np.stack([np.interp(places, np.arange(len(frames)), band) for band in frames.T], axis=1)

    return np.concatenate([resample(crop[: pivot + 1]), resample(crop[pivot + 1 :])])


@pytest.mark.parametrize("pivot", [38, 47, 48, 57])
def test_warped_crops_are_those_of_the_publication(drawn, crops, pivot):
    found = drawn["warp"][drawn["warp"][:, 48] == pivot][0]
    places = identity(6)
    places["warp"][:] = found
    for crop, warped in zip(crops, apply(*crops, places), strict=True):
        expected = [warp_as_published(each, pivot) for each in crop]
        np.testing.assert_allclose(warped, expected, atol=1e-4)


def test_crops_stay_as_they_are_where_nothing_is_drawn(crops):
    for crop, augmented in zip(crops, apply(*crops, identity(6)), strict=True):
        np.testing.assert_array_equal(crop, augmented)


def test_what_is_drawn_is_applied(crops):
    drawn = identity(6)
    drawn["time_mask"][0, 5:7] = True
    drawn["band_mask"][1, 60:] = True
    drawn["shift"][2] = 3
    drawn["warp"][3] = np.r_[np.linspace(0, 38, 49), np.linspace(39, 97, 49)]
    anchors, positives = apply(*crops, drawn, mask_value=-7.0)
    assert (anchors[0, 5:7] == -7).all()
    np.testing.assert_array_equal(
        np.delete(anchors[0], (5, 6), axis=0), np.delete(crops[0, 0], (5, 6), axis=0)
    )
    assert (anchors[1, :, 60:] == -7).all()
    np.testing.assert_array_equal(anchors[1, :, :60], crops[0, 1, :, :60])
    np.testing.assert_array_equal(anchors[2, :, :61], crops[0, 2, :, 3:])
    assert (anchors[2, :, 61:] == -7).all()
    places = drawn["warp"][3]
    expected = np.stack([np.interp(places, np.arange(98), band) for band in crops[1, 0].T], axis=1)
    np.testing.assert_allclose(positives[0], expected, atol=1e-5)
    np.testing.assert_array_equal(positives[1:], crops[1, 1:])


def test_overlap_says_which_frame_of_the_anchor_a_frame_is():
    found = overlap(np.array([0, 50, 0]), np.array([30, 0, 200]))
    np.testing.assert_array_equal(found[0], [*range(30, 98), *[-1] * 30])
    np.testing.assert_array_equal(found[1], [*[-1] * 50, *range(48)])
    assert (found[2] == -1).all()


def test_shared_masks_reach_the_positive_where_it_overlaps(crops):
    drawn = identity(6) | {"overlap": overlap(np.array([0, 0, 0]), np.array([90, 0, 294]))}
    drawn["time_mask"][:3, 95] = True
    _, positives = apply(*crops, drawn, mask_value=3.0)
    assert (positives[0, 5] == 3).all() and (positives[1, 95] == 3).all()
    np.testing.assert_array_equal(positives[2], crops[1, 2])
    np.testing.assert_array_equal(positives[0, 8:], crops[1, 0, 8:])


def test_shared_masks_reach_positives_in_about_45_percent_of_the_draws():
    # METHOD, "Pairs and batches": so it is in the authors' code
    random = np.random.default_rng(2)
    n_pairs = 4000
    drawn = draw_augmentation(random, 2 * n_pairs)
    within = overlap(random.integers(295, size=n_pairs), random.integers(295, size=n_pairs))
    masked = drawn["time_mask"][:n_pairs, :, None] | drawn["band_mask"][:n_pairs, None, :]
    masked |= np.arange(64) >= 64 - drawn["shift"][:n_pairs, None, None]
    carried = np.take_along_axis(masked.any(axis=2), np.maximum(within, 0), axis=1) & (within >= 0)
    assert abs(carried.any(axis=1).mean() - 0.45) < 0.03
