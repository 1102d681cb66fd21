"""Conversion to sRGB: by an ICC profile, or by the tags of cameras and of PNG files that stand for one."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from neural_style.errors import InvalidInputError
from neural_style.images.bands import bands, by_bands, rows_of
from neural_style.images.picture import Array

_EXIF_IFD, _INTEROP_IFD, _COLOR_SPACE, _INTEROP_INDEX = 0x8769, 0xA005, 0xA001, 1  # Exif 2.3
_UNCALIBRATED = 0xFFFF
_SRGB_GAMMA = 0.45455  # what PNG files write in gAMA for sRGB
_D65 = 0.3127, 0.3290

# (x, y) of red, green and blue, and the codes of ITU-T H.273 that cICP has for them.
_SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_ADOBE = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
_PRIMARIES = {
    1: _SRGB,
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_HDR = {16: "PQ", 18: "HLG"}


class Encoding(NamedTuple):
    """How numbers stand for colours: the chromaticities of the primaries, and linear light = value ** `exponent`.

    An exponent of None is the curve of sRGB.
    """

    primaries: tuple[tuple[float, float], ...]
    exponent: float | None


def tagged_encoding(image: Image.Image, cicp: bytes | None, where: str) -> Encoding | None:
    """The encoding that the tags of a picture without an ICC profile name; None for sRGB.

    Args:
        image: as Pillow opened it.
        cicp: the chunk of that name in a PNG file, from `read_cicp`.
        where: names the picture in messages.

    Raises:
        InvalidInputError: the picture is HDR.

    Reference: PNG 3, 11.3.2 (cICP, sRGB, gAMA); Exif 2.3, 4.6.5 and DCF 2.0, whose index R03 stands for Adobe RGB.
    """
    if cicp is not None and len(cicp) >= 2:
        primaries, transfer = cicp[0], cicp[1]
        if transfer in _HDR:
            raise InvalidInputError(
                f"{where} is an HDR picture ({_HDR[transfer]}, by its cICP chunk): export it in sRGB, as SDR, first"
            )
        found = Encoding(_PRIMARIES.get(primaries, _SRGB), 1.0 if transfer == 8 else None)
        return None if found == (_SRGB, None) else found
    gamma = image.info.get("gamma")
    if image.format == "PNG" and gamma and "srgb" not in image.info and abs(gamma - _SRGB_GAMMA) > 0.01:
        return Encoding(_SRGB, 1 / gamma)
    exif = image.getexif()
    space = exif.get_ifd(_EXIF_IFD).get(_COLOR_SPACE)
    index = ""
    with contextlib.suppress(KeyError):  # which Pillow 12.3 raises where there are none
        index = exif.get_ifd(_INTEROP_IFD).get(_INTEROP_INDEX, "")
    index = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    if index.startswith("R03") or space == 2:
        return Encoding(_ADOBE, 563 / 256)
    if space == _UNCALIBRATED:
        warnings.warn(
            f"{where} is in another colour space than sRGB and has no profile: colours may be off; export it in sRGB",
            stacklevel=2,
        )
    return None


def read_cicp(file: io.BufferedReader) -> bytes | None:
    """The cICP chunk of a PNG file, which Pillow does not keep; None where there is none."""
    file.seek(0)
    if file.read(8) != b"\x89PNG\r\n\x1a\n":
        return None
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"cICP":
            return file.read(min(length, 4))
        if kind == b"IDAT":
            return None
        file.seek(length + 4, io.SEEK_CUR)
    return None


def decoded(rgb: Array, encoding: Encoding | None) -> Array:
    """`rgb` (rows, columns, 3), 0..255 in an encoding, in sRGB, in the same array; uint8 stays uint8.

    Linear light is mapped through XYZ, and what sRGB cannot show is clipped.
    """
    if encoding is None:
        return rgb
    return by_bands(lambda band: _decoded(band, encoding), rgb, out=rgb)


def _decoded(rgb: Array, encoding: Encoding) -> Array:
    values = np.clip(rgb.astype(np.float64) / 255, 0, 1)
    exponent = encoding.exponent
    if exponent is None:
        linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    else:
        linear = values**exponent
    if encoding.primaries != _SRGB:
        matrix = np.linalg.inv(_xyz_of(_SRGB)) @ _xyz_of(encoding.primaries)
        linear = np.clip(linear @ matrix.T, 0, 1)
    # IEC 61966-2-1
    encoded = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return np.rint(encoded).astype(np.uint8) if rgb.dtype == np.uint8 else encoded.astype(np.float32)


def _xyz_of(primaries: tuple[tuple[float, float], ...]) -> Array:
    """The matrix from linear RGB with these primaries and the white of D65 to XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (*primaries, _D65)]).T
    red_green_blue, white = columns[:, :3], columns[:, 3]
    return np.asarray(red_green_blue * np.linalg.solve(red_green_blue, white))


def to_srgb(image: Image.Image, profile: bytes | None, where: str) -> Array:
    """An image of any mode but those of 16 bits in sRGB, uint8 (rows, columns, 3), without its transparency.

    A profile that cannot be used is ignored with a warning.
    """
    convert = _converter(image, profile, where)
    colors = np.empty((image.height, image.width, 3), np.uint8)
    for band in bands(image.height, image.width):
        colors[band] = np.asarray(convert(rows_of(image, band)))
    return colors


def float_to_srgb(rgb: Array, profile: bytes | None, where: str) -> Array:
    """As `to_srgb` of floats, in the same array: the change at 8 bits is added to the full precision."""
    if not profile:
        return rgb
    eight = np.rint(np.clip(rgb, 0, 255)).astype(np.uint8)
    convert = _converter(Image.fromarray(eight), profile, where)

    def change(band: Array, eight: Array) -> Array:
        converted = np.asarray(convert(Image.fromarray(eight))).astype(np.float32)
        return np.clip(band + (converted - eight), 0, 255)

    return by_bands(change, rgb, eight, out=rgb)


def _converter(image: Image.Image, profile: bytes | None, where: str) -> Callable[[Image.Image], Image.Image]:
    """The function from bands of an image to RGB in sRGB."""
    if profile:
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode, space = "CMYK" if image.mode == "CMYK" else "RGB", source.profile.xcolor_space.strip()
            if space == "GRAY" and mode == "RGB" and _is_grey(image):
                mode = "L"
            elif space != mode:
                raise ValueError(f"it is for {space}, the picture is {mode}")
            transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")

            def convert(rows: Image.Image) -> Any:
                rows = rows if rows.mode in ("RGB", "CMYK") else rows.convert("RGB")
                rows = rows if rows.mode == mode else rows.convert(mode)
                return ImageCms.applyTransform(rows, transform)

            convert(image.crop((0, 0, 1, 1)))
            return convert
        except Exception as error:  # the profile is a program of its own: littleCMS and Pillow fail in many ways
            warnings.warn(f"the colour profile of {where} is ignored, colours may be off: {error}", stacklevel=2)
    return lambda rows: rows.convert("RGB")


def _is_grey(image: Image.Image) -> bool:
    """Whether red, green and blue are the same everywhere."""
    for band in bands(image.height, image.width):
        colors = np.asarray(rows_of(image, band).convert("RGB"))
        if (colors != colors[..., :1]).any():
            return False
    return True
