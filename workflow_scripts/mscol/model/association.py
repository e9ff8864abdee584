"""The model that is pretrained: encoder, projection and bilinear similarity."""

import keras

from mscol.model.loss import association_loss

EPSILON = 1e-3  # of normalisation layers (METHOD, "Model"), which is Keras' default; kept where it matters


class SourceAssociation(keras.Model):
    """Tell which positive belongs to which anchor.

    Its input is a dict of a minibatch's ``anchors``, ``positives`` and ``absent`` (`mscol.pairs.Batch`);
    ``train_on_batch`` and ``test_on_batch`` return ``loss`` and ``accuracy`` of that minibatch. Keras' own
    training step serves, so that nothing here depends on a backend.

    Parameters
    ----------
    encoder : keras.Model
        Crops of shape (98, 64, 1) -> values.
    projection_size : int
        How many values are compared.

    References
    ----------
    MSCOL_SMC23 mscol/network.py, ContrastiveModel and BilinearProduct.
    """

    def __init__(self, encoder, projection_size):
        super().__init__(name="source_association")
        self.encoder = encoder
        self.projection = keras.Sequential(
            [
                keras.Input(encoder.output_shape[1:]),
                keras.layers.Dense(projection_size, name="dense"),
                keras.layers.LayerNormalization(epsilon=EPSILON, name="normalization"),
                keras.layers.Activation("tanh", dtype="float32", name="tanh"),
            ],
            name="projection",
        )
        self.similarity = self.add_weight(
            shape=(projection_size, projection_size),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="similarity",
        )
        self.accuracy = keras.metrics.Mean(name="accuracy")

    def call(self, batch, training=False):
        """Project anchors and positives, in one pass, as batch normalisation sees both (MSCOL_SMC23)."""
        crops = keras.ops.concatenate([batch["anchors"], batch["positives"]], axis=0)
        projected = self.projection(self.encoder(crops, training=training), training=training)
        return keras.ops.split(projected, 2, axis=0)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Compute the loss of a minibatch and note its accuracy."""
        anchors, positives = y_pred
        loss, accuracy = association_loss(anchors, positives, self.similarity, x["absent"])
        self.accuracy.update_state(accuracy)
        return loss
