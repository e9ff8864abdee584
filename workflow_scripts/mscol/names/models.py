"""The grammar of model names: how an encoder was made.

``mixture``
    Both crops come from the mixture (COLA).
``bass``, ``bass_vocals``, ``bass_drums_other_vocals``, ...
    Any non-empty subset of the four sources, in the order bass, drums, other, vocals.
``untrained``
    The encoder as it was initialised.
"""

import difflib
import re
from dataclasses import dataclass

from mscol.errors import ConfigError

SOURCES = ("bass", "drums", "other", "vocals")
WITHOUT_SOURCES = ("mixture", "untrained")


@dataclass(frozen=True)
class Model:
    """A model name, understood.

    Attributes
    ----------
    name : str
    sources : tuple of str
        In the order of the grammar; empty for ``mixture`` and ``untrained``.
    """

    name: str
    sources: tuple = ()

    @property
    def trained(self):
        """Whether this model is pretrained at all."""
        return self.name != "untrained"


def parse_model(name):
    """Read a model name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Model

    Raises
    ------
    ConfigError
        If the name is not of the grammar; the message has the right name, where one can be guessed.

    Examples
    --------
    >>> parse_model("bass_vocals").sources
    ('bass', 'vocals')
    >>> parse_model("vocals_bass")
    Traceback (most recent call last):
    mscol.errors.ConfigError: model 'vocals_bass': sources go in the order bass, drums, other, vocals; write 'bass_vocals'
    """
    if name in WITHOUT_SOURCES:
        return Model(name)
    base, _, option = name.partition("-")
    if option:
        raise ConfigError(f"model {name!r}: this version knows no option {'-' + option!r}; write {base!r}")
    given = name.split("_")
    unknown = [source for source in given if source not in SOURCES]
    if unknown:
        raise ConfigError(
            f"model {name!r}: {unknown[0]!r} is no source; {_guess(given)}"
            f"a model is 'mixture', 'untrained', or some of bass, drums, other, vocals joined by '_'"
        )
    sources = tuple(source for source in SOURCES if source in given)
    if list(sources) != given:
        once = ", each once" if len(set(given)) != len(given) else ""
        raise ConfigError(
            f"model {name!r}: sources go in the order bass, drums, other, vocals{once}; "
            f"write {'_'.join(sources)!r}"
        )
    return Model(name, sources)


def _guess(given):
    # "base_vocal" -> "write 'bass_vocals'?"
    words = SOURCES if len(given) > 1 else (*SOURCES, *WITHOUT_SOURCES)
    near = [difflib.get_close_matches(re.sub(r"\W", "", source.lower()), words, 1) for source in given]
    if not all(near):
        return ""
    guessed = {match[0] for match in near}
    right = "_".join(word for word in (*SOURCES, *WITHOUT_SOURCES) if word in guessed)
    return f"did you mean {right!r}? "
