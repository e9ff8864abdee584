"""Clip means: ways of evaluating that need one embedding a clip, and no training framework.

A clip's embedding is the mean over its windows, or over all crops that were embedded of a training clip. Ways, by the names that the
config has for them (`mscol.config.evaluations`):

``knn``
    Labels of the most similar training clips, weighted by similarity.
``logistic``
    Logistic regression on standardised means, by scikit-learn.
``shots8``
    The same, of 8 training clips a class; any number. Ten draws.
``retrieval``
    Nothing is trained: test clips find those that share a class or a tag.
``artists``
    Nothing is trained: a clip finds another one of its artist, among fifty artists.

`score_clip_means` writes what all of them say of the test clips; a dataset's embeddings are read once.
"""

from mscol.clip_means.scoring import score_clip_means

__all__ = ["score_clip_means"]
