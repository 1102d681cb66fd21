"""A picture in memory, and the operations on pixels that reading and writing share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from PIL import Image

from neural_style.errors import InvalidInputError
from neural_style.images.bands import bands, by_bands, is_large
from neural_style.images.transparency import over_white, without_white
from neural_style.validation import check_choice

Array = np.ndarray[Any, Any]

MIN_SIDE = 8
"""Smaller pictures have no texture: three of VGG's poolings leave a single position of eight pixels."""

MAX_PIXELS = 500_000_000
"""1.5 GB of RGB; a larger picture is more likely a mistake, or a decompression bomb, than a photo."""

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
    """A picture in memory.

    Attributes:
        rgb: (rows, columns, 3), sRGB over white: uint8, or float32 in 0..255 if the source had more than 8 bits or was
            a float array.
        alpha: (rows, columns) uint8; None if every pixel is opaque.
        name: name for messages and records.
        path: the file; None for an array or a PIL image.
        straight: of a transparent picture, the colours as they were stored; None to compute them from `rgb`.
    """

    rgb: Array
    alpha: Array | None
    name: str
    path: Path | None
    straight: Array | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)"""
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def is_grey(self) -> bool:
        """Whether no pixel's channels differ by more than a level."""
        return all(
            bool((self.rgb[band].max(axis=2).astype(np.float32) - self.rgb[band].min(axis=2) <= 1).all())
            for band in bands(*self.size)
        )

    @property
    def colors(self) -> Array:
        """The colours without the white behind them, (rows, columns, 3): what a file with an alpha channel holds."""
        if self.alpha is None:
            return self.rgb
        return without_white(self.rgb, self.alpha) if self.straight is None else self.straight

    def with_colors(self, colors: Array) -> Self:
        """The same with other `colors`, and `rgb` to match."""
        if self.alpha is None:
            return replace(self, rgb=colors)
        return replace(self, rgb=over_white(colors, self.alpha), straight=colors)

    def resized(self, size: tuple[int, int], *, method: str = "bilinear") -> Self:
        """The same at `size` (rows, columns), each pixel counting by its alpha.

        Colours become `resize(alpha colors) / resize(alpha)` (premultiplied colours, Porter & Duff 1984). Resized as
        they are, those of invisible pixels would bleed into the edges.
        """
        if self.alpha is None or self.size == size:
            return replace(self, rgb=resize(self.rgb, size, method=method))
        colors, alpha = self.colors, self.alpha

        def opacity(band: slice) -> Array:
            return np.asarray(alpha[band].astype(np.float32) / np.float32(255))

        def premultiplied(band: slice) -> Array:
            return np.asarray(colors[band] * opacity(band)[..., None])

        weight = np.clip(resize_bands(opacity, self.size, size, method=method), 0, 1)
        product = resize_bands(premultiplied, self.size, size, method=method)
        colors = np.clip(product / np.maximum(weight, np.float32(1e-3))[..., None], 0, 255)
        if self.rgb.dtype == np.uint8:
            colors = np.rint(colors).astype(np.uint8)
        return replace(self, alpha=np.rint(255 * weight).astype(np.uint8)).with_colors(colors)


def resize(rgb: Array, size: tuple[int, int], *, method: str = "bilinear") -> Array:
    """Resize `rgb` (rows, columns[, channels]) to `size` (rows, columns) by Pillow; the same array if it has that size.

    uint8 is resized in 8 bits with Pillow's rounding, other types in float32, channel by channel.

    Raises:
        InvalidInputError: the method is unknown, or the size is not positive.
    """
    check_choice("resize method", method, METHODS)
    rows, columns = size
    if min(rows, columns) < 1:
        raise InvalidInputError(f"a picture needs at least one row and one column, received size={size}")
    if rgb.shape[:2] == (rows, columns):
        return rgb
    if is_large(*rgb.shape[:2]) and columns < rgb.shape[1] and rgb.shape[2:] in ((), (3,)):
        return resize_bands(lambda band: rgb[band], (rgb.shape[0], rgb.shape[1]), size, method=method)
    return _resized(rgb, size, method)


def _resized(rgb: Array, size: tuple[int, int], method: str) -> Array:
    rows, columns = size
    if rgb.dtype == np.uint8:
        return np.array(Image.fromarray(rgb).resize((columns, rows), METHODS[method]))
    if rgb.ndim == 3:
        return np.stack([_resized(rgb[..., i], size, method) for i in range(rgb.shape[2])], axis=-1)
    return np.array(Image.fromarray(rgb.astype(np.float32)).resize((columns, rows), METHODS[method]))


def resize_bands(
    part: Callable[[slice], Array], size: tuple[int, int], wanted: tuple[int, int], *, method: str = "bilinear"
) -> Array:
    """As `resize`, of a picture that is computed band by band.

    Where the bands become narrower they are narrowed before they are joined, as Pillow itself narrows a picture before
    it changes its height: the pixels are the same, and the whole picture is in memory at no time.

    Args:
        part: gives the rows of a slice.
        size: rows and columns of the picture.
        wanted: rows and columns of the result.
        method: see `METHODS`.
    """
    rows, columns = size
    if columns <= wanted[1] or not is_large(rows, columns):
        return resize(part(slice(0, rows)), wanted, method=method)
    narrow = [_resized(part(band), (band.stop - band.start, wanted[1]), method) for band in bands(rows, columns)]
    return _resized(np.concatenate(narrow), wanted, method)


def luminance(rgb: Array) -> Array:
    """Luminance, as in Pillow's mode "L", in three equal channels."""
    return by_bands(_luminance, rgb)


def _luminance(rgb: Array) -> Array:
    if rgb.dtype == np.uint8:
        grey: Array = np.asarray(Image.fromarray(rgb).convert("L"))
    else:
        grey = np.asarray(rgb @ LUMA.astype(np.float32))
    return np.repeat(grey[..., None], 3, axis=2)


def to_uint8(rgb: Array, where: str = "picture") -> Array:
    """Clip a picture (rows, columns, 3) to 0..255 and round it to uint8; the reference scripts truncate.

    Raises:
        InvalidInputError: the shape is another, or a value is not finite; `where` names the picture in messages.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise InvalidInputError(f"{where}: a picture is (rows, columns, 3), received {rgb.shape}")
    if rgb.dtype == np.uint8:
        return rgb
    if not all(np.isfinite(rgb[band]).all() for band in bands(*rgb.shape[:2])):
        raise InvalidInputError(f"{where}: the picture holds NaN or infinite values: every value must be finite")
    return by_bands(lambda band: np.clip(np.rint(band), 0, 255).astype(np.uint8), rgb)


def check_extent(rows: int, columns: int, where: str) -> None:
    """Raise `InvalidInputError` for a picture below `MIN_SIDE` or above `MAX_PIXELS`."""
    if min(rows, columns) < MIN_SIDE:
        raise InvalidInputError(
            f"{where} is too small: {rows} rows by {columns} columns, each side must have at least {MIN_SIDE} pixels"
        )
    if rows * columns > MAX_PIXELS:
        raise InvalidInputError(
            f"{where} is too large: {rows} rows by {columns} columns, more than {MAX_PIXELS / 1e6:g} megapixels;"
            " make it smaller first"
        )
