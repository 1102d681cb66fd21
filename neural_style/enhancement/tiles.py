"""Filters of large pictures tile by tile: in bounded memory, and to the values of the whole picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from neural_style.images import Picture
from neural_style.images.transparency import filled

Array = np.ndarray[Any, Any]

SIDE = 512
"""Rows and columns of a tile: the same whatever memory is free, so that a picture can be made again to the bit."""


class Part(NamedTuple):
    """A tile along one side of a picture.

    Attributes:
        core: the rows or columns that belong to it.
        window: these and the halo, which ends where the picture does.
    """

    core: slice
    window: slice

    @property
    def inside(self) -> slice:
        """The core within the window."""
        start = self.core.start - self.window.start
        return slice(start, start + self.core.stop - self.core.start)


def parts(extent: int, side: int, halo: int) -> Iterator[Part]:
    """The tiles along one side of a picture."""
    for start in range(0, extent, side):
        stop = min(start + side, extent)
        yield Part(slice(start, stop), slice(max(0, start - halo), min(extent, stop + halo)))


def by_tiles(function: Callable[[Array], Array], pixels: Array, *, halo: int) -> Array:
    """A filter of a whole picture, computed tile by tile.

    Args:
        function: of floats (rows, columns, channels) to floats of that shape. It continues a picture at its borders by
            reflection or repetition.
        pixels: (rows, columns, channels), uint8 or float32 in 0..255.
        halo: pixels to each side that a value depends on.

    Returns:
        An array of the type and shape of `pixels`; floats are clipped to 0..255, and rounded for uint8.
    """
    result = np.empty_like(pixels)
    for rows in parts(pixels.shape[0], SIDE, halo):
        for columns in parts(pixels.shape[1], SIDE, halo):
            window = pixels[rows.window, columns.window].astype(np.float64)
            result[rows.core, columns.core] = as_type(function(window)[rows.inside, columns.inside], pixels.dtype)
    return result


def as_type(values: Array, dtype: np.dtype[Any]) -> Array:
    """Floats in 0..255, rounded for uint8."""
    clipped = np.clip(values, 0, 255)
    return np.rint(clipped).astype(np.uint8) if dtype == np.uint8 else clipped.astype(dtype)


def opaque_colors(picture: Picture) -> Array:
    """The colours of a picture; those of invisible pixels are the nearest visible ones, so that none bleeds in."""
    if picture.alpha is None:
        return picture.rgb
    return filled(picture.colors, picture.alpha > 0)
