"""A picture as this package keeps it, and what both reading and writing do to pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style.errors import InvalidInputError
from neural_style.validation import check_choice

Array = np.ndarray[Any, Any]

# Below eight pixels on a side there is no texture to read: three of VGG's poolings leave a single position of it.
MIN_SIDE = 8
# 1.5 GB of RGB: a larger picture is more likely a mistake, or a decompression bomb, than a photo.
MAX_PIXELS = 500_000_000

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of R, G and B in the luminance: those of ITU-R BT.601, JFIF's full-range YCbCr and Pillow's mode "L"."""

METHODS: dict[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    `rgb` is (rows, columns, 3), sRGB over white: uint8, or float32 in 0..255 where the source had more than 8 bits or
    was a float array. `alpha` is (rows, columns) uint8, None where every pixel is opaque. `name` is for messages and
    records.
    """

    rgb: Array
    alpha: Array | None
    name: str
    path: Path | None

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)"""
        return self.rgb.shape[0], self.rgb.shape[1]


def resize(rgb: Array, size: tuple[int, int], *, method: str = "bilinear") -> Array:
    """`rgb` (rows, columns[, channels]) at `size` (rows, columns), by Pillow; the same array where nothing is to do.

    uint8 is resized as Pillow resizes a uint8 image, rounding included; anything else in float32, channel by channel.
    """
    check_choice("resize method", method, METHODS)
    rows, columns = size
    if min(rows, columns) < 1:
        raise InvalidInputError(f"a picture needs at least one row and one column, received size={size}")
    if rgb.shape[:2] == (rows, columns):
        return rgb
    if rgb.dtype == np.uint8:
        return np.array(Image.fromarray(rgb).resize((columns, rows), METHODS[method]))
    if rgb.ndim == 3:
        return np.stack([resize(rgb[..., i], size, method=method) for i in range(rgb.shape[2])], axis=-1)
    return np.array(Image.fromarray(rgb.astype(np.float32)).resize((columns, rows), METHODS[method]))


def over_white(rgb: Array, alpha: Array) -> Array:
    if rgb.dtype == np.uint8:
        wide = alpha[..., None].astype(np.uint16)  # 255 * 255 + 127 still fits
        return ((rgb * wide + (255 - wide) * np.uint16(255) + 127) // 255).astype(np.uint8)
    opacity: Array = alpha[..., None].astype(np.float32) / np.float32(255)
    return np.asarray(rgb * opacity + (1 - opacity) * np.float32(255))


def luminance(rgb: Array) -> Array:
    """Luminance, as in Pillow's mode "L", in three equal channels."""
    if rgb.dtype == np.uint8:
        grey: Array = np.asarray(Image.fromarray(rgb).convert("L"))
    else:
        grey = np.asarray(rgb @ LUMA.astype(np.float32))
    return np.repeat(grey[..., None], 3, axis=2)


def to_uint8(rgb: Array, where: str = "picture") -> Array:
    """(rows, columns, 3), clipped to 0..255 and rounded to the nearest grey level (the reference scripts truncate).

    Raises:
        InvalidInputError: another shape, or a value that is not finite; `where` names the picture.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise InvalidInputError(f"{where}: a picture is (rows, columns, 3), received {rgb.shape}")
    if rgb.dtype == np.uint8:
        return rgb
    if not np.isfinite(rgb).all():
        raise InvalidInputError(f"{where}: the picture holds NaN or infinite values and cannot be written")
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def check_extent(rows: int, columns: int, where: str) -> None:
    if min(rows, columns) < MIN_SIDE:
        raise InvalidInputError(
            f"{where} is too small: {rows} rows by {columns} columns, each side must have at least {MIN_SIDE} pixels"
        )
    if rows * columns > MAX_PIXELS:
        raise InvalidInputError(
            f"{where} is too large: {rows} rows by {columns} columns, more than {MAX_PIXELS / 1e6:g} megapixels;"
            " make it smaller first"
        )
