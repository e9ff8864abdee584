"""The multichannel Wiener filter that Open-Unmix puts behind its networks, in closed form.

The networks estimate magnitudes; the filter makes the sources add up to the mixture. Each source j is modelled by its
power ``v_j`` in each frame and bin, and by a spatial covariance ``R_j`` in each bin (2 x 2, over the two channels).
Then ``y_j = v_j R_j C^-1 x`` with ``C = sum_j v_j R_j``.

The package computes this matrix by matrix in the precision of its input. Where one source prevails in a bin, ``C`` is nearly
singular, and in single precision its inverse is noise (up to 1e-2 of full scale in the stems, sometimes not finite). So
stereo is filtered in double precision here.

For a mono mixture, whose channels are equal, ``C`` is singular in all bins. It is filtered on the sum and the difference of the
channels instead of left and right, a rotation, which changes nothing but rounding: the mixture's difference is zero, everything is
real relative to its phase, single precision will do, and one channel has to be transformed back instead of two.

References
----------
Nugraha et al., IEEE/ACM TASLP 24.9 (2016), 1652-1664; Uhlich et al., ICASSP 2017; openunmix.filtering (constants).
"""

import math

import torch

EPSILON = 1e-10  # of powers and covariances
LARGEST_MAGNITUDE = 10  # to which a loud window is scaled before


def filter_sources(magnitudes, mixture, n_iterations, window_frames):
    """Filter the sources of one clip, each window of frames by itself.

    Parameters
    ----------
    magnitudes : torch.Tensor, shape=(n_sources, 1 or 2, n_bins, n_frames)
        What the networks say, of one channel for both or of each.
    mixture : torch.Tensor, complex, shape=(1 or 2, n_bins, n_frames)
        With one channel, it stands for two that are equal.
    n_iterations : int
        0: magnitudes with the phases of the mixture, as they are.
    window_frames : int
        Covariances are estimated in windows of so many frames.

    Returns
    -------
    torch.Tensor, complex, shape=(n_sources, channels of the mixture, n_bins, n_frames)
        For a mono mixture the mean over both channels.
    """
    sources = mixture.new_empty((len(magnitudes), *mixture.shape))
    for start in range(0, mixture.shape[-1], window_frames):
        window = slice(start, start + window_frames)
        x, s = mixture[..., window].contiguous(), magnitudes[..., window].contiguous()
        sources[..., window] = (
            _filter_mono(s, x, n_iterations) if len(x) == 1 else _filter_stereo(s, x, n_iterations)
        )
    return sources


def _filter_mono(magnitudes, mixture, n_iterations):
    """Filter a window of two equal channels, on their sum (main) and difference (rest)."""
    magnitude = mixture[0].abs()
    phase = _phase(mixture[0], magnitude)
    left, right = magnitudes[:, 0], magnitudes[:, -1]
    main, rest = (left + right) / math.sqrt(2), (left - right) / math.sqrt(2)
    if n_iterations:
        scale = _scale(magnitude)
        mixture_main = math.sqrt(2) / scale * magnitude
        main, _ = _iterate(
            main / scale, rest / scale, mixture_main, torch.zeros_like(magnitude), n_iterations
        )
        main = main * scale
    return (main * phase / math.sqrt(2))[:, None]


def _filter_stereo(magnitudes, mixture, n_iterations):
    """Filter a window of left (main) and right (rest)."""
    magnitudes, mixture = magnitudes.double(), mixture.to(torch.complex128)
    magnitude = mixture.abs()
    sources = magnitudes * _phase(mixture, magnitude)
    if n_iterations:
        scale = _scale(magnitude)
        channels = _iterate(*(sources / scale).unbind(dim=1), *(mixture / scale), n_iterations)
        sources = scale * torch.stack(channels, dim=1)
    return sources


def _iterate(main, rest, mixture_main, mixture_rest, n_iterations):
    """Estimate powers and covariances of the sources, and filter the mixture by them.

    Two channels, main and rest: of the sources (n_sources, n_bins, n_frames), of the mixture (n_bins, n_frames); real or complex.
    """
    for _ in range(n_iterations):
        power_main, power_rest = _power(main), _power(rest)
        power = (power_main + power_rest) / 2
        weight = EPSILON + power.sum(dim=-1, keepdim=True)
        r_main = power_main.sum(dim=-1, keepdim=True) / weight
        r_rest = power_rest.sum(dim=-1, keepdim=True) / weight
        r_cross = (main * rest.conj()).sum(dim=-1, keepdim=True) / weight

        c_main = math.sqrt(EPSILON) + (power * r_main).sum(dim=0)
        c_rest = math.sqrt(EPSILON) + (power * r_rest).sum(dim=0)
        c_cross = (power * r_cross).sum(dim=0)
        determinant = c_main * c_rest - _power(c_cross)
        z_main = (c_rest * mixture_main - c_cross * mixture_rest) / determinant
        z_rest = (c_main * mixture_rest - c_cross.conj() * mixture_main) / determinant

        main = power * (r_main * z_main + r_cross * z_rest)
        rest = power * (r_cross.conj() * z_main + r_rest * z_rest)
    return main, rest


def _phase(spectrum, magnitude):
    """Complex numbers of magnitude 1; where there is nothing, the phase is 0."""
    return torch.where(magnitude > 0, spectrum / magnitude, 1)


def _scale(magnitude):
    return torch.clamp(magnitude.max() / LARGEST_MAGNITUDE, min=1)


def _power(values):
    return values.real.square() + values.imag.square() if values.is_complex() else values.square()
