"""Brightness and colour of a photo before it is painted.

Large bright areas, such as skies, have no texture of their own, and a painting's comes out pale in them: uhmwpe's
artistic_gen found such photos hard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_style.enhancement.tiles import as_type, opaque_colors
from neural_style.errors import InvalidInputError
from neural_style.images import LUMA, Picture
from neural_style.images.bands import bands, by_bands
from neural_style.images.picture import luminance
from neural_style.validation import check_weight

Array = np.ndarray[Any, Any]

GAMMA = 1.5

LEFT_OUT = 0.01
"""Share of the darkest and of the brightest pixels that `contrast` makes black or white."""


def grey(picture: Picture) -> Picture:
    """The luminance in three equal channels."""
    return picture.with_colors(luminance(picture.colors))


def darker(picture: Picture, gamma: float = GAMMA) -> Picture:
    """255 (x / 255)^gamma: black and white stay, and what is between becomes darker; gamma below 1 makes it brighter.

    Raises:
        InvalidInputError: gamma is not positive.
    """
    check_gamma(gamma)
    return _changed(picture, lambda x: 255 * (x / 255) ** gamma)


def check_gamma(gamma: float) -> None:
    """Raise `InvalidInputError` for a gamma that is not positive."""
    check_weight("gamma", gamma)
    if gamma == 0:
        raise InvalidInputError("gamma must be more than 0, received 0")


def contrast(picture: Picture) -> Picture:
    """The same linear map of all channels, after which the luminance, but for its extremes, fills 0..255.

    The extremes are `LEFT_OUT` of the visible pixels on each side. A picture of one luminance stays as it is.
    """
    counts = np.zeros(256, np.int64)
    for band in bands(*picture.size):
        grey_levels = np.rint(np.clip(picture.colors[band] @ LUMA, 0, 255)).astype(np.int64)
        counts += np.bincount(
            grey_levels.ravel() if picture.alpha is None else grey_levels[picture.alpha[band] > 0], minlength=256
        )
    total = np.cumsum(counts)
    low, high = (int(np.searchsorted(total, share * total[-1])) for share in (LEFT_OUT, 1 - LEFT_OUT))
    return picture if high <= low else _changed(picture, lambda x: (x - low) * (255 / (high - low)))


def _changed(picture: Picture, function: Callable[[Array], Array]) -> Picture:
    """A picture after a function of its colours, float32 in 0..255, band by band."""
    dtype = picture.rgb.dtype
    colors = by_bands(lambda x: as_type(function(np.clip(x, 0, 255).astype(np.float32)), dtype), opaque_colors(picture))
    return picture.with_colors(colors)
