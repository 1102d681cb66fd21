"""Metrics of pixels: structural similarity, total variation, clipping. Everything is computed in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.images import LUMA

Array = np.ndarray[Any, Any]

SSIM_WINDOW = 11
"""Side of the Gaussian window of Wang et al. 2004, and of the smallest picture that SSIM can compare."""


def structural_similarity(image: Array, reference: Array) -> float:
    """SSIM of the luminance of two pictures (Wang, Bovik, Sheikh & Simoncelli 2004), by scikit-image.

    The constants are the paper's: a Gaussian window of 11 x 11 with a standard deviation of 1.5, population
    covariances, K1 = 0.01, K2 = 0.03, and a range of 255. Luminance is that of ITU-R 601-2. Between a pastiche and its
    content it measures how much of the drawing remains, whatever the colours.

    Example:
        >>> from neural_style import metrics
        >>> from neural_style.samples import sample
        >>> cat = sample("cat")
        >>> metrics.structural_similarity(cat, cat)
        1.0
        >>> metrics.structural_similarity(255 - cat, cat) < 0
        True

    Args:
        image, reference: (H, W, 3), RGB in 0..255; values outside are clipped.

    Returns:
        At most 1; 1 for equal pictures.

    Raises:
        InvalidInputError: the shapes differ or are not those of pictures, or a side is smaller than the window.
    """
    _check_picture(image)
    if image.shape != reference.shape:
        raise InvalidInputError(f"pictures must have the same shape, received {image.shape} and {reference.shape}")
    if min(image.shape[:2]) < SSIM_WINDOW:
        raise InvalidInputError(
            f"SSIM needs at least {SSIM_WINDOW} pixels on a side, received {image.shape[0]} x {image.shape[1]}"
        )
    from skimage.metrics import structural_similarity as ssim

    one, other = (np.clip(each, 0, 255).astype(np.float64) @ LUMA for each in (image, reference))
    found = ssim(one, other, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    return float(found)


def total_variation(image: Array) -> float:
    """`mean sqrt((x[i+1,j] - x[i,j])^2 + (x[i,j+1] - x[i,j])^2)` (Rudin, Osher & Fatemi 1992), a measure of noise.

    The mean is over channels and all pixels but the last row and column, and so hardly depends on the size. The term of
    an objective is a sum with another exponent, see `neural_style.losses.total_variation`.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> slope = np.broadcast_to(np.arange(8.0)[:, None, None] * 3, (8, 8, 3))
        >>> metrics.total_variation(slope)
        3.0

    Args:
        image: (H, W, 3), at least 2 x 2.

    Returns:
        In grey levels per pixel: 0 for a single colour, about 130 for noise uniform in 0..255.

    Raises:
        InvalidInputError: the picture has a single row or column.
    """
    if min(image.shape[:2]) < 2:
        raise InvalidInputError(f"total variation needs at least 2 x 2 pixels, received {image.shape[:2]}")
    x = np.asarray(image, np.float64)
    corner = x[:-1, :-1]
    return float(np.mean(np.hypot(x[1:, :-1] - corner, x[:-1, 1:] - corner)))


def clipped_share(image: Array) -> float:
    """The share of pixels with a channel at or beyond the ends of 0..255.

    Saving clips these pixels of a float picture. In a saved picture they are the clipped ones and those of a pure
    colour, such as white paper: compare with the share in the content or the style.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> metrics.clipped_share(np.array([[[0, 9, 9], [9, 9, 9]], [[9, 255, 9], [8, 8, 8]]]))
        0.5

    Args:
        image: (H, W, 3), RGB, of any type.

    Returns:
        In 0..1.

    Raises:
        InvalidInputError: the shape is not that of a picture.
    """
    _check_picture(image)
    return float(np.mean(np.any((image <= 0) | (image >= 255), axis=-1)))


def _check_picture(image: Array) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise InvalidInputError(f"a picture must have the shape (H, W, 3), received {image.shape}")
