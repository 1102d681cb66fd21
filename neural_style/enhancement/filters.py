"""Filters that keep the size of a picture: less noise, and sharper edges. Transparency stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style.enhancement.tiles import by_tiles, opaque_colors
from neural_style.errors import InvalidInputError
from neural_style.images import LUMA, Picture
from neural_style.images.bands import bands
from neural_style.validation import check_choice, check_weight

Array = np.ndarray[Any, Any]

NOISE_FILTERS = ("nl_means", "tv")

PATCH, DISTANCE, STRENGTH = 5, 6, 0.6
"""Non-local means: side of a patch and farthest patch compared, in pixels (scikit-image's example), and h in standard
deviations of the noise. This h, and the weight below, were the best of 0.4, 0.6, 0.8 and 1 on ten pictures with a noise
of 15 and 26 levels."""

TV_WEIGHT, TV_ITERATIONS = 0.6, 50
"""Total variation: the weight in standard deviations of the noise, and the iterations of Chambolle's algorithm, each of
which makes the receptive field one pixel larger on each side."""

SMALLEST_NOISE = 0.5
"""Standard deviation in grey levels below which a picture counts as free of noise: rounding to 8 bits alone gives
0.29."""

LAPLACIANS = np.array([[1.0, -2, 1], [-2, 4, -2], [1, -2, 1]])
"""The difference of two Laplacians, blind to edges that are straight lines; its norm is 6."""

BINS = 4096
"""Bins of the histogram of their absolute values, 0..1024, whose median gives the noise to 0.05 grey levels."""

RADIUS, AMOUNT = 1.0, 0.6
"""Defaults of `sharpen`."""

LARGEST_MEDIAN = 15
"""Side in pixels."""


def denoise(picture: Picture, method: str = "nl_means", sigma: float | None = None) -> Picture:
    """A picture with less noise.

    Args:
        picture: the picture.
        method: `nl_means`, the mean of pixels whose surroundings are alike (Buades, Coll & Morel 2005), keeps texture;
            `tv`, the picture of least total variation near this one (Rudin, Osher & Fatemi 1992; Chambolle 2004), is
            flatter and makes edges harder.
        sigma: standard deviation of the noise in grey levels; by default `noise_of` the picture.

    Raises:
        InvalidInputError: the method is unknown, or sigma negative.
    """
    check_choice("noise filter", method, NOISE_FILTERS)
    if sigma is not None:
        check_weight("sigma", sigma)
    colors = opaque_colors(picture)
    noise = noise_of(colors) if sigma is None else sigma
    if noise < SMALLEST_NOISE:
        return picture
    from skimage import restoration  # which takes half a second to import

    def nl_means(window: Array) -> Array:
        smooth: Array = restoration.denoise_nl_means(
            window,
            patch_size=PATCH,
            patch_distance=DISTANCE,
            h=STRENGTH * noise,
            sigma=noise,
            fast_mode=True,
            preserve_range=True,
            channel_axis=-1,
        )
        return smooth

    def tv(window: Array) -> Array:
        smooth: Array = restoration.denoise_tv_chambolle(
            window / 255, weight=TV_WEIGHT * noise / 255, eps=0, max_num_iter=TV_ITERATIONS, channel_axis=-1
        )
        return 255 * smooth

    function, halo = (nl_means, DISTANCE + PATCH // 2 + 1) if method == "nl_means" else (tv, TV_ITERATIONS + 1)
    return picture.with_colors(by_tiles(function, colors, halo=halo))


def noise_of(colors: Array) -> float:
    """The standard deviation of the noise of a picture (rows, columns, 3), in grey levels of a channel.

    `median(abs(N * Y)) / (0.6745 * 6 * norm(w))`, where N are `LAPLACIANS`, Y the luminance with the weights w, and the
    noise of the channels is independent: Immerkaer 1996 (doi:10.1006/cviu.1996.0060) with the median, which details
    disturb less, in place of the mean. In a picture without flat areas its texture counts as noise.
    """
    from scipy.ndimage import convolve

    rows, columns = colors.shape[:2]
    counts, width = np.zeros(BINS, np.int64), 1024 / BINS
    for band in bands(rows, columns):
        luminance = colors[band] @ LUMA
        found = np.abs(convolve(luminance, LAPLACIANS)[1:-1, 1:-1])
        places = np.minimum(found.ravel() / width, BINS - 1).astype(np.int64)
        counts += np.bincount(places, minlength=BINS)
    total = np.cumsum(counts)
    if total[-1] == 0 or 2 * counts[0] >= total[-1]:  # at least half of the picture is flat
        return 0.0
    median = (np.searchsorted(total, total[-1] / 2) + 0.5) * width
    return float(median / (0.6745 * 6 * np.linalg.norm(LUMA)))


def sharpen(picture: Picture, amount: float = AMOUNT, *, radius: float = RADIUS) -> Picture:
    """Unsharp masking: x + amount (x - G x), with G a Gaussian.

    Args:
        picture: the picture.
        amount: 0 changes nothing.
        radius: standard deviation of the Gaussian in pixels.

    Raises:
        InvalidInputError: amount or radius is negative.
    """
    check_weight("amount of sharpening", amount)
    check_weight("radius of sharpening", radius)
    from scipy.ndimage import gaussian_filter

    def sharper(window: Array) -> Array:
        blurred: Array = gaussian_filter(window, (radius, radius, 0), mode="nearest")
        return np.asarray(window + amount * (window - blurred))

    halo = int(4 * radius + 0.5) + 1  # SciPy cuts its Gaussian off at four standard deviations
    return picture.with_colors(by_tiles(sharper, opaque_colors(picture), halo=halo))


def median(picture: Picture, size: int = 3) -> Picture:
    """The median of `size` x `size` pixels in each channel: removes single pixels, and rounds corners.

    Raises:
        InvalidInputError: the size is not odd, or above `LARGEST_MEDIAN`.
    """
    check_side(size)
    from scipy.ndimage import median_filter

    def filtered(window: Array) -> Array:
        found: Array = median_filter(window, (size, size, 1), mode="nearest")
        return found

    return picture.with_colors(by_tiles(filtered, opaque_colors(picture), halo=size // 2))


def check_side(size: int) -> None:
    """Raise `InvalidInputError` unless the side of a median is odd and at most `LARGEST_MEDIAN`."""
    if size not in range(3, LARGEST_MEDIAN + 1, 2):
        raise InvalidInputError(f"the side of a median must be odd, 3 to {LARGEST_MEDIAN}, received {size!r}")
