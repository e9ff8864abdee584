"""The filter alone, against the package's in double precision, on what differs most between the two ways to compute it."""

import numpy as np
import openunmix.filtering
import pytest
import torch

from mscol.separation.wiener import filter_sources

pytestmark = pytest.mark.usefixtures("one_thread")
N_BINS, N_FRAMES = 129, 40


def by_the_package(magnitudes, mixture, n_iterations):
    """The package's filter of one window, in double precision: (n_sources, 2, n_bins, n_frames)."""
    spectrum = torch.view_as_real(mixture.to(torch.complex128)).permute(2, 1, 0, 3).contiguous()
    spectrograms = magnitudes.double().expand(-1, 2, -1, -1).permute(3, 2, 1, 0)
    filtered = openunmix.filtering.wiener(spectrograms, spectrum, n_iterations)
    return torch.view_as_complex(filtered.permute(4, 2, 1, 0, 3).contiguous())


def make_mixture(kind, channels, n_frames=N_FRAMES):
    """Spectra of four sources, mixed, and what networks of one or two channels might say of them."""
    rng = np.random.default_rng(1)
    shape = (4, 1, N_BINS, n_frames)
    mono = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    mono *= rng.gamma(0.3, 1, shape)  # mostly one source prevails
    gains = {
        "panned": rng.uniform(0.1, 1, (4, 2, 1, 1)),
        "alike": np.ones((4, 2, 1, 1)),
        "opposite": np.array([1, -1]).reshape(1, 2, 1, 1),
        "one side": np.array([1, 1e-4]).reshape(1, 2, 1, 1),
        "loud": rng.uniform(100, 1000, (4, 2, 1, 1)),
        "quiet": rng.uniform(1e-4, 1e-3, (4, 2, 1, 1)),
    }[kind]
    noise = rng.normal(size=(4, 2, N_BINS, n_frames)) + 1j * rng.normal(size=(4, 2, N_BINS, n_frames))
    sources = torch.from_numpy(mono * gains + 1e-3 * np.abs(gains).max() * noise)
    printed = sources.abs() * torch.from_numpy(rng.uniform(0.5, 1.5, sources.shape))
    printed = printed.mean(dim=1, keepdim=True) if channels == 1 else printed
    return printed.float(), sources.sum(dim=0).to(torch.complex64)


def worst(magnitudes, mixture, n_iterations):
    """The largest error, of the largest magnitude of the mixture; one channel stands for two equal ones."""
    ours = filter_sources(list(magnitudes), mixture, n_iterations, window_frames=300)
    truth = by_the_package(magnitudes, mixture.expand(2, -1, -1), n_iterations)
    truth = truth.mean(dim=1, keepdim=True) if len(mixture) == 1 else truth
    return ((ours - truth).abs().max() / mixture.abs().max()).item()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["panned", "alike", "opposite", "one side", "loud", "quiet"])
def test_stereo_has_the_packages_sources_in_double_precision(kind, channels):
    assert worst(*make_mixture(kind, channels), n_iterations=1) < 1e-5


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["panned", "alike", "loud", "quiet"])
def test_mono_has_the_mean_of_the_packages_sources_in_double_precision(kind, channels):
    magnitudes, mixture = make_mixture(kind, channels)
    assert worst(magnitudes, mixture[:1], n_iterations=1) < 1e-5


@pytest.mark.parametrize("n_iterations", [0, 2, 3])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_number_of_iterations_has_the_packages_sources(n_iterations, channels):
    assert worst(*make_mixture("panned", channels), n_iterations) < 1e-5


@pytest.mark.parametrize("n_iterations", [1, 2])
def test_a_window_of_one_frame_in_which_all_sources_are_alike_has_the_packages_sources(n_iterations):
    assert worst(*make_mixture("panned", 1, n_frames=1), n_iterations) < 1e-5


def test_bins_and_windows_are_filtered_by_themselves():
    magnitudes, mixture = make_mixture("panned", 2)
    loudest = mixture.abs().max()  # loud windows are scaled, by the loudest of all bins
    magnitudes, mixture = magnitudes / loudest, mixture / loudest
    whole = filter_sources(list(magnitudes), mixture, 1, window_frames=25)
    for bins in (slice(0, 50), slice(50, N_BINS)):
        for frames in (slice(0, 25), slice(25, N_FRAMES)):
            part = filter_sources(list(magnitudes[:, :, bins, frames]), mixture[:, bins, frames], 1, 25)
            torch.testing.assert_close(part, whole[:, :, bins, frames], atol=1e-6, rtol=0)
