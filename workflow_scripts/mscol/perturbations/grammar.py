"""The grammar of perturbation names: a kind and an amount, as in ``noise20``, ``gain-12`` or ``mp3-32``."""

import re
from typing import NamedTuple

from mscol.errors import ConfigError

# kbit/s of MPEG-2 layer III, the format of mp3s at 16 kHz; libsndfile cannot encode the lowest, 8.
BIT_RATES = (16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
# Pattern of a perturbation in file names: wider than the grammar, so that `parse_perturbation` can report mistakes.
PERTURBATION_PATTERN = r"(?:noise|gain|clip|mp3-|pitch|lowpass)[0-9.+-]+"
_NAME = re.compile(r"(noise|gain|clip|mp3-|pitch|lowpass)([+-]?\d+(?:\.\d+)?)")


class Kind(NamedTuple):
    """A kind of perturbation.

    Attributes
    ----------
    title : str
        Title in figures.
    unit : str
    lowest, highest : float
        Range of the amount.
    written : str
        Format of the number in a name.
    is_milder_if : str
        Which of two amounts is milder: the ``higher``, the ``lower``, or the one ``nearer`` to 0.
    """

    title: str
    unit: str
    lowest: float
    highest: float
    written: str
    is_milder_if: str


KINDS = {
    "noise": Kind("Gaussian noise", "dB", -20, 60, "{:g}", "higher"),
    "gain": Kind("gain", "dB", -60, 60, "{:+g}", "nearer"),
    "clip": Kind("clipping", "%", 0.01, 50, "{:g}", "lower"),
    "mp3": Kind("mp3", "kbit/s", BIT_RATES[0], BIT_RATES[-1], "-{:g}", "higher"),
    "pitch": Kind("pitch shift", "semitones", -12, 12, "{:+g}", "nearer"),
    "lowpass": Kind("low-pass filter", "Hz", 50, 7900, "{:g}", "higher"),
}
EXAMPLES = ("noise20", "gain-12", "clip1", "mp3-32", "pitch+1", "lowpass4000")


class Perturbation(NamedTuple):
    """A kind of perturbation and its amount.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    amount : float
        In the unit of its kind.
    """

    kind: str
    amount: float

    @property
    def name(self):
        """The only spelling of its name; the inverse of `parse_perturbation`.

        >>> Perturbation("gain", 6.0).name, Perturbation("mp3", 32.0).name, Perturbation("noise", -2.5).name
        ('gain+6', 'mp3-32', 'noise-2.5')
        """
        return self.kind + KINDS[self.kind].written.format(self.amount)

    @property
    def severity(self):
        """A key that sorts perturbations of one kind from mild to severe.

        >>> names = ["pitch-2", "pitch+1", "pitch-1"]
        >>> sorted(names, key=lambda name: parse_perturbation(name).severity)
        ['pitch-1', 'pitch+1', 'pitch-2']
        """
        harm = {"higher": -self.amount, "lower": self.amount, "nearer": abs(self.amount)}
        return harm[KINDS[self.kind].is_milder_if], self.amount


def parse_perturbation(name):
    """Parse the name of a perturbation.

    Parameters
    ----------
    name : str

    Returns
    -------
    Perturbation

    Raises
    ------
    ConfigError
        If there is no such kind, the amount is out of range, or the name is another spelling: a perturbation with two names
        would be computed twice.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise ConfigError(
            f"{name!r} is not a perturbation. Use a kind and an amount, as in {', '.join(EXAMPLES)} ("
            + "; ".join(map(_range, KINDS))
            + ")"
        )
    found = Perturbation(parts[1].removesuffix("-"), float(parts[2]))
    kind = KINDS[found.kind]
    if found.kind == "mp3" and found.amount not in BIT_RATES:
        raise ConfigError(
            f"{name!r}: an mp3 at 16 kHz has one of the bit rates {', '.join(map(str, BIT_RATES))} kbit/s"
        )
    if not kind.lowest <= found.amount <= kind.highest:
        raise ConfigError(f"{name!r} is out of range: {_range(found.kind)}")
    if found.name != name:
        raise ConfigError(f"{name!r} is not valid. Write {found.name}")
    return found


def _range(kind):
    """
    >>> _range("noise")
    'noise takes -20 to 60 dB'
    """
    about = KINDS[kind]
    return f"{kind} takes {about.lowest:g} to {about.highest:g} {about.unit}"
