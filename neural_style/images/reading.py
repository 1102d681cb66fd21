"""Reads files, PIL images and arrays as RGB in 0..255: upright, in sRGB, over white."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image

from neural_style.errors import InvalidInputError, first_line
from neural_style.images.bands import Widened, alpha_of, by_bands, numbers_of
from neural_style.images.color_space import (
    decoded,
    float_to_srgb,
    read_cicp,
    tagged_encoding,
    to_srgb,
)
from neural_style.images.damage import check_length, check_segments, without_lines_of_libtiff
from neural_style.images.formats import lift_limit, open_image
from neural_style.images.frames import refuse_raw_name, select_frame, select_page, with_page_first
from neural_style.images.memory import check_fits
from neural_style.images.opening import check_name, explained, opened, silenced
from neural_style.images.orientation import ORIENTATION, upright, upright_array
from neural_style.images.picture import Array, Picture, check_extent, luminance
from neural_style.images.ranges import check_bands, check_high_bytes, from_array, scale_of_16_bits
from neural_style.images.transparency import over_white
from neural_style.validation import check_count

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ICC_PROFILE = 34675  # ICC.1 tag
_LARGEST_SAMPLES = 281, 341  # TIFF 6.0: MaxSampleValue and SMaxSampleValue


OPAQUE_BYTES, TRANSPARENT_BYTES, WEBP_BYTES, DEEP_BYTES, DEEP_TRANSPARENT_BYTES = 12, 15, 18, 16, 34
"""Bytes of a pixel in memory while a picture is read, measured (3000 x 3000 pixels): with 8 bits (9, and 12 where it is
turned), with an alpha channel (11, and 13 of an AVIF), of a WebP, whose decoder holds four copies (17), with 16 bits
(14), and with 16 bits and alpha, both in full precision with and without white behind them (33)."""


class SupportsArray(Protocol):
    """A tensor of TensorFlow, JAX or PyTorch, or anything else that NumPy takes for an array."""

    def __array__(self) -> np.ndarray[Any, Any]: ...


ImageSource = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any] | SupportsArray | Picture


class Decoded(NamedTuple):
    """What a source holds.

    Attributes:
        colors: (rows, columns, 3), straight colours in sRGB: uint8, or float32 in 0..255.
        alpha: (rows, columns), uint8 or float32 in 0..255; None where there is none.
        name, path: as in `Picture`.
        where: names the source in messages.
    """

    colors: Array
    alpha: Array | None
    name: str
    path: Path | None
    where: str


def read(source: ImageSource, *, what: str = "image", grey: bool = False, frame: int | None = None) -> Picture:
    """Read a file, a PIL image, an array or a tensor of TensorFlow, JAX or PyTorch on any device.

    An alpha channel that is zero everywhere is taken for an unused one, with a warning, if there are colours under it.

    Args:
        source: a path, a PIL image, a `Picture`, or an array or tensor (rows, columns) or (rows, columns, 1, 3 or 4)
            of uint8, bool, uint16 over its full range, other integers within 0..255, or floats in 0..255, which stay as
            they are, overshoots included. Numbers of 16 bits that are all in 0..255 are read as such, with a warning.
        what: name of the input in messages, such as "content image".
        grey: reduce the picture to its luminance in three equal channels, the reference's `gray` initial image.
        frame: of an animation, or of a TIFF with several pages, the one to read, counted from 1. By default it is the
            first (of a TIFF the first in full size), with a warning that there are others. Files with one picture, PIL
            images and arrays are read whatever it is.

    Raises:
        MissingFileError: the file does not exist.
        InvalidInputError: the source is not a picture, is damaged, has an impossible size or range, or is wholly
            transparent and of one colour.
    """
    picture = source if isinstance(source, Picture) else _composed(decode(source, what=what, frame=frame))
    return picture.with_colors(luminance(picture.colors)) if grey else picture


def decode(source: ImageSource, *, what: str, frame: int | None = None) -> Decoded:
    """The colours and the alpha of a source; arguments and errors are those of `read`."""
    if frame is not None:
        check_count("frame", frame, at_least=1)
    if isinstance(source, Picture):
        return Decoded(source.colors, source.alpha, source.name, source.path, f'{what} "{source.name}"')
    if isinstance(source, np.ndarray):
        where = f"{what} (an array)"
        return Decoded(*from_array(source, where), "an array", None, where)
    if isinstance(source, Image.Image):
        where = f"{what} (a PIL image)"
        with explained(where):
            return Decoded(*_from_pil(source, where), "a PIL image", None, where)
    if isinstance(source, str | os.PathLike):
        check_name(source, what)
        path = Path(source)
        where = f'{what} "{path}"'
        with opened(path, where) as file:
            return Decoded(*_from_file(file, frame, where), os.fspath(source), path, where)
    if hasattr(source, "__array__"):
        where = f"{what} (an array)"
        return Decoded(*from_array(_from_tensor(source, what), where), "an array", None, where)
    raise InvalidInputError(f"{what}: expected a path, a PIL image or an array, received {type(source).__name__}")


def _composed(found: Decoded) -> Picture:
    """Compose the colours over white; float alpha (0..255) is used in full precision and rounded afterwards."""
    colors, alpha = found.colors, found.alpha
    if colors.dtype == np.uint8 and colors.max() == 1:
        warnings.warn(
            f"{found.where} holds 0 and 1 only and is nearly black: if 1 is white, multiply it by 255", stacklevel=3
        )
    if alpha is not None and not np.rint(alpha).any():
        _check_hidden_colors(colors, found.where)
        alpha = None
    if alpha is None or alpha.min() == 255:
        return Picture(colors, None, found.name, found.path)
    rounded = np.rint(alpha).astype(np.uint8)
    return Picture(over_white(colors, alpha), rounded, found.name, found.path, colors)


def _check_hidden_colors(colors: Array, where: str) -> None:
    """Refuse a wholly transparent picture without colours, and warn that those of another are used."""
    if (colors == colors[0, 0]).all():
        raise InvalidInputError(
            f"{where} is wholly transparent, and nothing can be seen of it: give a picture with visible pixels, or "
            "another frame"
        )
    warnings.warn(
        f"{where} is wholly transparent: its alpha channel is taken for an unused one, and its colours for opaque",
        stacklevel=4,
    )


def _from_file(file: io.BufferedReader, frame: int | None, where: str) -> tuple[Array, Array | None]:
    for_pillow: io.BufferedReader | io.BytesIO = file
    if file.peek(4)[:4] in _TIFF_MAGIC:
        found = _from_tiff(file, frame, where)
        if not isinstance(found, io.BufferedReader | io.BytesIO):
            return found
        for_pillow = found
    cicp = read_cicp(file)
    with open_image(for_pillow) as image:
        if image.format != "TIFF":
            select_frame(image, frame, where)
        return _from_pil(image, where, cicp, file)


def _from_tensor(tensor: Any, what: str) -> Array:
    """A tensor as an array of a type that NumPy has itself, which bfloat16 is not."""
    try:
        if hasattr(tensor, "detach"):  # PyTorch's, which may be on a GPU, or part of a graph of gradients
            tensor = tensor.detach().cpu()
            tensor = tensor.float() if "bfloat16" in str(tensor.dtype) else tensor
        array = np.asarray(tensor)
    except Exception as error:  # a symbolic tensor: each framework has its own way to refuse
        raise InvalidInputError(
            f"{what}: a {type(tensor).__name__} without values is no picture ({first_line(error)}): give one "
            "that has been computed"
        ) from error
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _from_pil(
    image: Image.Image, where: str, cicp: bytes | None = None, file: io.BufferedReader | None = None
) -> tuple[Array, Array | None]:
    check_extent(image.height, image.width, where)
    if file is not None:
        check_length(image, file, where)
    from_file, is_bitmap = image.format is not None, image.format in ("BMP", "DIB")
    if from_file:
        check_fits(image.height, image.width, _bytes_per_pixel(image), where)
        with contextlib.suppress(Exception):  # a chunk of garbage damages no pixel; from here on it counts as empty
            if "exif" in image.info:
                image.getexif()
        lift_limit(image)
        if image.format == "TIFF":
            with without_lines_of_libtiff():
                image.load()
    is_wide_png = image.format == "PNG" and any(str(tile[3]).endswith(";16B") for tile in getattr(image, "tile", ()))
    # The numbers of Lab are colours by themselves, which Pillow converts.
    profile = None if image.mode == "LAB" else image.info.get("icc_profile")
    encoding = tagged_encoding(image, cicp, where) if from_file and (cicp or not profile) else None
    profile = None if cicp else profile
    image = upright(image, where)
    if image.mode == "F" and from_file:
        raise _unclear_range(where)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        array = numbers_of(image)
        if file is not None:  # and not of an image that somebody opened and will use again
            image.close()  # two bytes of a pixel less
        if image.mode == "I" and from_file:  # how an older Pillow opens a 16-bit grey PNG
            array = array.astype(np.uint16)
        key = image.info.get("transparency")  # a PNG may name one grey that is transparent
        alpha = None if key is None else np.where(array == key, np.uint8(0), np.uint8(255))
        return decoded(float_to_srgb(from_array(array, where)[0], profile, where), encoding), alpha
    alpha = alpha_of(image) if image.has_transparency_data else None
    if alpha is not None and is_bitmap and not alpha.any():  # what a BMP of 32 bits has in place of an alpha channel
        alpha = None
    if is_wide_png:
        extrema: Any = image.getextrema()
        check_high_bytes(max(high for _, high in extrema[:3]), where)
    return decoded(to_srgb(image, profile, where), encoding), alpha


def _bytes_per_pixel(image: Image.Image) -> int:
    """Bytes of a pixel while a picture is decoded, converted and composed over white, measured."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return DEEP_BYTES
    if image.format == "WEBP":
        return WEBP_BYTES
    return TRANSPARENT_BYTES if image.has_transparency_data else OPAQUE_BYTES


def _bytes_in_tiff(page: Any) -> int:
    """As `_bytes_per_pixel`, of a page of a TIFF."""
    if page.bitspersample != 16:
        return OPAQUE_BYTES
    return DEEP_TRANSPARENT_BYTES if page.extrasamples else DEEP_BYTES


def _from_tiff(
    file: io.BufferedReader, frame: int | None, where: str
) -> tuple[Array, Array | None] | io.BufferedReader | io.BytesIO:
    """A page of a 16-bit grey or RGB TIFF, of which Pillow reads 8 bits; of another TIFF the file for Pillow."""
    import tifffile

    for_pillow: io.BufferedReader | io.BytesIO = file
    refuse_raw_name(file.name, where)
    try:
        with silenced("tifffile"), tifffile.TiffFile(file) as tiff:
            page: Any = select_page(tiff, frame, where)
            for_pillow = with_page_first(file, page)
            kind, bits, tags = page.dtype.kind, page.bitspersample, page.tags
            check_extent(page.imagelength, page.imagewidth, where)
            check_fits(page.imagelength, page.imagewidth, _bytes_in_tiff(page), where)
            check_bands(page, where)
            if kind not in "bu" or bits not in (1, 2, 4, 8, 16):
                raise _unclear_range(where)
            if bits != 16 or page.photometric > 2 or page.axes not in ("YX", "YXS", "SYX"):
                return for_pillow
            check_segments(file, page, where)
            array, declared = page.asarray(), _declared_white(tags)
            orientation = tags[ORIENTATION].value if ORIENTATION in tags else 1
            profile = tags[_ICC_PROFILE].value if _ICC_PROFILE in tags else None
    except (InvalidInputError, MemoryError):
        raise
    except Exception:  # damaged, or compressed by LZW, which Pillow reads in 8 bits; otherwise Pillow raises
        return for_pillow
    array = np.moveaxis(array, 0, -1) if page.axes == "SYX" else np.atleast_3d(array)
    scale = scale_of_16_bits(array, where, declared=declared)
    if page.photometric == 0:  # "white is zero"
        scale = _inverted(scale)
    if array.shape[2] == 1:
        rgb, alpha = by_bands(lambda band: np.repeat(scale(band), 3, axis=2), array), None
    else:
        numbers = Widened(array)
        del array
        rgb, alpha = _separated(numbers.by(scale), page)
    rgb, alpha = upright_array(rgb, orientation), None if alpha is None else upright_array(alpha, orientation)
    return float_to_srgb(rgb, profile, where), alpha


def _inverted(scale: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda band: 255 - scale(band)


def _separated(numbers: Array, page: Any) -> tuple[Array, Array | None]:
    """RGB and alpha of all channels of a page in 0..255, which may be overwritten."""
    colours = 3 if page.photometric == 2 else 1
    samples, alpha, extra = numbers[..., :colours], None, page.extrasamples
    if extra and extra[0] in (1, 2):
        alpha = numbers[..., colours]
        if page.photometric == 0:
            alpha = 255 - alpha
        if extra[0] == 1:  # "associated": the colours are stored multiplied by alpha
            by_bands(_without_alpha, samples, alpha, out=samples)
    return np.repeat(samples, 3, axis=2) if colours == 1 else samples, alpha


def _without_alpha(samples: Array, alpha: Array) -> Array:
    return np.clip(samples * 255 / np.maximum(alpha, np.float32(1 / 257))[..., None], 0, 255)


def _declared_white(tags: Any) -> list[int]:
    """The largest numbers that the tags of a page name, for `scale_of_16_bits`."""
    found = [np.ravel(tags[code].value) for code in _LARGEST_SAMPLES if code in tags]
    return [int(value) for values in found for value in values]


def _unclear_range(where: str) -> InvalidInputError:
    return InvalidInputError(f"{where} stores numbers with no agreed white: save it with 8 or 16 bits per channel")
