"""The protocol finetuned: encoder and head are trained together."""

import logging

import keras

from mscol.embeddings.crops import draw_crops, list_segments, select_clips
from mscol.model.training_pass import training_pass
from mscol.probes.batches import AllLogMels, FreshCrops
from mscol.probes.heads import build_head, fit, save_trained
from mscol.probes.labels import Labelled, check_not_empty
from mscol.probes.scoring import LOG_MELS_AT_ONCE, LogMelWindows


class Finetuned(keras.Model):
    """An encoder and a head that are trained together.

    Parameters
    ----------
    encoder : keras.Model
        Crops of shape (n, 98, 64, 1) to values.
    head : keras.Model
        Values to tags or classes.
    """

    def __init__(self, encoder, head):
        super().__init__(name="finetuned")
        self.encoder, self.head = encoder, head
        # Half the time and memory (docs/benchmarks.md); an encoder of other layers is trained as it is.
        layers = {layer.name for layer in encoder.layers}
        self._is_efficientnet = {"stem_conv_pad", "top_bn"} <= layers

    def call(self, crops, training=False):
        """Crops to tags or classes."""
        if training and self._is_efficientnet:
            return self.head(training_pass(self.encoder, crops))
        return self.head(self.encoder(crops, training=training))

    def whole(self):
        """The same as one model of plain layers, which loads anywhere."""
        return keras.Model(self.encoder.input, self.head(self.encoder.output), name="classifier")


def finetune(encoder, cache, clips, about, settings, seed, outputs, label_fraction=1.0):
    """Train an encoder and a head together on one dataset, and score the windows of its test clips.

    Parameters
    ----------
    encoder : keras.Model
        Trained in place.
    cache : mscol.mels.cache.MelCache
        Spectrograms of the mixtures.
    clips, about : str or os.PathLike
        The manifest, and what it says of itself: task and labels.
    settings : dict
        hidden (list of layer sizes), crops_per_segment (of validation), learning_rate, epochs, patience,
        batch_size.
    seed : int
        Decides the head's initial weights, the crops, and which clips keep their labels.
    outputs : dict
        As for `train_probe`; the model is the classifier: crops (n, 98, 64, 1) to (n, labels).
    label_fraction : float
        Share of the training clips whose labels are used.

    Raises
    ------
    TrainingError
        If there is no training or validation segment, or no test window.
    DatasetError
        If a label of the manifest is not one of the task's.
    """
    labelled = Labelled.open(clips, about)
    present = select_clips(cache.clips, labelled.clips, "train")
    check_not_empty(present, "train")
    table, first_frames, latest = list_segments(present)
    rows = labelled.training_rows(table["clip"], label_fraction, seed)
    watched = draw_crops(
        select_clips(cache.clips, labelled.clips, "validation"),
        settings["crops_per_segment"], seed, "validation",
    )  # fmt: skip
    logging.info("Training encoder and head on %d of %d segments.", len(rows), len(table))
    values = encoder.output_shape[-1]
    head = build_head(values, len(labelled.names), labelled.task, settings["hidden"], seed)
    model = Finetuned(encoder, head)
    targets = labelled.targets(table["clip"])
    history = fit(
        model,
        labelled.task,
        FreshCrops(cache, first_frames, latest, targets, settings["batch_size"], seed, rows),
        AllLogMels(cache, watched.first_frames, labelled.targets(watched.index["clip"]), LOG_MELS_AT_ONCE),
        settings,
    )
    how = {"protocol": "finetuned", "label_fraction": label_fraction, "seed": seed, "settings": settings}
    classifier = model.whole()
    save_trained(classifier, labelled, how, history, outputs)
    tested = LogMelWindows(cache, labelled.clips)
    labelled.save_scores(outputs["scores"], tested.index, tested.predict(classifier)[None])
