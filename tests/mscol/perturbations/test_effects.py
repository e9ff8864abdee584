"""What perturbations do to a waveform, measured."""

import numpy as np
import pytest

from mscol.errors import AudioError
from mscol.mels.framing import FRAMINGS
from mscol.perturbations.effects import encode_mp3, perturber
from mscol.perturbations.grammar import BIT_RATES, EXAMPLES

RATE = 16_000


def tone(hertz, n_samples=2 * RATE):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(n_samples) / RATE)).astype(np.float32)


def music(n_samples=4 * RATE):
    """Decaying notes with some noise, a new one each quarter of a second: nothing in it repeats."""
    generator = np.random.default_rng(0)
    time = np.arange(n_samples) / RATE
    wave = 0.003 * generator.standard_normal(n_samples)
    for start in np.arange(0, n_samples / RATE, 0.25):
        since = np.maximum(time - start, 0)
        wave += (
            (time >= start)
            * 0.2
            * np.exp(-6 * since)
            * np.sin(2 * np.pi * generator.uniform(100, 3000) * since)
        )
    return wave.astype(np.float32)


def lag(one, other):
    """How many samples one comes after the other."""
    size = 2 ** int(np.ceil(np.log2(2 * len(one))))
    correlation = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))
    found = int(correlation.argmax())
    return found - size if found > size // 2 else found


def decibels(ratio):
    return 20 * np.log10(ratio)


def rms(waveform):
    return np.sqrt(np.square(waveform, dtype=np.float64).mean())


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("n_samples", [15_920, 63_999])
def test_clip_keeps_its_length_and_is_always_perturbed_alike(name, n_samples):
    waveform = music(n_samples)
    before = waveform.copy()
    perturbed = perturber(name)(waveform, "a")
    assert perturbed.shape == (n_samples,) and perturbed.dtype == np.float32 and np.isfinite(perturbed).all()
    np.testing.assert_array_equal(perturber(name)(waveform, "a"), perturbed)
    np.testing.assert_array_equal(waveform, before)
    assert np.abs(perturbed - waveform).max() > 1e-4


@pytest.mark.parametrize("snr", [20, -3])
def test_noise_has_its_ratio_to_the_clip_and_each_clip_its_own(snr):
    waveform = music()
    noise = perturber(f"noise{snr}")(waveform, "a") - waveform
    assert decibels(rms(waveform) / rms(noise)) == pytest.approx(snr, abs=0.1)
    other = perturber(f"noise{snr}")(waveform, "b") - waveform
    assert abs(np.corrcoef(noise, other)[0, 1]) < 0.02


def test_noise_leaves_silence_silent():
    assert not perturber("noise10")(np.zeros(RATE, np.float32), "a").any()


def test_gain_is_of_so_many_decibels_and_clips_nothing():
    waveform = music()
    louder = perturber("gain+20")(waveform, "a")
    np.testing.assert_allclose(louder, 10 * waveform, rtol=1e-6)
    assert np.abs(louder).max() > 1


@pytest.mark.parametrize("paper", FRAMINGS)
@pytest.mark.parametrize("seconds", [None, 2])
def test_log_mels_hear_nothing_of_a_gain(paper, seconds):
    waveform = music()
    clean, fainter = (
        FRAMINGS[paper].log_mel(heard, seconds) for heard in (waveform, perturber("gain-12")(waveform, "a"))
    )
    np.testing.assert_allclose(fainter, clean, atol=1e-4)


@pytest.mark.parametrize("percent", [1, 20])
def test_clipping_takes_its_share_of_the_samples(percent):
    waveform = music()
    clipped = perturber(f"clip{percent}")(waveform, "a")
    level = np.abs(clipped).max()
    assert (np.abs(waveform) > level).mean() == pytest.approx(percent / 100, abs=1e-4)
    untouched = np.abs(waveform) <= level
    np.testing.assert_array_equal(clipped[untouched], waveform[untouched])


def test_clip_of_which_clipping_would_leave_nothing_is_refused_by_its_name():
    waveform = np.zeros(RATE, np.float32)
    waveform[:100] = 0.5
    with pytest.raises(AudioError, match="^note 7: clip1 failed .*more than 99 % of its samples are zero"):
        perturber("clip1")(waveform, "note 7")


@pytest.mark.parametrize("kilobits", BIT_RATES)
def test_mp3_has_its_bit_rate_and_comes_back_in_time(kilobits):
    waveform = music()
    size = len(encode_mp3(waveform, kilobits))
    # Frames of 36 ms, up to four more than the clip is long: the codec's delay, and what tells it
    assert size * 8 / 1000 == pytest.approx(kilobits * 4, abs=kilobits * 0.15)
    decoded = perturber(f"mp3-{kilobits}")(waveform, "a")
    assert lag(decoded, waveform) == 0
    assert decibels(rms(waveform) / rms(decoded - waveform)) > 8


def test_lower_bit_rate_of_mp3_loses_more():
    waveform = music()
    lost = [rms(perturber(f"mp3-{kilobits}")(waveform, "a") - waveform) for kilobits in (16, 32, 64)]
    assert lost == sorted(lost, reverse=True)


@pytest.mark.parametrize("semitones", ["+1", "-1.5", "+12"])
def test_pitch_is_shifted_and_the_tempo_kept(semitones):
    shifted = perturber(f"pitch{semitones}")(tone(440), "a")
    spectrum = np.abs(np.fft.rfft(shifted * np.hanning(len(shifted))))
    assert spectrum.argmax() / 2 == pytest.approx(440 * 2 ** (float(semitones) / 12), abs=1)


def test_lowpass_keeps_what_is_below_takes_what_is_above_and_delays_nothing():
    middle = slice(RATE // 2, -RATE // 2)
    below, at, above = (
        rms(perturber("lowpass2000")(tone(hertz), "a")[middle]) / rms(tone(hertz)[middle])
        for hertz in (1000, 2000, 4000)
    )
    assert decibels(below) == pytest.approx(0, abs=0.1)
    assert decibels(at) == pytest.approx(-6, abs=0.3) and decibels(above) < -90
    waveform = music()
    assert lag(perturber("lowpass2000")(waveform, "a"), waveform) == 0
