"""The two papers whose published encoders are known here.

``mscol``
    *Multi-Source Contrastive Learning from Musical Audio* (SMC 2023, arXiv 2302.07077): what this library does.
``cvsm``
    *Contrastive Vocal Similarity Modeling* (arXiv 2510.03025), by the same authors. Its encoder has the same weights
    but pads otherwise, and hears other log-mels (`mscol.mels.framing`), so that one that is taken for the other computes
    something else, without an error. Nothing in a checkpoint tells which it is; our own files say so by the
    encoder's name.
"""

PAPERS = {
    "mscol": "Multi-Source Contrastive Learning from Musical Audio, 2023",
    "cvsm": "Contrastive Vocal Similarity Modeling, 2025",
}
BOTH = " or ".join(f"{paper} ({title})" for paper, title in PAPERS.items())


def name_of_model(kind, paper):
    """Name a Keras model, so that it says which paper's it is.

    >>> name_of_model("encoder", "cvsm"), name_of_model("encoder", "mscol")
    ('cvsm_encoder', 'encoder')
    """
    return kind if paper == "mscol" else f"{paper}_{kind}"


def paper_of(model):
    """Read which paper's an encoder or a classifier is off its name; anything else is taken for ``mscol``.

    Parameters
    ----------
    model : keras.Model, or anything that serves as an encoder

    Returns
    -------
    str
        A key of `PAPERS`.
    """
    return "cvsm" if getattr(model, "name", "").startswith("cvsm_") else "mscol"
