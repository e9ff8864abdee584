"""The grammar of model names."""

import itertools

import pytest

from mscol.config.models import SOURCES, find_model, parse_model
from mscol.errors import ConfigError


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
        ("bass_guitar", "'guitar' is not a source"),
        ("bas_vocal", "did you mean 'bass_vocals'"),
        ("mixtures", "did you mean 'mixture'"),
        ("bass-loud", "has no option '-loud'; it takes -silent, -random, -degraded<dB>"),
        ("bass-rondom", "did you mean '-random'"),
        ("vocals_bass-silent", "write 'bass_vocals-silent'"),
        ("bass-random-silent", "write 'bass-silent-random'"),
        ("bass-silent-silent", "each once; write 'bass-silent'"),
        ("bass-degraded", "such as -degraded5"),
        ("bass-degradedeach", "-degradedeach<dB>, such as -degradedeach5"),
        ("bass-degraded5-degradedeach5", "by clip or by segment. Remove one of the two options"),
        ("bass-degraded05", "write 'bass-degraded5'"),
        ("bass-degraded5dB", "no option '-degraded5dB'"),
        ("bass-degraded-5", "no option '-degraded'"),
        ("bass-silent5", "did you mean '-silent'"),
        ("mixture-silent", "'mixture' has no option '-silent'; it takes -masked"),
        ("bass-masked", "'bass' has no option '-masked'"),
        ("untrained-masked", "it takes no option"),
        ("", "is not a source"),
    ],
)
def test_wrong_names_get_a_message_with_the_right_one(name, message):
    with pytest.raises(ConfigError, match=message):
        parse_model(name)


def test_options_are_read():
    assert parse_model("mixture-masked").options == {"masked": True, "silent": False, "random": False}
    model = parse_model("bass_vocals-silent-random-degraded12")
    assert model.sources == ("bass", "vocals") and model.silent and model.random and not model.masked
    assert model.degraded_db == 12
    assert model.degradation == "degraded12" and not model.degraded_each
    each = parse_model("bass-degradedeach5")
    assert each.degraded_db == 5 and each.degraded_each and each.degradation == "degradedeach5"
    assert parse_model("drums").degradation is None
    assert parse_model("drums-degraded0").degraded_db == 0 and parse_model("drums").degraded_db is None


def test_every_source_set_may_be_silent():
    for n in range(1, 5):
        for subset in itertools.combinations(SOURCES, n):
            assert parse_model("_".join(subset) + "-silent").silent


def test_encoders_of_the_config_are_models_too():
    config = {"encoders": {"published_bass": {"checkpoint": "somewhere/checkpoint-10"}}}
    model = find_model("published_bass", config)
    assert model.checkpoint == "somewhere/checkpoint-10" and not model.trained and not model.sources
    assert model.paper == "mscol", "of an encoder.keras, which need not say it"
    config["encoders"]["published_bass"]["paper"] = "cvsm"
    assert find_model("published_bass", config).paper == "cvsm"
    assert find_model("bass-silent", config) == parse_model("bass-silent")
    with pytest.raises(
        ConfigError, match="'published' is not a source.*encoders of the config are published_bass"
    ):
        find_model("published_vocals", config)
    with pytest.raises(ConfigError, match="did you mean 'published_bass'?"):
        find_model("published_bas", config)
