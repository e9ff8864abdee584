"""The model that is pretrained: encoder, projection and bilinear similarity."""

import keras
from keras import ops

from mscol.mels import CROP_FRAMES
from mscol.model.augmentation import augment
from mscol.model.loss import association_loss
from mscol.model.training_pass import training_pass

EPSILON = 1e-3  # of normalisation layers (METHOD, "Model"), which is Keras' default; kept where it matters


class SourceAssociation(keras.Model):
    """Tell which positive belongs to which anchor.

    Called on a minibatch, it returns loss and accuracy. A minibatch is a dict with ``absent`` and either the
    crops themselves (``anchors``, ``positives``: `mscol.pairs.PairSampler`), or where they are to be cut
    from caches on the device (``mixtures``, ``anchor_frames``, ``stems``, ``positive_frames``). Where it has
    ``time_mask`` and what goes with it, crops are augmented.

    Parameters
    ----------
    encoder : keras.Model
        Crops of shape (98, 64, 1) -> values.
    projection_size : int
        How many values are compared.
    mask_value : float
        Of masked cells.
    absent : str
        What passes the encoder for a positive that is absent: ``zeros``, one image for all of them, or ``residue``, the crop
        as it was cut.
    precision : str
        In which the encoder computes while training, ``float32`` or ``bfloat16``; variables, projection,
        similarity and loss are float32.

    References
    ----------
    MSCOL_SMC23 mscol/network.py, ContrastiveModel and BilinearProduct.
    """

    def __init__(self, encoder, projection_size, mask_value=0.0, absent="zeros", precision="float32"):
        super().__init__(name="source_association")
        self.encoder = encoder
        self.mask_value, self.absent, self.precision = mask_value, absent, precision
        self.projection = keras.Sequential(
            [
                keras.Input(encoder.output_shape[1:]),
                keras.layers.Dense(projection_size, name="dense"),
                keras.layers.LayerNormalization(epsilon=EPSILON, name="normalization"),
                keras.layers.Activation("tanh", name="tanh"),
            ],
            name="projection",
        )
        self.similarity = self.add_weight(
            shape=(projection_size, projection_size),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="similarity",
        )

    def build(self, input_shape=None):
        """Do nothing: all variables are there from the start."""
        self.built = True

    def call(self, batch, training=False, axis=None):
        """Compute loss and accuracy of a minibatch; with an axis of devices, of the anchors that this one has.

        Anchors and positives pass the encoder together, as batch normalisation sees both (MSCOL_SMC23).
        """
        anchors, positives = _crops(batch)
        if "time_mask" in batch:
            anchors, positives = augment(anchors, positives, batch, self.mask_value)
        if self.absent == "zeros":
            positives = ops.where(batch["absent"][:, None, None, None], 0.0, positives)
        crops = ops.concatenate([anchors, positives], axis=0)
        if training:
            values = training_pass(self.encoder, crops, self.precision, axis)
        else:
            values = self.encoder(crops, training=False)
        anchors, positives = ops.split(self.projection(values), 2, axis=0)
        absent, first = batch["absent"], 0
        if axis:
            from mscol.model.sharding import gather_pairs  # here, as it imports JAX

            positives, absent, first = gather_pairs(positives, absent, axis)
        return association_loss(anchors, positives, self.similarity, absent, first)


def _crops(batch):
    if "anchors" in batch:
        return batch["anchors"], batch["positives"]
    return (
        _cut(batch["mixtures"], batch["anchor_frames"]),
        _cut(batch["stems"], batch["positive_frames"]),
    )


def _cut(frames, first_frames):
    """Cut crops out of a cache on the device: (frames, 64), (crops,) -> (crops, 98, 64, 1)."""
    places = first_frames[:, None] + ops.arange(CROP_FRAMES, dtype="int32")[None, :]
    return ops.cast(ops.take(frames, places, axis=0), "float32")[..., None]
