"""The grammar of model names, which say how an encoder is pretrained.

``mixture``
    Both crops come from the mixture (COLA). With ``-masked``, each crop is also augmented.
``bass``, ``bass_vocals``, ``bass_drums_other_vocals``, ...
    Any non-empty subset of the four sources, in the order bass, drums, other, vocals. Options, in this
    order: ``-silent`` (half of the minibatches also hold segments without the source), ``-random`` (the
    positive comes from another clip), ``-degraded5`` (stems blended with the mixture down to 5 dB over a clip) or
    ``-degradedeach5`` (in each segment).
``untrained``
    The encoder with its initial weights.
"""

import difflib
import re
from dataclasses import dataclass

from mscol.errors import ConfigError
from mscol.separation import STEMS

SOURCES = STEMS
WITHOUT_SOURCES = ("mixture", "untrained")
# The options of a name, in order; a name has at most one of the last two, which take a number of decibels
DEGRADED = ("degraded", "degradedeach")
OPTIONS_OF_STEMS = ("silent", "random", *DEGRADED)
OPTIONS = {"mixture": ("masked",), "untrained": ()}


@dataclass(frozen=True)
class Model:
    """A parsed model name.

    Attributes
    ----------
    name : str
    sources : tuple of str
        In the order of the grammar; empty for ``mixture`` and ``untrained``.
    masked, silent, random : bool
        The options of those names.
    degraded_db : int or None
        Signal-to-distortion ratio of the degraded stems, in dB.
    degraded_each : bool
        Whether each segment is degraded to that ratio instead of the clip as a whole.
    checkpoint : str or None
        Path of an encoder of the config's ``encoders``.
    paper : str
        The paper of that encoder, which decides its log-mels (`mscol.papers`).
    callable : str or None
        The function of an encoder of the config's ``encoders``.
    """

    name: str
    sources: tuple = ()
    masked: bool = False
    silent: bool = False
    random: bool = False
    degraded_db: int | None = None
    degraded_each: bool = False
    checkpoint: str | None = None
    paper: str = "mscol"
    callable: str | None = None

    @property
    def trained(self):
        """Whether this workflow pretrains the model."""
        return self.name != "untrained" and not self.brought

    @property
    def brought(self):
        """Whether the model is an encoder of the config's ``encoders``."""
        return bool(self.checkpoint or self.callable)

    @property
    def degradation(self):
        """The degraded stems as part of a file's name, such as "degraded5"; None if stems are not degraded."""
        return None if self.degraded_db is None else f"{DEGRADED[self.degraded_each]}{self.degraded_db}"

    @property
    def options(self):
        """The options for drawing pairs: a dict of masked, silent and random."""
        return {"masked": self.masked, "silent": self.silent, "random": self.random}


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
        If the name does not follow the grammar. The message suggests the right name if it can be guessed.

    Examples
    --------
    >>> parse_model("bass_vocals-silent").sources
    ('bass', 'vocals')
    >>> parse_model("vocals-degraded5").degraded_db, parse_model("vocals-degradedeach5").degradation
    (5, 'degradedeach5')
    >>> parse_model("vocals_bass")
    Traceback (most recent call last):
    mscol.errors.ConfigError: model 'vocals_bass': sources go in the order bass, drums, other, vocals; write 'bass_vocals'
    """
    base, *options = name.split("-")
    sources = () if base in WITHOUT_SOURCES else _parse_sources(name, base)
    return Model(name, sources, **_parse_options(name, base, options))


def find_model(name, config):
    """Read the name of a model: of the grammar, or of the config's ``encoders``.

    Returns
    -------
    Model

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if name in config["encoders"]:
        brought = config["encoders"][name]
        return Model(
            name,
            checkpoint=brought.get("checkpoint") or None,
            paper=brought.get("paper") or "mscol",
            callable=brought.get("callable") or None,
        )
    try:
        return parse_model(name)
    except ConfigError as error:
        known = ", ".join(config["encoders"])
        near = difflib.get_close_matches(name, config["encoders"], 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(
            f"{error}; encoders of the config are {known}{hint}" if known else str(error)
        ) from None


def find_makeable_model(name, config):
    """Read the name of a model as `find_model` does, and check that the separator gives its sources.

    Raises
    ------
    ConfigError
        As `find_model`, and if the separator does not give one of the sources.
    """
    model, stems = find_model(name, config), made_stems(config)
    missing = [source for source in model.sources if source not in stems]
    if missing:
        raise ConfigError(
            f"model {name!r} needs the source {missing[0]}, which the separator does not give. Use models of "
            f"{', '.join(stems)} (separation/stems)"
        )
    return model


def made_stems(config):
    """Return the sources of models, in order: those that the separator gives, or all four if the dataset comes with stems."""
    # A missing pretraining dataset is reported elsewhere.
    dataset = config["datasets"].get(config["pretraining"]["dataset"], {})
    if dataset.get("stems"):
        return SOURCES
    return tuple(source for source in SOURCES if source in config["separation"]["stems"])


def _parse_sources(name, base):
    given = base.split("_")
    unknown = [source for source in given if source not in SOURCES]
    if unknown:
        raise ConfigError(
            f"model {name!r}: {unknown[0]!r} is not a source; {_guess(given)}"
            f"a model is 'mixture', 'untrained', or any of bass, drums, other, vocals joined by '_'"
        )
    sources = tuple(source for source in SOURCES if source in given)
    if list(sources) != given:
        once = ", each once" if len(set(given)) != len(given) else ""
        right = name.replace(base, "_".join(sources), 1)
        raise ConfigError(
            f"model {name!r}: sources go in the order bass, drums, other, vocals{once}; write {right!r}"
        )
    return sources


def _parse_options(name, base, options):
    """Read the options of a name into attributes of `Model`."""
    allowed = OPTIONS.get(base, OPTIONS_OF_STEMS)
    found = {}
    for option in options:
        kind, decibels = re.fullmatch(r"(.*?)(\d{0,3})", option, re.ASCII | re.DOTALL).groups()
        if kind not in allowed or bool(decibels) != (kind in DEGRADED):
            raise ConfigError(f"model {name!r}: {_about_option(option, base, allowed)}")
        found[kind] = int(decibels) if decibels else True
    right = "-".join([base, *(_spelled(kind, found[kind]) for kind in allowed if kind in found)])
    if right != name:
        order = ", ".join(f"-{kind}" for kind in allowed)
        raise ConfigError(f"model {name!r}: options go in the order {order}, each once; write {right!r}")
    degraded = [kind for kind in DEGRADED if kind in found]
    if len(degraded) > 1:
        raise ConfigError(
            f"model {name!r}: stems are degraded by clip or by segment. Remove one of the two options"
        )
    for kind in degraded:
        found |= {"degraded_db": found.pop(kind), "degraded_each": kind == "degradedeach"}
    return found


def _spelled(kind, value):
    return kind if value is True else f"{kind}{value}"


def _about_option(option, base, allowed):
    """Describe what is wrong with an option, and which options are allowed."""
    shown = [f"-{kind}<dB>, such as -{kind}5" if kind in DEGRADED else f"-{kind}" for kind in allowed]
    knows = f"takes {', '.join(shown)}" if shown else "takes no option"
    near = difflib.get_close_matches(re.sub(r"\d", "", option.lower()), allowed, 1)
    hint = f"did you mean '-{near[0]}'? " if near and near[0] != option and near[0] not in DEGRADED else ""
    return f"{hint}{base!r} has no option '-{option}'; it {knows}"


def _guess(given):
    # "base_vocal" -> "write 'bass_vocals'?"
    words = SOURCES if len(given) > 1 else (*SOURCES, *WITHOUT_SOURCES)
    near = [difflib.get_close_matches(re.sub(r"\W", "", source.lower()), words, 1) for source in given]
    if not all(near):
        return ""
    guessed = {match[0] for match in near}
    right = "_".join(word for word in (*SOURCES, *WITHOUT_SOURCES) if word in guessed)
    return f"did you mean {right!r}? "
