"""Reads files, PIL images and arrays as RGB in 0..255: upright, in sRGB, over white."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from neural_style.errors import InvalidInputError
from neural_style.images.color_space import decoded, float_to_srgb, profile_to_srgb, read_cicp, tagged_encoding
from neural_style.images.formats import open_image
from neural_style.images.memory import check_fits
from neural_style.images.opening import check_name, explained, opened, silenced
from neural_style.images.orientation import upright
from neural_style.images.picture import Array, Picture, check_extent, luminance, over_white
from neural_style.images.ranges import check_bands, check_high_bytes, from_16_bits, from_array

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION, _ICC_PROFILE = 274, 34675  # Exif 2.3 and ICC.1 tags
_LARGEST_SAMPLES = 281, 341  # TIFF 6.0: MaxSampleValue and SMaxSampleValue


OPAQUE_BYTES, TRANSPARENT_BYTES, DEEP_BYTES = 12, 24, 36
"""Bytes of a pixel in memory while a picture is read: with 8 bits, with an alpha channel, and with 16 bits or more."""


class SupportsArray(Protocol):
    """A tensor of TensorFlow, JAX or PyTorch, or anything else that NumPy takes for an array."""

    def __array__(self) -> np.ndarray[Any, Any]: ...


ImageSource = str | os.PathLike[str] | Image.Image | np.ndarray[Any, Any] | SupportsArray | Picture


def read(source: ImageSource, *, what: str = "image", grey: bool = False) -> Picture:
    """Read a file, a PIL image, an array or a tensor of TensorFlow, JAX or PyTorch on any device.

    Args:
        source: a path, a PIL image, a `Picture`, or an array or tensor (rows, columns) or (rows, columns, 1, 3 or 4)
            of uint8, bool, uint16 over its full range, other integers within 0..255, or floats in 0..255, which stay as
            they are, overshoots included. Numbers of 16 bits that are all in 0..255 are read as such, with a warning.
        what: name of the input in messages, such as "content image".
        grey: reduce the picture to its luminance in three equal channels, the reference's `gray` initial image.

    Raises:
        MissingFileError: the file does not exist.
        InvalidInputError: the source is not a picture, is damaged, or has an impossible size or range.
    """
    if isinstance(source, Picture):
        picture = source
    elif isinstance(source, np.ndarray):
        picture = _picture(*from_array(source, f"{what} (an array)"), "an array", None)
    elif isinstance(source, Image.Image):
        where = f"{what} (a PIL image)"
        with explained(where):
            picture = _picture(*_from_pil(source, where), "a PIL image", None)
    elif isinstance(source, str | os.PathLike):
        check_name(source, what)
        path = Path(source)
        where = f'{what} "{path}"'
        with opened(path, where) as file:
            content = _from_tiff(file, where) if file.peek(4)[:4] in _TIFF_MAGIC else None
            if content is None:
                cicp = read_cicp(file)
                with open_image(file) as image:
                    content = _from_pil(image, where, cicp)
        picture = _picture(*content, os.fspath(source), path)
    elif hasattr(source, "__array__"):
        picture = _picture(*from_array(_from_tensor(source, what), f"{what} (an array)"), "an array", None)
    else:
        raise InvalidInputError(f"{what}: expected a path, a PIL image or an array, received {type(source).__name__}")
    return replace(picture, rgb=luminance(picture.rgb)) if grey else picture


def _picture(rgb: Array, alpha: Array | None, name: str, path: Path | None) -> Picture:
    """Compose the colours over white; float alpha (0..255) is used in full precision and rounded afterwards."""
    if alpha is not None:
        rgb = over_white(rgb, alpha)
        alpha = np.rint(alpha).astype(np.uint8)
        alpha = None if alpha.min() == 255 else alpha
    return Picture(rgb, alpha, name, path)


def _from_tensor(tensor: Any, what: str) -> Array:
    """A tensor as an array of a type that NumPy has itself, which bfloat16 is not."""
    try:
        if hasattr(tensor, "detach"):  # PyTorch's, which may be on a GPU, or part of a graph of gradients
            tensor = tensor.detach().cpu()
            tensor = tensor.float() if "bfloat16" in str(tensor.dtype) else tensor
        array = np.asarray(tensor)
    except Exception as error:  # a symbolic tensor: each framework has its own way to refuse
        why = (str(error).splitlines() or [""])[0]
        raise InvalidInputError(
            f"{what}: a {type(tensor).__name__} without values is no picture ({why}): give one that has been computed"
        ) from error
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _from_pil(image: Image.Image, where: str, cicp: bytes | None = None) -> tuple[Array, Array | None]:
    check_extent(image.height, image.width, where)
    from_file = image.format is not None
    if from_file:
        check_fits(image.height, image.width, _bytes_per_pixel(image), where)
        with contextlib.suppress(Exception):  # a chunk of garbage damages no pixel; from here on it counts as empty
            if "exif" in image.info:
                image.getexif()
    is_wide_png = image.format == "PNG" and any(str(tile[3]).endswith(";16B") for tile in getattr(image, "tile", ()))
    # The numbers of Lab are colours by themselves, which Pillow converts.
    profile = None if image.mode == "LAB" else image.info.get("icc_profile")
    encoding = tagged_encoding(image, cicp, where) if from_file and (cicp or not profile) else None
    profile = None if cicp else profile
    image = upright(image, where)
    if image.mode == "F" and from_file:
        raise _unclear_range(where)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        array = np.asarray(image)
        if image.mode == "I" and from_file:  # how an older Pillow opens a 16-bit grey PNG
            array = array.astype(np.uint16)
        key = image.info.get("transparency")  # a PNG may name one grey that is transparent
        alpha = None if key is None else np.where(array == key, 0, 255).astype(np.uint8)
        return decoded(float_to_srgb(from_array(array, where)[0], profile, where), encoding), alpha
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = np.array(image.getchannel("A"))
    else:
        alpha = None
    image = image if image.mode in ("CMYK", "RGB") else image.convert("RGB")
    if is_wide_png:
        check_high_bytes(np.asarray(image), where)
    return decoded(np.array(profile_to_srgb(image, profile, where)), encoding), alpha


def _bytes_per_pixel(image: Image.Image) -> int:
    """Bytes of a pixel while a picture is decoded, converted and composed over white, measured."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return DEEP_BYTES
    return TRANSPARENT_BYTES if image.has_transparency_data else OPAQUE_BYTES


def _from_tiff(file: io.BufferedReader, where: str) -> tuple[Array, Array | None] | None:
    """The first page of a 16-bit grey or RGB TIFF, of which Pillow reads 8 bits; None for a TIFF for Pillow."""
    import tifffile

    try:
        with silenced("tifffile"), tifffile.TiffFile(file) as tiff:
            page: Any = tiff.pages[0]
            kind, bits, tags = page.dtype.kind, page.bitspersample, page.tags
            check_extent(page.imagelength, page.imagewidth, where)
            check_fits(page.imagelength, page.imagewidth, DEEP_BYTES if bits == 16 else OPAQUE_BYTES, where)
            check_bands(page, where)
            if kind not in "bu" or bits not in (1, 2, 4, 8, 16):
                raise _unclear_range(where)
            if bits != 16 or page.photometric > 2 or page.axes not in ("YX", "YXS", "SYX"):
                return None
            array, declared = page.asarray(), _declared_white(tags)
            orientation = tags[_ORIENTATION].value if _ORIENTATION in tags else 1
            profile = tags[_ICC_PROFILE].value if _ICC_PROFILE in tags else None
    except InvalidInputError:
        raise
    except Exception:  # damaged, or compressed by LZW, which Pillow reads in 8 bits; otherwise Pillow raises
        return None
    array = from_16_bits(array, where, declared=declared)
    array = np.moveaxis(array, 0, -1) if page.axes == "SYX" else np.atleast_3d(array)
    colours = 3 if page.photometric == 2 else 1
    samples, extra = array[..., :colours], page.extrasamples
    samples = 255 - samples if page.photometric == 0 else samples  # "white is zero"
    alpha = None
    if extra and extra[0] in (1, 2):
        alpha = array[..., colours]
        if extra[0] == 1:  # "associated": the colours are stored multiplied by alpha
            samples = np.clip(samples * 255 / np.maximum(alpha, np.float32(1 / 257))[..., None], 0, 255)
        alpha = _upright(alpha, orientation)
    rgb = np.repeat(samples, 3, axis=2) if colours == 1 else samples
    return float_to_srgb(_upright(rgb, orientation), profile, where), alpha


def _declared_white(tags: Any) -> list[int]:
    """The largest numbers that the tags of a page name, for `from_16_bits`."""
    found = [np.ravel(tags[code].value) for code in _LARGEST_SAMPLES if code in tags]
    return [int(value) for values in found for value in values]


def _upright(array: Array, orientation: int) -> Array:
    """Undo an EXIF orientation: 5 to 8 exchange rows and columns; rows, columns or both are then reversed."""
    array = array.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else array
    array = array[:, ::-1] if orientation in (2, 3, 6, 7) else array
    return np.ascontiguousarray(array[::-1] if orientation in (3, 4, 7, 8) else array)


def _unclear_range(where: str) -> InvalidInputError:
    return InvalidInputError(f"{where} stores numbers without a defined white: save it with 8 or 16 bits per channel")
