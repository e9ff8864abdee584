"""The two papers whose published encoders can be loaded.

``mscol``
    *Multi-Source Contrastive Learning from Musical Audio* (SMC 2023, arXiv 2302.07077). This library
    implements it.
``cvsm``
    *Contrastive Vocal Similarity Modeling* (arXiv 2510.03025), by the same authors. Its encoder has weights of the same
    shapes, but other padding and other log-mels (`mscol.mels.framing`). Loading one as the other gives wrong embeddings
    without an error. A checkpoint does not record its paper. Files of this library record it in the name of the encoder.
"""

PAPERS = {
    "mscol": "Multi-Source Contrastive Learning from Musical Audio, 2023",
    "cvsm": "Contrastive Vocal Similarity Modeling, 2025",
}
BOTH = " or ".join(f"{paper} ({title})" for paper, title in PAPERS.items())


def name_of_model(kind, paper):
    """Name a Keras model so that the name records its paper.

    >>> name_of_model("encoder", "cvsm"), name_of_model("encoder", "mscol")
    ('cvsm_encoder', 'encoder')
    """
    return kind if paper == "mscol" else f"{paper}_{kind}"


def paper_of(model):
    """Return the paper of an encoder or a classifier, from its name. Other names count as ``mscol``.

    Parameters
    ----------
    model : keras.Model or any other encoder

    Returns
    -------
    str
        A key of `PAPERS`.
    """
    return "cvsm" if getattr(model, "name", "").startswith("cvsm_") else "mscol"
