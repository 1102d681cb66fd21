"""Transparency: colours over white and without it, and the pixels that can be seen.

Colours are straight, as they are stored in files: not multiplied by alpha. A run sees them over white, so that a
pastiche is over white as well, and `without_white` is applied once, where it is written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style.images.bands import by_bands

Array = np.ndarray[Any, Any]


def over_white(rgb: Array, alpha: Array) -> Array:
    """`alpha rgb + (1 - alpha) white`, rounded for uint8, for `rgb` (rows, columns, 3) and `alpha` (rows, columns)."""
    return by_bands(_over_white, rgb, alpha)


def _over_white(rgb: Array, alpha: Array) -> Array:
    if rgb.dtype == np.uint8:
        wide = alpha[..., None].astype(np.uint16)  # 255 * 255 + 127 still fits
        return ((rgb * wide + (255 - wide) * np.uint16(255) + 127) // 255).astype(np.uint8)
    opacity: Array = alpha[..., None].astype(np.float32) / np.float32(255)
    return np.asarray(rgb * opacity + (1 - opacity) * np.float32(255))


def without_white(rgb: Array, alpha: Array) -> Array:
    """The inverse of `over_white`: `white - (white - rgb) / alpha` in 0..255, and `rgb` where alpha is zero.

    uint8 is rounded; the error is then at most `1 / (2 alpha)` levels, so that the result over white is `rgb` again.
    What is darker than alpha allows is clipped.
    """
    return by_bands(_without_white, rgb, alpha)


def _without_white(rgb: Array, alpha: Array) -> Array:
    opacity = alpha[..., None].astype(np.float32) / np.float32(255)
    colours = 255 - (255 - rgb.astype(np.float32)) / np.where(opacity > 0, opacity, 1)
    colours = np.clip(colours, 0, 255)
    return np.rint(colours).astype(np.uint8) if rgb.dtype == np.uint8 else colours.astype(rgb.dtype)


def visible_pixels(alpha: Array) -> Array:
    """Where alpha is at least half of its largest value, bool (rows, columns).

    By half and not in proportion to alpha, as for masks: pixels of an edge have the colours of their neighbours, but in
    8 bits they are known to `1 / (2 alpha)` levels only.
    """
    return np.asarray(2 * alpha.astype(np.uint16) >= alpha.max())


def bounding_box(visible: Array) -> tuple[slice, slice]:
    """Rows and columns of the smallest rectangle that holds all visible pixels."""
    rows, columns = (np.flatnonzero(visible.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def filled(colors: Array, visible: Array) -> Array:
    """`colors` with those of the nearest visible pixel where nothing can be seen."""
    from scipy.ndimage import distance_transform_edt

    _, (rows, columns) = distance_transform_edt(~visible, return_indices=True)
    return np.asarray(colors[rows, columns])
