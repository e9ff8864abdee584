"""Describe what models were trained on. It is quick to import, because rules use it."""


def made_from(model):
    """Describe what a model was trained on.

    Parameters
    ----------
    model : mscol.config.models.Model

    Returns
    -------
    str

    Examples
    --------
    >>> from mscol.config.models import parse_model
    >>> made_from(parse_model("bass_vocals-silent"))
    'the mixture, and the stems bass or vocals (also where they are silent)'
    """
    if model.brought:
        return "a function, not trained here" if model.callable else "trained elsewhere"
    if not model.trained:
        return "nothing: random weights"
    if not model.sources:
        return "the mixture alone" + (", augmented" if model.masked else "")
    where = " in each segment" if model.degraded_each else ""
    told = {
        "also where they are silent": model.silent,
        "of other clips, as an ablation": model.random,
        f"degraded to {model.degraded_db} dB{where}": model.degraded_db is not None,
    }
    options = ", ".join(text for text, is_so in told.items() if is_so)
    stems = f"the stem{'s' if len(model.sources) > 1 else ''} {' or '.join(model.sources)}"
    return f"the mixture, and {stems}" + (f" ({options})" if options else "")
