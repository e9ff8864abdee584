"""Apply the augmentations that `mscol.pairs.augmentation` drew."""

from keras import ops


def augment(anchors, positives, drawn, mask_value):
    """Augment the crops of a minibatch.

    Parameters
    ----------
    anchors, positives : tensor, shape=(n_pairs, 98, 64, 1)
    drawn : dict of tensor
        From `draw_augmentation`, for the anchors and then the positives: time_mask, band_mask, shift and
        warp; and overlap (from `mscol.pairs.augmentation.overlap`) if positives share the masks of
        their anchors.
    mask_value : float
        Value of masked cells and of the bands that a shift empties.

    Returns
    -------
    anchors, positives : tensor, shape=(n_pairs, 98, 64, 1)
    """
    of_anchors, of_positives = zip(
        *(ops.split(drawn[name], 2, axis=0) for name in ("time_mask", "band_mask", "shift", "warp")),
        strict=True,
    )
    anchors, positives = anchors[..., 0], positives[..., 0]
    anchors = _mask_and_shift(anchors, *of_anchors[:3], mask_value)
    if "overlap" in drawn:
        inside = (drawn["overlap"] >= 0)[..., None]
        positives = ops.where(inside, _frames(anchors, ops.maximum(drawn["overlap"], 0)), positives)
    positives = _mask_and_shift(positives, *of_positives[:3], mask_value)
    return _warp(anchors, of_anchors[3])[..., None], _warp(positives, of_positives[3])[..., None]


def _mask_and_shift(crops, time_mask, band_mask, shift, mask_value):
    """Mask frames and bands, then move all bands down."""
    crops = ops.where(time_mask[:, :, None] | band_mask[:, None, :], mask_value, crops)
    n_bands = crops.shape[2]
    bands = ops.arange(n_bands)[None, :] + shift[:, None]
    sources = ops.broadcast_to(ops.minimum(bands, n_bands - 1)[:, None, :], ops.shape(crops))
    return ops.where((bands < n_bands)[:, None, :], ops.take_along_axis(crops, sources, axis=2), mask_value)


def _warp(crops, places):
    """Take each frame from a position between two frames of the crop, by linear interpolation."""
    below = ops.cast(ops.floor(places), "int32")
    share = (places - ops.floor(places))[:, :, None]
    above = ops.minimum(below + 1, crops.shape[1] - 1)
    return (1 - share) * _frames(crops, below) + share * _frames(crops, above)


def _frames(crops, frames):
    return ops.take_along_axis(crops, ops.broadcast_to(frames[:, :, None], ops.shape(crops)), axis=1)
