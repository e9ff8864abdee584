"""Probes: heads that are trained on top of an encoder to evaluate it.

The input of a head is the embedding (D values) of one crop. For tagging its output is a sigmoid per tag, trained with binary
cross-entropy; for classification it is logits, trained with softmax cross-entropy. Hidden layers, learning rate and
early stopping are settings (METHOD, "Downstream"). There are three protocols:

``frozen``
    The encoder embeds the dataset once, and the head is trained on the embeddings.
``finetuned``
    Encoder and head are trained together, on crops from the mel cache. With an untrained encoder this is
    supervised training from scratch.
``evaluate``
    A head or a whole classifier that is already trained is evaluated. Nothing is trained.

Each epoch uses each training segment once, in shuffled order, as one random crop.
"""

from mscol.probes.finetuning import finetune
from mscol.probes.frozen import train_probe
from mscol.probes.scoring import score_classifier, score_head

__all__ = ["finetune", "score_classifier", "score_head", "train_probe"]
