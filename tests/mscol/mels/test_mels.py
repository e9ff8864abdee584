"""Log-mels against TensorFlow's own signal processing, on real and on made audio."""

import numpy as np
import pytest

from mscol.errors import AudioError
from mscol.mels import FFT_SAMPLES, N_MELS, count_segments, log_mel, mel_weights
from mscol.mels.activity import mean_magnitudes
from mscol.mels.framing import FRAMINGS

RATE = 16_000


def tensorflow_mels(waveform):
    """Mel magnitudes as METHOD.md says, by tf.signal."""
    tf = pytest.importorskip("tensorflow")
    normalised = tf.math.l2_normalize(waveform, epsilon=1e-9)
    magnitudes = tf.abs(tf.signal.stft(normalised, 400, 160, fft_length=1024))
    weights = tf.signal.linear_to_mel_weight_matrix(64, 513, RATE, 60.0, 7800.0)
    return tf.clip_by_value(tf.tensordot(magnitudes, weights, 1), 1e-5, 1e8).numpy()


def assert_magnitudes_equal(waveform):
    expected = tensorflow_mels(waveform)
    mels = log_mel(waveform)
    assert mels.dtype == np.float32
    np.testing.assert_allclose(np.exp(mels, dtype=np.float64), expected, rtol=0, atol=2e-6)
    return mels, np.log(expected)


def test_log_mel_of_real_music_equals_tensorflow(real_recordings):
    for waveform in real_recordings["music"]:
        mels, expected = assert_magnitudes_equal(waveform)
        np.testing.assert_allclose(mels, expected, rtol=0, atol=3e-3)


def test_magnitudes_of_real_notes_equal_tensorflow(real_recordings):
    # A note's magnitudes reach 8, so that float32 noise near the floor of 1e-5 is larger than in music:
    # TensorFlow's own logarithms are 5e-3 away from those of a float64 computation.
    for waveform in real_recordings["notes"]:
        mels, expected = assert_magnitudes_equal(waveform)
        np.testing.assert_allclose(mels, expected, rtol=0, atol=2e-2)


@pytest.mark.parametrize("frequency_hz", [62.0, 440.0, 7700.0])
def test_magnitudes_of_a_pure_tone_equal_tensorflow(frequency_hz):
    # All energy in one band: where an error of the weights shows most.
    seconds = np.arange(2 * RATE) / RATE
    assert_magnitudes_equal(np.sin(2 * np.pi * frequency_hz * seconds).astype(np.float32))


def test_log_mel_of_silence_is_the_floor():
    assert_magnitudes_equal(np.zeros(RATE, np.float32))
    assert np.all(log_mel(np.zeros(RATE, np.float32)) == np.log(np.float32(1e-5)))


def test_mel_weights_equal_tensorflow_to_the_bit():
    tf = pytest.importorskip("tensorflow")
    expected = tf.signal.linear_to_mel_weight_matrix(N_MELS, FFT_SAMPLES // 2 + 1, RATE, 60.0, 7800.0)
    np.testing.assert_array_equal(mel_weights(), expected.numpy())


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (15_920, 98), (465_984, 2910)]
)
def test_number_of_frames(n_samples, n_frames):
    assert log_mel(np.ones(n_samples, np.float32)).shape == (n_frames, N_MELS)


def test_blocks_leave_no_seam():
    waveform = np.random.default_rng(0).standard_normal(400 + 160 * 5000).astype(np.float32)
    mels = log_mel(waveform)
    # The window round the first seam, on its own, at the same scale
    scale = np.sqrt(
        np.square(waveform, dtype=np.float64).sum() / np.square(waveform[2040 * 160 :][:3600]).sum()
    )
    alone = log_mel(waveform[2040 * 160 :][:3600]) - np.log(scale)
    np.testing.assert_allclose(mels[2040 : 2040 + len(alone)], alone, atol=2e-3)


def test_slices_are_analysed_each_by_itself(real_recordings):
    waveform = real_recordings["music"][0]
    waveform = waveform[: 12 * RATE + 100]
    slices = [waveform[:80_000], waveform[80_000:160_000], np.pad(waveform[160_000:], (0, 80_000 - 32_100))]
    mels = log_mel(waveform, slice_seconds=5)
    assert mels.shape == (3 * 498, N_MELS)
    np.testing.assert_array_equal(mels, np.concatenate([log_mel(each) for each in slices]))


def test_log_mels_of_slices_are_higher_by_what_their_norms_are_lower():
    noise = np.random.default_rng(0).standard_normal(30 * RATE).astype(np.float32)
    higher = log_mel(noise, slice_seconds=5)[:498] - log_mel(noise)[:498]
    np.testing.assert_allclose(higher, 0.5 * np.log(6), atol=0.01)


def test_windows_of_slices_are_seconds_of_the_waveform():
    # CVSM: a window is the log-mel of 16,000 samples, five a slice
    waveform = np.random.default_rng(0).standard_normal(10 * RATE).astype(np.float32)
    framing = FRAMINGS["cvsm"]
    mel = framing.log_mel(waveform)
    starts = framing.window_starts(np.arange(framing.count_windows(len(mel))))
    assert len(starts) == 10
    for second, start in enumerate(starts):
        first = second // 5 * 80_000
        loudness = np.linalg.norm(waveform[first : first + 80_000]) / np.linalg.norm(
            waveform[second * RATE :][:RATE]
        )
        alone = log_mel(waveform[second * RATE :][:RATE]) - np.log(loudness)
        np.testing.assert_allclose(mel[start : start + 98], alone, atol=2e-3)


@pytest.mark.parametrize(
    ("seconds", "n_windows", "n_segments"),
    [(29.124, 30, 6), (30, 30, 6), (30.02, 30, 6), (4, 4, 1), (5, 5, 1), (6.5, 7, 2), (1, 1, 1)],
)
def test_windows_and_segments_of_slices(seconds, n_windows, n_segments):
    framing = FRAMINGS["cvsm"]
    mel = framing.log_mel(np.ones(round(seconds * RATE), np.float32))
    assert (framing.count_windows(len(mel)), framing.count_segments(len(mel))) == (n_windows, n_segments)
    starts = framing.window_starts(np.arange(n_windows))
    assert starts[-1] + 98 == len(mel) or n_windows < 5 * n_segments
    assert set(starts % 498) <= {0, 100, 200, 300, 400}


def test_slices_of_no_length_are_refused():
    with pytest.raises(AudioError, match="shorter than a window"):
        log_mel(np.zeros(RATE, np.float32), slice_seconds=0)


def test_samples_that_are_not_finite_are_refused():
    with pytest.raises(AudioError, match="not finite"):
        log_mel(np.array([0.0, np.nan] * 400, np.float32))


def test_stereo_is_refused():
    with pytest.raises(AudioError, match="not mono"):
        log_mel(np.zeros((RATE, 2), np.float32))


def test_mean_magnitudes_by_hand():
    waveform = np.concatenate([np.full(10, 0.5), np.full(10, -0.25), np.full(5, 1.0)]).astype(np.float32)
    np.testing.assert_allclose(mean_magnitudes(waveform, 4, 10), [0.5, 0.25, 1.0, 0.0])


def test_a_clip_shorter_than_a_segment_is_one_segment():
    np.testing.assert_array_equal(count_segments([98, 391, 392, 783, 784, 2910]), [1, 1, 1, 1, 2, 7])
