"""The model that is pretrained: encoder, projection and bilinear similarity."""

import keras
from keras import ops

from mscol.model.augmentation import augment
from mscol.model.loss import association_loss
from mscol.model.training_pass import training_pass

EPSILON = 1e-3  # of normalisation layers (METHOD, "Model"); Keras' default, set explicitly because it matters


class SourceAssociation(keras.Model):
    """Predict which positive belongs to which anchor.

    Called on a minibatch, the model returns loss and accuracy. A minibatch is a dict with ``anchors``, ``positives`` and
    ``absent`` (`mscol.pairs.PairSampler`). If it contains ``time_mask`` and the other augmentations, crops are augmented.

    Parameters
    ----------
    encoder : keras.Model
        Crops of shape (98, 64, 1) -> values.
    projection_size : int
        Number of values that are compared.
    mask_value : float
        Value of masked cells.
    absent : str
        Input of the encoder for an absent positive: ``zeros``, the same for all of them, or ``residue``, the crop
        as it was cut.
    precision : str
        Precision of the encoder while training, ``float32`` or ``bfloat16``; variables, projection,
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
        """Do nothing: all variables exist from the start."""
        self.built = True

    def call(self, batch, training=False, axis=None):
        """Compute loss and accuracy of a minibatch; with an axis of devices, for this device's anchors only.

        Anchors and positives pass the encoder together, because batch normalisation uses both (MSCOL_SMC23).
        """
        anchors, positives = batch["anchors"], batch["positives"]
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
