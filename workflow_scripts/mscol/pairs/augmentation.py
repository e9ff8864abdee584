"""Draw the augmentations of crops for the model ``mixture-masked``.

`mscol.model.augmentation` applies them inside the update, so that they cost the same wherever
the crops come from.

References
----------
Zhao et al., S3T (ICASSP 2022), with the parameters of MSCOL_SMC23 (METHOD, "Pairs and batches").
"""

import numpy as np

from mscol.mels import CROP_FRAMES, N_MELS

TIME_MASKS = {"probability": 0.5, "most": 9, "length": CROP_FRAMES, "last_start": 86, "widest": 9}
BAND_MASKS = {"probability": 0.5, "most": 4, "length": N_MELS, "last_start": 63, "widest": 11}
SHIFT_PROBABILITY, LARGEST_SHIFT = 0.4, 9  # bands
WARP_PROBABILITY, PIVOTS = 0.4, (38, 57)  # frames
SHARED = "shared"  # anchor and positive share masks; otherwise their masks are independent


def draw_augmentation(random, n_crops):
    """Draw an augmentation for each crop, independently.

    Parameters
    ----------
    random : np.random.Generator
    n_crops : int

    Returns
    -------
    dict of np.ndarray
        time_mask, shape=(n_crops, 98), bool, and band_mask, shape=(n_crops, 64), bool: masked frames and bands;
        shift, shape=(n_crops,), int32: number of bands that a crop moves down; warp, shape=(n_crops, 98),
        float32: position in the crop that each frame is taken from.
    """
    return {
        "time_mask": _draw_masks(random, n_crops, **TIME_MASKS),
        "band_mask": _draw_masks(random, n_crops, **BAND_MASKS),
        "shift": _draw_shifts(random, n_crops),
        "warp": _draw_warps(random, n_crops),
    }


def overlap(anchor_offsets, positive_offsets):
    """Return the anchor's frame that equals each frame of a positive cut from the same mixture.

    The authors' code masks views of one array, so a positive has the masks of its anchor where the
    two overlap (METHOD, "Pairs and batches", repair).

    Parameters
    ----------
    anchor_offsets, positive_offsets : np.ndarray, shape=(n_pairs,), int
        First frame of each crop in its segment.

    Returns
    -------
    np.ndarray, shape=(n_pairs, 98), int32
        -1 for frames outside the anchor.
    """
    frames = np.arange(CROP_FRAMES) + (positive_offsets - anchor_offsets)[:, None]
    return np.where((frames >= 0) & (frames < CROP_FRAMES), frames, -1).astype(np.int32)


def _draw_masks(random, n_crops, probability, most, length, last_start, widest):
    counts = random.integers(1, most + 1, n_crops) * (random.random(n_crops) < probability)
    starts = random.integers(0, last_start + 1, (n_crops, most, 1))
    widths = random.integers(1, widest + 1, (n_crops, most, 1))
    places = np.arange(length)
    masks = (places >= starts) & (places < starts + widths)
    drawn = np.arange(most) < counts[:, None]
    return (masks & drawn[..., None]).any(axis=1)


def _draw_shifts(random, n_crops):
    shifts = random.integers(1, LARGEST_SHIFT + 1, n_crops)
    return (shifts * (random.random(n_crops) < SHIFT_PROBABILITY)).astype(np.int32)


def _draw_warps(random, n_crops):
    """Draw a pivot; the frames up to it and the frames after it are each resampled linearly to half a crop."""
    pivots = random.integers(PIVOTS[0], PIVOTS[1] + 1, (n_crops, 1))
    warped = random.random((n_crops, 1)) < WARP_PROBABILITY
    half = np.linspace(0, 1, CROP_FRAMES // 2)
    first = half * pivots
    second = pivots + 1 + half * (CROP_FRAMES - 2 - pivots)
    return np.where(warped, np.concatenate([first, second], axis=1), np.arange(CROP_FRAMES)).astype(
        np.float32
    )
