"""The two papers whose published encoders can be loaded.

``mscol``
    *Multi-Source Contrastive Learning from Musical Audio* (SMC 2023, arXiv 2302.07077): the paper of this library.
``cvsm``
    *Contrastive Vocal Similarity Modeling* (arXiv 2510.03025), by the same authors. Its encoder has the same
    variables, but different padding and different log-mels (`mscol.mels.framing`). An encoder loaded as that of the other
    paper computes wrong embeddings without an error. A checkpoint does not record its paper; files of this library do, in
    the encoder's name.
"""

PAPERS = {
    "mscol": "Multi-Source Contrastive Learning from Musical Audio, 2023",
    "cvsm": "Contrastive Vocal Similarity Modeling, 2025",
}
BOTH = " or ".join(f"{paper} ({title})" for paper, title in PAPERS.items())


def name_of_model(kind, paper):
    """Return the name of a Keras model, with the paper in it.

    >>> name_of_model("encoder", "cvsm"), name_of_model("encoder", "mscol")
    ('cvsm_encoder', 'encoder')
    """
    return kind if paper == "mscol" else f"{paper}_{kind}"


def paper_of(model):
    """Read the paper of an encoder or classifier from its name; any other name means ``mscol``.

    Parameters
    ----------
    model : keras.Model, or any object used as an encoder

    Returns
    -------
    str
        A key of `PAPERS`.
    """
    return "cvsm" if getattr(model, "name", "").startswith("cvsm_") else "mscol"
