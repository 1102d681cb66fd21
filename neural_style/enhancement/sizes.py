"""Steps that change the size of a picture: by the embedded network, by pooling, or to a number of rows."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from neural_style import images
from neural_style.enhancement.tiles import as_type, opaque_colors, parts
from neural_style.errors import InvalidInputError
from neural_style.images import LUMA, Picture
from neural_style.images.picture import MIN_SIDE, check_extent
from neural_style.images.transparency import over_white
from neural_style.validation import check_choice, check_count

Array = np.ndarray[Any, Any]

Size = tuple[int, int]
"""Rows and columns."""

FILE = "upscaler.npz"

SCALES = (2, 4)

POOLINGS = ("average", "max")

SIDE, STEP = 256, 64
"""Side of a tile of the small picture, and the step to whose multiples smaller tiles are padded: JAX compiles a program
for every size."""


def upscale(picture: Picture, scale: int = 2) -> Picture:
    """A picture of two or four times the rows and columns, with details that the embedded network adds.

    The colours are those of Pillow's bicubic filter; the network adds the same to all channels, found from the
    luminance. Transparency is enlarged by the bicubic filter alone.

    Args:
        picture: the picture.
        scale: 2 or 4.

    Raises:
        InvalidInputError: there is no network for that scale, or the result would be too large.
    """
    rows, columns = scaled(picture.size, picture.name, scale)
    colors = enlarged(opaque_colors(picture), scale)
    if picture.alpha is None:
        return Picture(colors, None, picture.name, picture.path)
    alpha = images.resize(picture.alpha, (rows, columns), method="bicubic")
    return Picture(over_white(colors, alpha), alpha, picture.name, picture.path, colors)


def scaled(size: Size, name: str, scale: int = 2) -> Size:
    """Rows and columns after `upscale` of a picture of that size and name; the same errors."""
    check_scale(scale)
    rows, columns = (extent * scale for extent in size)
    check_extent(rows, columns, f"{name}, {scale} times as large,")
    return rows, columns


def check_scale(scale: int) -> None:
    """Raise `InvalidInputError` for a scale without a network."""
    if scale not in SCALES:
        raise InvalidInputError(f"pictures are enlarged 2 or 4 times, received {scale!r}: use rows for other sizes")


def enlarged(colors: Array, scale: int, *, side: int = SIDE) -> Array:
    """(rows, columns, 3), uint8 or float32 in 0..255, to `scale` times that.

    Tiles have the halo that the network needs, so that the result is that of the whole picture.
    """
    # Keras starts here, so that other steps do without it.
    import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
    from neural_style.enhancement.network import HALO, pixel_shuffle

    rows, columns = colors.shape[:2]
    result = np.empty((rows * scale, columns * scale, 3), colors.dtype)
    for row in parts(rows, side, HALO):
        for column in parts(columns, side, HALO):
            window = np.asarray(colors[row.window, column.window], np.float32)
            size = window.shape[0] * scale, window.shape[1] * scale
            place = _times(row.inside, scale), _times(column.inside, scale)
            smooth = images.resize(window, size, method="bicubic")[place]
            luminance = np.asarray(window @ LUMA.astype(np.float32)) / np.float32(255)
            given = _with_halo(luminance, (row.inside, column.inside), HALO)
            found = pixel_shuffle(_program(scale)(given[None, ..., None]), scale)[
                0, : smooth.shape[0], : smooth.shape[1]
            ]
            smooth += 255 * found[..., None]
            result[_times(row.core, scale), _times(column.core, scale)] = as_type(smooth, colors.dtype)
    return result


def _times(part: slice, scale: int) -> slice:
    return slice(part.start * scale, part.stop * scale)


def _with_halo(window: Array, core: tuple[slice, slice], halo: int) -> Array:
    """A window whose core has the halo on all sides and a size in multiples of `STEP`, by reflection where the picture
    ends."""
    widths = []
    for extent, inside in zip(window.shape, core, strict=True):
        rest = -(inside.stop - inside.start) % STEP
        widths.append((halo - inside.start, halo - (extent - inside.stop) + rest))
    return np.pad(window, widths, mode="symmetric")


@cache
def _program(scale: int) -> Any:
    """The network of a scale, with its weights, as a function of arrays.

    Raises:
        InvalidInputError: the embedded file is damaged.
    """
    from keras import ops

    from neural_style import backend
    from neural_style.enhancement import network
    from neural_style.features.weight_files import opened

    with (
        resources.as_file(resources.files(__package__) / FILE) as path,
        opened(path, "the upscaler") as file,
    ):
        weights = {name: file.read(f"x{scale}_{name}", shape) for name, shape in network.shapes(scale).items()}
    tensors = {name: ops.convert_to_tensor(value) for name, value in weights.items()}
    run = backend.compiled(network.details, flexible=[1])
    return lambda luminance: ops.convert_to_numpy(run(tensors, ops.convert_to_tensor(luminance)))


def reduce(picture: Picture, factor: int = 2, pooling: str = "average") -> Picture:
    """A picture of a fraction of the rows and columns, rounded up.

    Args:
        picture: the picture.
        factor: rows and columns that become one.
        pooling: `average`, or `max`, the brightest value of each channel: brighter, and harder at edges.

    Raises:
        InvalidInputError: the pooling is unknown, or the result would be too small.
    """
    return pooled(picture, reduced(picture.size, picture.name, factor, pooling), pooling)


def reduced(size: Size, name: str, factor: int = 2, pooling: str = "average") -> Size:
    """Rows and columns after `reduce` of a picture of that size and name; the same errors."""
    check_count("the factor of a reduction", factor, at_least=1)
    check_choice("pooling", pooling, POOLINGS)
    return _checked((-(-size[0] // factor), -(-size[1] // factor)), name)


def to_rows(picture: Picture, rows: int) -> Picture:
    """A picture of that many rows, by Lanczos' filter."""
    return picture.resized(at_rows(picture.size, picture.name, rows), method="lanczos")


def at_rows(size: Size, name: str, rows: int) -> Size:
    """Rows and columns after `to_rows` of a picture of that size and name; the same errors."""
    check_count("rows", rows, at_least=1)
    return _checked((rows, max(1, round(rows * size[1] / size[0]))), name)


def pooled(picture: Picture, size: tuple[int, int], pooling: str) -> Picture:
    """A picture at fewer rows and columns, by the mean or, with `maxima`, the brightest pixel of each bin."""
    _checked(size, picture.name)
    if pooling == "average":
        return picture.resized(size, method="box")
    colors = maxima(opaque_colors(picture), size)
    if picture.alpha is None:
        return picture.with_colors(colors)
    alpha = maxima(picture.alpha, size)
    return Picture(over_white(colors, alpha), alpha, picture.name, picture.path, colors)


def maxima(pixels: Array, size: tuple[int, int]) -> Array:
    """Max pooling of (rows, columns[, channels]); bins differ in size by one where `size` is no whole fraction."""
    rows, columns = (np.arange(count) * extent // count for count, extent in zip(size, pixels.shape[:2], strict=True))
    return np.asarray(np.maximum.reduceat(np.maximum.reduceat(pixels, rows, axis=0), columns, axis=1))


def _checked(size: Size, name: str) -> Size:
    if min(size) < MIN_SIDE:
        raise InvalidInputError(f"{name} would have {size[0]} x {size[1]} pixels, fewer than {MIN_SIDE} on a side")
    check_extent(*size, f"{name}, resized,")
    return size
