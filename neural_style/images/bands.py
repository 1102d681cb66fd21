"""Bands of rows: large pictures are converted and resized in parts, so that nothing but the result takes much memory.

Pictures of a single band are computed whole. Where a function of pixels or Pillow's resampling is applied band by band,
the numbers are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, Any]

PIXELS = 1 << 18
"""Pixels of a band: intermediate results of 24 bytes a pixel then take 6 MB."""


def is_large(rows: int, columns: int) -> bool:
    """Whether a picture has several bands."""
    return rows * columns > PIXELS


def bands(rows: int, columns: int) -> Iterator[slice]:
    """The bands of a picture, from the top: at least one row each, and `PIXELS` as a rule."""
    step = max(1, PIXELS // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def by_bands(function: Callable[..., Array], *arrays: Array, out: Array | None = None) -> Array:
    """`function(*arrays)` for a function that computes each pixel from the same pixel of its arguments.

    Args:
        function: of arrays (rows, columns[, channels]) of one picture.
        arrays: see above.
        out: the array that is filled and returned, such as one of `arrays`; by default a new one.
    """
    found, rows = out, len(arrays[0])
    for band in bands(rows, arrays[0].shape[1]):
        part = function(*(array[band] for array in arrays))
        if found is None:
            if band == slice(0, rows):
                return part
            found = np.empty((rows, *part.shape[1:]), part.dtype)
        found[band] = part
    return function(*arrays) if found is None else found  # there may be no rows


def rows_of(image: Image.Image, band: slice) -> Image.Image:
    """A band of an image."""
    return image.crop((0, band.start, image.width, band.stop))


def alpha_of(image: Image.Image) -> Array:
    """The alpha channel of an image with transparency, uint8 (rows, columns)."""
    alpha = np.empty((image.height, image.width), np.uint8)
    for band in bands(image.height, image.width):
        rows = rows_of(image, band)
        alpha[band] = np.asarray((rows if rows.mode == "RGBA" else rows.convert("RGBA")).getchannel("A"))
    return alpha


def numbers_of(image: Image.Image) -> Array:
    """An image of one channel as an array of its own type: that of Pillow, without a second copy in between."""
    numbers = np.empty((image.height, image.width), np.asarray(image.crop((0, 0, 1, 1))).dtype)
    for band in bands(image.height, image.width):
        numbers[band] = np.asarray(rows_of(image, band))
    return numbers


class Widened:
    """Numbers of 16 bits that become float32 in one array of the size of the result.

    They are kept in its second half and converted from the first to the last: each float32 ends where the next number
    begins, or before that. The array that they come from can be dropped before the first half takes any memory.
    """

    def __init__(self, numbers: Array) -> None:
        """`numbers` is an array of uint16 of any shape and strides, which is copied."""
        self._memory = np.empty(2 * numbers.size, np.uint16)
        self.numbers = self._memory[numbers.size :].reshape(numbers.shape)
        self.numbers[...] = numbers

    def by(self, function: Callable[[Array], Array]) -> Array:
        """float32 of `function`, which computes each number from one; `numbers` is overwritten."""
        numbers, floats = self.numbers.reshape(-1), self._memory.view(np.float32)
        for start in range(0, numbers.size, PIXELS):
            part = slice(start, start + PIXELS)
            floats[part] = function(numbers[part])
        return floats.reshape(self.numbers.shape)
