"""Ranges of numbers: arrays as colours in 0..255, and what to do with those that are in another range."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.images.bands import by_bands
from neural_style.images.picture import Array, check_extent

WHITE_OF_16_BITS = 65535
"""The white of 16 bits, 257 times that of 8."""

MOST_NEGATIVE = 1 / 8
"""Share of negative numbers above which a picture is not one in 0..255 with overshoots of a resampling (a few percent)
but a normalised one (about half)."""

BEYOND_WHITE = 512
"""A float above is of a picture with another white; overshoots and highlights stay below."""


def from_array(array: Array, where: str) -> tuple[Array, Array | None]:
    """RGB and alpha of an array, as new arrays: uint8, or float32 in 0..255.

    Raises:
        InvalidInputError: its shape, type or range is not that of a picture; `where` names it in messages.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise InvalidInputError(
            f"{where} must be (rows, columns) or (rows, columns, 1, 3 or 4), channels last, received {array.shape}"
        )
    check_extent(array.shape[0], array.shape[1], where)
    source, to_levels = _conversion(array, where)
    if channels < 3:
        return by_bands(lambda band: _in_three_channels(to_levels(band)), source), None
    values = source if array.dtype.kind == "f" else by_bands(to_levels, source)
    if channels == 3:
        return values, None
    alpha = values[..., 3]
    if alpha.min() < 0 or alpha.max() > 255:
        raise InvalidInputError(f"{where}: alpha must lie in 0..255, received {alpha.min()}..{alpha.max()}")
    return np.ascontiguousarray(values[..., :3]), alpha


def _in_three_channels(grey: Array) -> Array:
    return np.repeat(grey.reshape(*grey.shape[:2], 1), 3, axis=2)


def _conversion(array: Array, where: str) -> tuple[Array, Callable[[Array], Array]]:
    """An array that has been checked, floats as a new one, and the function that makes its numbers 0..255.

    The function's results are new arrays of uint8 or float32, but for floats, which it leaves as they are.
    """
    if array.dtype == np.bool_:
        return array, lambda band: band.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return array, scale_of_16_bits(array, where)
    if array.dtype.kind in "ui":
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 255:
            raise InvalidInputError(f"{where} must lie in 0..255, received {array.dtype} in {low}..{high}")
        return array, lambda band: band.astype(np.uint8)
    if array.dtype.kind != "f":
        raise InvalidInputError(f"{where} must hold numbers in 0..255, received dtype {array.dtype}")
    with np.errstate(over="ignore"):  # values beyond float32 become infinite and are refused below
        values = array.astype(np.float32)
    _check_floats(values, where)
    return values, lambda band: band


def _check_floats(values: Array, where: str) -> None:
    """Raise `InvalidInputError` for floats that are in another range than 0..255, give or take overshoots."""
    if not np.isfinite(values).all():
        raise InvalidInputError(f"{where} holds NaN or infinite values: every value must be finite, in 0..255")
    low, high = float(values.min()), float(values.max())
    received = f"received floats in {low:.4g}..{high:.4g}"
    if low >= 0 and 0 < high <= 1:
        raise InvalidInputError(f"{where} lies within 0..1 and would be black, {received}: multiply it by 255")
    if high > BEYOND_WHITE:
        raise InvalidInputError(f"{where} must lie in 0..255, {received}: scale it so that white is 255")
    if np.mean(values < 0) > MOST_NEGATIVE:
        raise InvalidInputError(
            f"{where} must lie in 0..255, {received}, as of a picture prepared for a network: give it in RGB, without "
            "a mean subtracted"
        )


def scale_of_16_bits(array: Array, where: str, *, declared: Iterable[int] = ()) -> Callable[[Array], Array]:
    """The function from numbers of 16 bits to 0..255, float32: their white, 65535 as a rule, becomes 255.

    Where no number is above 255 they are grey levels already, since a picture that uses 0.4 % of its range would be
    black: a warning says so. One says as well that a picture is nearly black and may have a smaller white.

    Args:
        array: all numbers of a picture, 0 to 65535, colours and alpha.
        where: names the picture in messages.
        declared: the largest numbers that a file names. They count where they are 2^n - 1, of cameras with n bits;
            other programs write the largest number in use (TIFF 6.0: MaxSampleValue).
    """
    largest = int(array.max(initial=0))
    white = max(declared, default=WHITE_OF_16_BITS)
    if white in (2**bits - 1 for bits in range(8, 16)) and largest <= white:
        return lambda band: band.astype(np.float32) * np.float32(255 / white)
    if 0 < largest <= 255:
        warnings.warn(f"{where} holds 0..{largest} in 16 bits instead of 0..65535: it is read as 0..255", stacklevel=5)
        return lambda band: band.astype(np.float32)
    if largest:
        warn_of_darkness(largest, where)
    return lambda band: band.astype(np.float32) / np.float32(257)


def warn_of_darkness(largest: int, where: str) -> None:
    """Warn that the largest of numbers of 16 bits would fit into 12."""
    white = 2 ** largest.bit_length() - 1
    if white < 2**12:
        warnings.warn(
            f"{where} is nearly black: its largest number is {largest} of 65535. If white is {white}, multiply it by "
            f"{2**16 // (white + 1)}",
            stacklevel=6,
        )


def check_high_bytes(largest: int, where: str) -> None:
    """Check the largest of the upper 8 of 16 bits, of which alone Pillow reads an RGB PNG file.

    Raises:
        InvalidInputError: it is zero, and so are all others.
    """
    if not largest:
        raise InvalidInputError(
            f"{where} holds 0..255 at most in 16 bits, whose white is 65535: save it with 8 bits per channel"
        )
    warn_of_darkness(largest * 256 + 255, where)


def check_bands(page: Any, where: str) -> None:
    """Check that the bands of a page of a TIFF file (of tifffile) are colours that can be read.

    Raises:
        InvalidInputError: they are not, with what the page is and the remedy.
    """
    bits, bands, photometric = page.bitspersample, page.samplesperpixel, page.photometric
    extra = [int(each) for each in page.extrasamples]
    if photometric in (0, 1) and bands > 2:
        raise InvalidInputError(f"{where} has {bands} bands without a colour each: save three of them as RGB")
    if photometric == 5 and bands > 4 and (bits != 8 or any(extra)):
        raise InvalidInputError(
            f"{where} is a CMYK picture with {bands - 4} more channel(s), such as alpha: save it as RGB"
        )
    if photometric in (8, 9, 10) and (photometric != 8 or bits != 8 or bands != 3):
        raise InvalidInputError(f"{where} is a Lab picture of a kind that cannot be read: save it as RGB")
    if page.dtype is not None and page.dtype.kind == "u" and bits not in (1, 2, 4, 8, 16, 32, 64):
        raise InvalidInputError(f"{where} has {bits} bits per channel: save it with 8 or 16 bits per channel")
