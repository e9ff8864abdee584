"""By what long recordings are divided."""

import numpy as np
import pytest

from mscol.errors import ConfigError
from mscol.mels import log_mel
from mscol.mels.normalising import local_inverse_norms, seconds_of

RATE = 16_000


def noise(seconds, level=0.1):
    return (level * np.random.default_rng(0).normal(size=int(seconds * RATE))).astype(np.float32)


def test_recording_that_is_no_longer_is_divided_by_the_norm_of_the_whole():
    waveform = noise(10)
    np.testing.assert_array_equal(log_mel(waveform, normalise_seconds=10), log_mel(waveform))


@pytest.mark.parametrize("seconds", [10.05, 25, 61.3])
def test_recording_of_one_level_is_brought_to_that_of_a_clip(seconds):
    inverse = local_inverse_norms(noise(seconds), 10)
    assert len(inverse) == int(seconds * RATE) and inverse.dtype == np.float32
    np.testing.assert_allclose(inverse, 1 / np.linalg.norm(noise(10)), rtol=0.02)


def test_quiet_half_is_brought_to_the_level_of_the_loud_one():
    halves = np.concatenate([noise(30), noise(30, 0.001)])
    mels = log_mel(halves, normalise_seconds=10)
    loud, quiet = mels[: 20 * 100].mean(), mels[40 * 100 :].mean()
    assert quiet == pytest.approx(loud, abs=0.1)
    assert log_mel(halves)[40 * 100 :].mean() < loud - 4


def test_silence_stays_at_the_floor():
    recording = np.concatenate([noise(20), np.zeros(40 * RATE, np.float32)])
    assert np.all(log_mel(recording, normalise_seconds=10)[2100:] == np.log(np.float32(1e-5)))


def test_middle_of_an_excerpt_is_that_of_the_recording():
    levels = np.repeat(np.random.default_rng(1).uniform(0.01, 0.3, 60), RATE)
    recording = (levels * noise(60, 1.0)).astype(np.float32)
    start = 17 * RATE
    excerpt = log_mel(recording[start : start + 30 * RATE], normalise_seconds=20)
    whole = log_mel(recording, normalise_seconds=20)[start // 160 :][: len(excerpt)]
    middle = slice(510, len(excerpt) - 510)  # a quarter of 20 s away from the edges, nothing else is heard
    np.testing.assert_allclose(excerpt[middle], whole[middle], atol=1e-3)
    assert np.abs(excerpt - whole).max() > 0.05


@pytest.mark.parametrize("wrong", ["all", 0, 0.5, -3, float("nan"), float("inf"), None])
def test_what_is_no_length_is_reported(wrong):
    with pytest.raises(ConfigError, match="Use 'file' or a number of seconds of at least 1"):
        seconds_of(wrong)
