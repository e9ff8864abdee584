"""Probes: what is trained on top of an encoder to say how good it is.

A head reads the D values of one crop. For tagging it ends in a sigmoid a tag and learns by binary
cross-entropy; for classification it ends in logits and learns by softmax cross-entropy. What hidden
layers it has, its learning rate and when it stops are settings (METHOD, "Downstream"). Three protocols:

``frozen``
    The encoder passed over the dataset once; the head trains on its embeddings.
``finetuned``
    Encoder and head are trained together, on crops from the mel cache. With an untrained encoder this is
    supervised training from scratch.
``evaluate``
    A head, or a whole classifier, that was trained before; nothing is trained.

In every epoch each training segment is seen once, in shuffled order, as one random crop.
"""

from mscol.probes.finetuning import finetune
from mscol.probes.frozen import train_probe
from mscol.probes.scoring import score_classifier, score_head

__all__ = ["finetune", "score_classifier", "score_head", "train_probe"]
