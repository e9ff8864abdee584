"""Clip means: protocols that need one embedding per clip and no training framework.

A clip's embedding is the mean over its windows, or, for a training clip, over all its embedded crops. The protocols, by their
names in the config (`mscol.config.evaluations`), are:

``knn``
    Labels of the most similar training clips, weighted by similarity.
``logistic``
    Logistic regression on standardised means, with scikit-learn.
``shots8``
    Logistic regression with 8 training clips per class (or any other number), drawn ten times.
``retrieval``
    Without training: rank the other test clips by similarity to find those that share a class or a tag.
``artists``
    Without training: find another clip of the same artist, among fifty artists.

`score_clip_means` writes the scores of all of them. It reads a dataset's embeddings once.
"""

from mscol.clip_means.scoring import score_clip_means

__all__ = ["score_clip_means"]
