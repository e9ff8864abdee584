"""Separation of waveforms, against the package called on each alone, in double precision.

In single precision the package's own filter errs by up to 1e-2 of full scale where channels are alike, or gives values that
are not finite (docs/benchmarks.md).
"""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from mscol.errors import AudioError
from mscol.separation import STEMS
from mscol.separation.description import describe_separator
from mscol.separation.judging import sdr
from mscol.separation.separate import BatchSeparator, separate, separate_batch, separate_in_chunks
from mscol.separation.separator import load_separator
from mscol.separation.training import train_target

pytestmark = pytest.mark.usefixtures("one_thread")
RATE = 44_100


@pytest.fixture(scope="module")
def separator(separator_folder):
    return load_separator(separator_folder, device="cpu")


@pytest.fixture(scope="module")
def mono_separator(songs, tiny_settings, tmp_path_factory):
    """A separator that averages magnitudes over the channels."""
    folder = tmp_path_factory.mktemp("separators") / "mono"
    settings = tiny_settings | {"nb_channels": 1, "updates": 1}
    describe_separator(folder / "separator.json", settings)
    for target in STEMS:
        train_target(songs, target, folder / f"{target}.pth", folder / f"{target}.json", settings)
    return load_separator(folder, device="cpu")


@pytest.fixture(params=["separator", "mono_separator"])
def any_separator(request):
    return request.getfixturevalue(request.param)


def by_the_package(separator, waveform, dtype=torch.float64):
    """The stems of a waveform (n_samples, 2), as the package computes them: (4, n_samples, 2)."""
    mixture = torch.from_numpy(waveform.T.copy())[None].to(dtype)
    with torch.inference_mode():
        return copy.deepcopy(separator).to(dtype)(mixture)[0].numpy().swapaxes(1, 2)


def test_stereo_has_the_packages_stems(any_separator, make_stems):
    waveform = sum(make_stems(0, seconds=9.0).values())  # more than one window of the filter
    stems = separate(any_separator, waveform)
    for stem, expected in zip(STEMS, by_the_package(any_separator, waveform), strict=True):
        np.testing.assert_allclose(stems[stem], expected, atol=1e-5)


def test_mono_has_the_mean_of_the_packages_stems_of_two_equal_channels(any_separator, make_stems):
    mono = sum(make_stems(0, seconds=9.0).values()).mean(axis=1, keepdims=True)
    mono *= np.float32(0.9 / np.abs(mono).max())
    stems = separate(any_separator, mono)
    expected = by_the_package(any_separator, np.repeat(mono, 2, axis=1)).mean(axis=2)
    for stem, truth in zip(STEMS, expected, strict=True):
        assert stems[stem].shape == mono.shape
        np.testing.assert_allclose(stems[stem][:, 0], truth, atol=3e-5)
    twice = separate(any_separator, np.repeat(mono, 2, axis=1))
    np.testing.assert_array_equal(twice["bass"], np.repeat(stems["bass"], 2, axis=1))


@pytest.mark.parametrize("n_iterations", [0, 2])
def test_any_number_of_iterations_has_the_packages_stems(separator_folder, make_stems, n_iterations):
    separator = load_separator(separator_folder, n_iterations, device="cpu")
    waveform = sum(make_stems(1).values())
    stems = separate(separator, waveform)
    for stem, expected in zip(STEMS, by_the_package(separator, waveform), strict=True):
        np.testing.assert_allclose(stems[stem], expected, atol=1e-5)


@pytest.mark.parametrize("gains", [[1, 1.001], [1, -1], [1, 1e-4], [0.8, 0.3]])
def test_channels_that_are_alike_do_not_drown_in_rounding_noise(any_separator, make_stems, gains):
    mono = sum(make_stems(2).values()).mean(axis=1, keepdims=True)
    noise = np.random.default_rng(0).normal(0, 1e-4, (len(mono), 2))
    waveform = (mono * gains * 0.9 / np.abs(mono).max() + noise).astype(np.float32)
    stems = np.stack([*separate(any_separator, waveform).values()])
    truth = by_the_package(any_separator, waveform)
    single = np.nan_to_num(by_the_package(any_separator, waveform, torch.float32), nan=np.inf)
    assert np.abs(stems - truth).max() < max(1e-4, 0.1 * np.abs(single - truth).max())


def test_last_window_of_a_single_frame_has_the_packages_stems(any_separator, make_stems):
    step = any_separator.stft.n_hop
    waveform = sum(make_stems(4, seconds=2.0).values())[: 300 * step + step - 1]
    stems = separate(any_separator, waveform)
    for stem, expected in zip(STEMS, by_the_package(any_separator, waveform), strict=True):
        np.testing.assert_allclose(stems[stem], expected, atol=2e-5)


def test_digital_silence_in_one_channel_stays_silent_where_the_network_hears_each(separator, make_stems):
    stems = separate(separator, sum(make_stems(2).values()) * np.float32([1, 0]))
    assert all(np.abs(samples[:, 1]).max() < 1e-6 < np.abs(samples[:, 0]).max() for samples in stems.values())


def test_clips_of_a_batch_have_the_stems_that_they_have_alone(any_separator, make_stems):
    mixtures = torch.stack([torch.from_numpy(sum(make_stems(n).values()).T.copy()) for n in range(3)])
    with torch.inference_mode():
        together = separate_batch(any_separator, mixtures)
        for mixture, stems in zip(mixtures, together, strict=True):
            (alone,) = separate_batch(any_separator, mixture[None])
            torch.testing.assert_close(stems.wait(), alone.wait(), atol=1e-6, rtol=0)


def test_a_silent_clip_has_silent_stems(separator):
    stems = separate(separator, np.zeros((RATE, 2), np.float32))
    assert all(samples.shape == (RATE, 2) and not samples.any() for samples in stems.values())


def test_long_silence_inside_a_clip_stays_finite_and_silent(separator, make_stems):
    waveform = sum(make_stems(0, seconds=1.5).values())
    silence = np.zeros((8 * RATE, 2), np.float32)  # longer than the Wiener filter's 300 frames
    stems = separate(separator, np.concatenate([waveform, silence]))
    for samples in stems.values():
        assert np.abs(samples[2 * RATE :]).max() < 1e-6


def test_samples_that_are_not_finite_are_an_error(separator, make_stems):
    waveform = sum(make_stems(0).values())
    waveform[100] = np.nan
    with pytest.raises(AudioError, match="samples that are not finite"):
        separate(separator, waveform)


@pytest.mark.parametrize(("channels", "seconds"), [(1, 27.86), (2, 19.0)])
def test_chunks_have_the_stems_of_the_whole(separator, make_stems, channels, seconds):
    waveform = sum(make_stems(3, seconds).values())[:, :channels]
    mixture = torch.from_numpy(waveform.T.copy())
    with torch.inference_mode():
        whole = separate_batch(separator, mixture[None])[0].wait().numpy()
        chunks = separate_in_chunks(separator, mixture, frames=0).numpy()
    assert chunks.shape == whole.shape
    for ours, theirs in zip(chunks, whole, strict=True):
        assert sdr(theirs.T, ours.T) > 40
        assert np.abs(theirs - ours).max() < 1e-3


def test_clip_longer_than_may_be_separated_at_once_is_chunked(separator, make_stems):
    mixtures = torch.from_numpy(sum(make_stems(0, seconds=30.0).values()).T.copy())[None]
    whole, chunks = (
        BatchSeparator(separator, batch_seconds).separate(mixtures)[0].wait() for batch_seconds in (100, 18)
    )
    assert not torch.equal(whole, chunks)
    torch.testing.assert_close(chunks, whole, atol=2e-3, rtol=0)


LITTLE_MEMORY = """
import logging, resource, sys
import numpy as np, torch
from mscol.separation.separate import BatchSeparator
from mscol.separation.separator import load_separator
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
torch.set_num_threads(1)
separator = BatchSeparator(load_separator(sys.argv[1], device="cpu"), batch_seconds=float(sys.argv[2]))
mixtures = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (6, 1, int(sys.argv[3]) * 44_100)).astype(np.float32))
separator.separate(mixtures[:1, :, : 2 * 44_100])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[4]) * 2**20,) * 2)
print(all(stems.wait().isfinite().all() for stems in separator.separate(mixtures)), separator.batch_seconds)
"""


def _with_little_memory(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, str(folder), *map(str, arguments)],
        capture_output=True,
        text=True,
    )


def test_when_memory_runs_out_less_is_separated_at_once(separator_folder):
    printed = _with_little_memory(separator_folder, 120, 20, 700)
    assert "Out of memory: from now on, 60 s of audio are separated at once" in printed.stdout, printed.stderr
    *_, last = printed.stdout.splitlines()
    finite, seconds = last.split()
    assert finite == "True" and float(seconds) < 120


def test_too_little_memory_for_a_chunk_is_an_error(separator_folder):
    printed = _with_little_memory(separator_folder, 120, 20, 20)
    assert "AudioError: not enough memory for chunks of 16 s" in printed.stderr
