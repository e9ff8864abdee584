"""The protocol finetuned: train encoder and head together."""

import logging

import keras
import numpy as np

from mscol.embeddings.crops import draw_crops, list_segments, select_clips
from mscol.embeddings.prediction import predict_crops
from mscol.mels.framing import framing_of
from mscol.model.calibration import CALIBRATION_BATCHES, FEW_UPDATES, compile_calibration
from mscol.model.training_pass import training_pass
from mscol.papers import name_of_model, paper_of
from mscol.probes.batches import AllLogMels, FreshCrops
from mscol.probes.heads import build_head, fit, save_trained
from mscol.probes.scoring import LOG_MELS_AT_ONCE, LogMelWindows
from mscol.scores.files import save_scores
from mscol.scores.labels import Labelled, check_not_empty
from mscol.scores.validation import validation_value


class Finetuned(keras.Model):
    """An encoder and a head that are trained together.

    Parameters
    ----------
    encoder : keras.Model
        Crops of shape (n, 98, 64, 1) to embeddings.
    head : keras.Model
        Embeddings to tags or classes.
    """

    def __init__(self, encoder, head):
        super().__init__(name="finetuned")
        self.encoder, self.head = encoder, head
        # Half the time and memory (docs/benchmarks.md). An encoder with other layers is trained as it is.
        layers = {layer.name for layer in encoder.layers}
        self._is_efficientnet = {"stem_conv_pad", "top_bn"} <= layers

    def call(self, crops, training=False):
        """Map crops to tags or classes."""
        if training and self._is_efficientnet:
            return self.head(training_pass(self.encoder, crops))
        return self.head(self.encoder(crops, training=training))

    def whole(self):
        """Return the same model as plain layers, which load without this class."""
        name = name_of_model("classifier", paper_of(self.encoder))
        return keras.Model(self.encoder.input, self.head(self.encoder.output), name=name)


class Calibrating(keras.callbacks.Callback):
    """Calibrate the encoder of a short run before each validation, over the same minibatches each time.

    Parameters
    ----------
    model : Finetuned
    batches : FreshCrops
        Batches of the training clips, still in their first epoch.
    """

    def __init__(self, model, batches):
        super().__init__()
        n_whole = max(1, len(batches.rows) // batches.batch_size)
        self._batches, self._numbers = batches, range(min(n_whole, CALIBRATION_BATCHES))
        self._calibrate = compile_calibration(model)

    def on_test_begin(self, logs=None):
        """Calibrate. Keras calls this before each validation."""
        self._calibrate(self._batches[number][0] for number in self._numbers)


def finetune(encoder, cache, clips, about, settings, seed, outputs, label_fraction=1.0):
    """Train an encoder and a head together on one dataset, and score the windows of its test clips.

    Parameters
    ----------
    encoder : keras.Model
        Trained in place.
    cache : mscol.mels.cache.MelCache
        Log-mel spectrograms of the mixtures, framed as in the encoder's paper (`mscol.mels.framing`).
    clips, about : str or os.PathLike
        The manifest and its about.json (task and labels).
    settings : dict
        hidden (list of layer sizes), crops_per_segment (for validation), learning_rate, epochs, patience,
        batch_size.
    seed : int
        Seed of the head's initial weights, the crops, and the clips that keep their labels.
    outputs : dict
        As for `train_probe`. The model is the classifier: crops (n, 98, 64, 1) to (n, labels).
    label_fraction : float
        Share of the training clips whose labels are used.

    Raises
    ------
    TrainingError
        If there is no training or validation segment, or no test window.
    DatasetError
        If a label of the manifest is not among the labels of the task.
    """
    labelled = Labelled.open(clips, about)
    present = select_clips(cache.clips, labelled.clips, "train")
    check_not_empty(present, "train")
    framing = framing_of(encoder)
    table, first_frames, latest = list_segments(present, framing)
    rows = labelled.training_rows(table["clip"], label_fraction, seed)
    watched = draw_crops(
        select_clips(cache.clips, labelled.clips, "validation"),
        settings["crops_per_segment"], seed, "validation", framing,
    )  # fmt: skip
    logging.info("Training encoder and head on %d of %d segments.", len(rows), len(table))
    values = encoder.output_shape[-1]
    targets = labelled.targets_of_heads(table["clip"])
    n_labels = len(labelled.names)
    head = build_head(values, n_labels, labelled.task, settings["hidden"], seed, of_targets=targets[rows])
    model = Finetuned(encoder, head)
    training, again = (
        FreshCrops(cache, first_frames, latest, targets, settings["batch_size"], seed, rows) for _ in range(2)
    )
    is_short = settings["epochs"] * len(training) < FEW_UPDATES
    history = fit(
        model,
        labelled.task,
        training,
        AllLogMels(
            cache, watched.first_frames, labelled.targets_of_heads(watched.index["clip"]), LOG_MELS_AT_ONCE
        ),
        settings,
        [Calibrating(model, again)] if is_short else [],
    )
    how = {"protocol": "finetuned", "label_fraction": label_fraction, "seed": seed, "settings": settings}
    classifier = model.whole()
    save_trained(classifier, labelled, how, history, outputs)
    tested = LogMelWindows(cache, labelled.clips, framing)
    batches = predict_crops(classifier, cache, watched.first_frames.reshape(-1), LOG_MELS_AT_ONCE)
    value = validation_value(
        np.concatenate(list(batches)), watched.index, watched.first_frames.shape[1], labelled
    )
    save_scores(outputs["scores"], labelled, tested.index, tested.predict(classifier)[None], [value])
