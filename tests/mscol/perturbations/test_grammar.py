"""Names of perturbations: what is read, what is refused, and in what order severities come."""

import re

import pytest

from mscol.errors import ConfigError
from mscol.perturbations.grammar import EXAMPLES, KINDS, PERTURBATION_PATTERN, parse_perturbation


@pytest.mark.parametrize(
    ("name", "kind", "amount"),
    [
        ("noise20", "noise", 20), ("noise-2.5", "noise", -2.5), ("gain-12", "gain", -12), ("gain+6", "gain", 6),
        ("clip0.5", "clip", 0.5), ("mp3-32", "mp3", 32), ("pitch-1.5", "pitch", -1.5), ("lowpass4000", "lowpass", 4000),
    ],
)  # fmt: skip
def test_kind_and_amount_are_read_and_written(name, kind, amount):
    assert parse_perturbation(name) == (kind, amount)
    assert parse_perturbation(name).name == name


def test_examples_are_of_every_kind_and_of_the_pattern_of_files():
    assert {parse_perturbation(name).kind for name in EXAMPLES} == set(KINDS)
    assert all(re.fullmatch(PERTURBATION_PATTERN, name) for name in EXAMPLES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("reverb3", "'reverb3' is not a perturbation. Use a kind and an amount, as in noise20"),
        ("noise", "is not a perturbation"),
        ("mp332", "is not a perturbation"),
        ("noise20dB", "is not a perturbation"),
        ("noise61", "'noise61' is out of range: noise takes -20 to 60 dB"),
        ("clip0", "clip takes 0.01 to 50 %"),
        ("lowpass8000", "lowpass takes 50 to 7900 Hz"),
        ("mp3-33", "'mp3-33': an mp3 at 16 kHz has one of the bit rates 16, 24, 32"),
        ("gain12", "'gain12' is not valid. Write gain\\+12"),
        ("noise20.0", "'noise20.0' is not valid. Write noise20"),
        ("noise+20", "is not valid. Write noise20"),
    ],
)
def test_what_is_wrong_with_a_name_is_reported(name, message):
    with pytest.raises(ConfigError, match=message):
        parse_perturbation(name)


@pytest.mark.parametrize(
    "mild_to_severe",
    [
        ["noise30", "noise0", "noise-5"], ["gain-3", "gain+3", "gain-12"], ["clip0.1", "clip5", "clip20"],
        ["mp3-128", "mp3-32", "mp3-16"], ["pitch+0.5", "pitch-1", "pitch+2"], ["lowpass4000", "lowpass500"],
    ],
)  # fmt: skip
def test_severities_come_from_mild_to_severe(mild_to_severe):
    shuffled = sorted(mild_to_severe)
    assert sorted(shuffled, key=lambda name: parse_perturbation(name).severity) == mild_to_severe
