"""The grammar of model names."""

import itertools

import pytest

from mscol.errors import ConfigError
from mscol.names import SOURCES, parse_model


def test_every_subset_in_order_is_a_model():
    subsets = [s for n in range(1, 5) for s in itertools.combinations(SOURCES, n)]
    assert len(subsets) == 15
    for subset in subsets:
        assert parse_model("_".join(subset)).sources == subset


def test_models_without_sources():
    assert parse_model("mixture").sources == () and parse_model("mixture").trained
    assert parse_model("untrained").sources == () and not parse_model("untrained").trained


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vocals_bass", "write 'bass_vocals'"),
        ("bass_bass", "each once; write 'bass'"),
        ("bass_guitar", "'guitar' is no source"),
        ("bas_vocal", "did you mean 'bass_vocals'"),
        ("mixtures", "did you mean 'mixture'"),
        ("bass-loud", "knows no option '-loud'"),
        ("", "is no source"),
    ],
)
def test_wrong_names_get_a_message_with_the_right_one(name, message):
    with pytest.raises(ConfigError, match=message):
        parse_model(name)
