"""The multichannel Wiener filter that Open-Unmix applies to the output of its networks, in closed form.

The networks estimate magnitudes; the filter makes the sources add up to the mixture. Each source j is modelled by its
power ``v_j`` in each frame and bin, and by a spatial covariance ``R_j`` in each bin (2 x 2, over the two channels).
Then ``y_j = v_j R_j C^-1 x`` with ``C = sum_j v_j R_j``.

The package computes this matrix by matrix in the precision of its input. If one source dominates a bin, ``C`` is nearly
singular, and in single precision its inverse is noise (up to 1e-2 of full scale in the stems, sometimes not finite).

The terms that cancel in the inverse of ``C`` already cancel between the ``R_j``, which exist once per bin, not once per frame. Let
``adj`` be the adjugate of a 2 x 2 matrix, which is linear, and treat the noise that keeps ``C`` regular as one more source
(``R = 1``, constant ``v``)::

    y_j = v_j / det C  sum_k v_k M_jk x,    M_jk = R_j adj(R_k),    det C = 1/2 sum_jk v_j v_k trace(M_jk)

The matrices ``M_jk`` are computed in double precision, bin by bin. Each frame then needs only a sum of non-negative terms
(mixed discriminants) and a product of one matrix and a vector. Single precision is enough for these: its rounding changes the stems no
more than the rounding of the spectra does.

A mono mixture has equal channels. It is filtered on the sum and the difference of the channels instead of left and right. This
rotation changes nothing but rounding: the mixture's difference is zero, everything is real relative to its phase, and only one
channel instead of two has to be transformed back.

References
----------
Nugraha et al., IEEE/ACM TASLP 24.9 (2016), 1652-1664; Uhlich et al., ICASSP 2017; openunmix.filtering (constants).
"""

import math

import torch

EPSILON = 1e-10  # added to powers and covariances
LARGEST_MAGNITUDE = 10  # louder windows are scaled down to this first
_BLOCK_BINS = 64  # bins processed at a time per CPU thread: they fit a core's cache


def filter_sources(magnitudes, mixture, n_iterations, window_frames):
    """Filter the sources of one clip, each window of frames on its own.

    Parameters
    ----------
    magnitudes : sequence of torch.Tensor, shape=(1 or 2, n_bins, n_frames)
        The networks' estimate of each source, with one channel for both or one for each.
    mixture : torch.Tensor, complex, shape=(1 or 2, n_bins, n_frames)
        One channel stands for two equal ones.
    n_iterations : int
        0 returns the magnitudes with the phases of the mixture.
    window_frames : int
        Number of frames of the windows in which covariances are estimated.

    Returns
    -------
    torch.Tensor, complex, shape=(n_sources, channels of the mixture, n_bins, n_frames)
        For a mono mixture, the mean over both channels.
    """
    sources = mixture.new_empty((len(magnitudes), *mixture.shape))
    for start in range(0, mixture.shape[-1], window_frames):
        window = slice(start, start + window_frames)
        of_window = [magnitude[..., window] for magnitude in magnitudes]
        _filter_window(of_window, mixture[..., window], n_iterations, sources[..., window])
    return sources


def _filter_window(magnitudes, mixture, n_iterations, sources):
    """Filter a window, a block of bins at a time; fill in the sources.

    From here on, a complex number is two rows, its real and its imaginary part, and the bin is the first axis, so that the
    work in a bin is a product of small matrices.
    """
    n_channels, n_bins, _ = mixture.shape
    scale = torch.clamp(mixture.abs().max() / LARGEST_MAGNITUDE, min=1)
    filter_bins = _filter_mono if n_channels == 1 else _filter_stereo
    block = _BLOCK_BINS * torch.get_num_threads() if mixture.device.type == "cpu" else n_bins
    for start in range(0, n_bins, block):
        bins = slice(start, start + block)
        x = torch.view_as_real(mixture[:, bins]).permute(1, 0, 3, 2).contiguous()
        of_bins = torch.stack([magnitude[:, bins].transpose(0, 1) for magnitude in magnitudes], dim=1)
        y = filter_bins(of_bins, x, scale, n_iterations)
        torch.view_as_real(sources[:, :, bins]).copy_(y.permute(1, 2, 0, 4, 3))


def _filter_mono(magnitudes, x, scale, n_iterations):
    """Filter bins of two equal channels, on their sum (main) and difference (rest).

    Shapes: magnitudes (n_bins, n_sources, 1 or 2, n_frames), mixture (n_bins, channels, real and imaginary, n_frames),
    returned sources (n_bins, n_sources, channels, real and imaginary, n_frames).
    """
    left, right = magnitudes[:, :, 0], magnitudes[:, :, -1]
    y = torch.stack([left + right, left - right], dim=2)
    main = 2 * _magnitude(x)[:, 0]
    x_rotated = torch.cat([main, torch.zeros_like(main)], dim=1)
    # The rotation scales everything by the square root of 2.
    y = _iterate(y, x_rotated, math.sqrt(2) * scale, n_iterations)
    return y[:, :, :1, None] * (_phase(x) / 2)[:, None]


def _filter_stereo(magnitudes, x, scale, n_iterations):
    """Filter bins of left and right; shapes as in `_filter_mono`."""
    # Double precision, because all sources have the same phases: equal covariances must not differ by rounding.
    y = magnitudes[:, :, :, None] * _phase(x.double())[:, None]
    return _iterate(y.flatten(2, 3), x.flatten(1, 2), scale, n_iterations).unflatten(2, (2, 2))


def _iterate(y, x, scale, n_iterations):
    """Estimate powers and covariances of the sources, and filter the mixture with them.

    Shapes: sources (n_bins, n_sources, n_rows, n_frames), mixture (n_bins, n_rows, n_frames). A real channel has one row,
    a complex one two.
    """
    n_sources, n_rows = y.shape[1:3]
    for iteration in range(n_iterations):
        products, traces = _products_of_covariances(_covariances(y.double(), scale))
        # A following iteration needs the exact differences between the sources' covariances.
        dtype = x.dtype if iteration == n_iterations - 1 else torch.float64
        powers = x.new_full((len(y), n_sources + 1, y.shape[-1]), math.sqrt(EPSILON), dtype=dtype)
        powers[:, :n_sources] = y.square().sum(dim=2) / (2 * scale.square())
        determinant = (powers * (traces.to(dtype) / 2 @ powers)).sum(dim=1)
        terms = (powers[:, :, None] * x[:, None]).flatten(1, 2)
        y = (products[:, : n_rows * n_sources].to(dtype) @ terms).unflatten(1, (n_sources, n_rows))
        y *= (powers[:, :n_sources] / determinant[:, None])[:, :, None]
    return y


def _covariances(y, scale):
    """Estimate R of each source and append that of the noise: (n_bins, n_sources + 1, n_rows, n_rows), in double precision."""
    covariances = y @ y.mT / scale.double().square()
    if y.shape[2] == 4:
        covariances = _complex_products(covariances)
    covariances /= EPSILON + _trace(covariances) / 2
    noise = torch.eye(y.shape[2], dtype=y.dtype, device=y.device).expand(len(y), 1, -1, -1)
    return torch.cat([covariances, noise], dim=1)


def _complex_products(sums):
    """Turn sums of products of all rows (..., 4, 4) into sums of products of complex numbers and conjugates.

    An entry a + bi is the matrix [[a, -b], [b, a]], so that multiplying these matrices multiplies complex matrices.
    """
    # (..., channel, real or imaginary, channel, real or imaginary)
    sums = sums.unflatten(-1, (2, 2)).unflatten(-3, (2, 2))
    real = sums[..., 0, :, 0] + sums[..., 1, :, 1]
    imaginary = sums[..., 1, :, 0] - sums[..., 0, :, 1]
    upper, lower = torch.stack([real, -imaginary], dim=-1), torch.stack([imaginary, real], dim=-1)
    return torch.stack([upper, lower], dim=-3).flatten(-2).flatten(-3, -2)


def _products_of_covariances(covariances):
    """Multiply each R_j by the adjugate of each R_k; return all products in one matrix per bin, and their traces (n_bins, j, k)."""
    n_rows = covariances.shape[-1]
    identity = torch.eye(n_rows, dtype=covariances.dtype, device=covariances.device)
    adjugates = _trace(covariances) * identity - covariances
    products = covariances.flatten(1, 2) @ adjugates.transpose(1, 2).flatten(2, 3)
    each = products.unflatten(2, (-1, n_rows)).unflatten(1, (-1, n_rows)).transpose(2, 3)
    return products, _trace(each)[..., 0, 0]


def _trace(matrices):
    """Compute traces of 2 x 2 matrices, in which a complex entry appears twice; keep the last two dimensions."""
    return matrices.diagonal(dim1=-2, dim2=-1).sum(dim=-1)[..., None, None] * (2 / matrices.shape[-1])


def _magnitude(x):
    """Compute magnitudes of complex numbers: (..., real and imaginary, n_frames) -> (..., 1, n_frames)."""
    return x.square().sum(dim=-2, keepdim=True).sqrt()


def _phase(x):
    """Scale complex numbers to magnitude 1, same shape; zeros get phase 0."""
    magnitude = _magnitude(x)
    real, imaginary = (x / magnitude).split(1, dim=-2)
    silent = magnitude == 0
    return torch.cat([real.masked_fill(silent, 1), imaginary.masked_fill(silent, 0)], dim=-2)
