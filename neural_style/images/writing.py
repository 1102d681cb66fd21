"""Writes RGB in 0..255 to files, atomically, with a record of how a picture was made."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from neural_style import files
from neural_style.errors import InvalidInputError
from neural_style.images.formats import open_image
from neural_style.images.opening import check_name, opened
from neural_style.images.picture import Array, check_extent, resize, to_uint8
from neural_style.images.transparency import over_white, visible_pixels, without_white
from neural_style.validation import did_you_mean

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
SUFFIXES = tuple(_FORMATS)
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"quality": 95, "exact": True},  # exact: colours under transparent pixels are kept
    "TIFF": {"compression": "tiff_adobe_deflate"},
}

LONGEST_RECORD = 2**24
"""Bytes of a record that is read; those of 10,000 iterations take 8 MB."""

_TRANSPARENT = 255  # index in the palette of a transparent frame

_RECORD_KEY = "neural_style"
_RECORD_MARK = b"neural_style:"  # marks our text in an EXIF tag or comment that other programs use, too
_IMAGE_DESCRIPTION = 270  # TIFF 6.0 tag


def check_output(
    path: str | os.PathLike[str], *, overwrite: bool, suffixes: Iterable[str] = SUFFIXES, what: str = "output"
) -> None:
    """Check before a run that `path` can be written after it; creates missing parent folders.

    Raises:
        InvalidInputError: the suffix is not one of `suffixes`, the file exists already (unless `overwrite`), or no file
            can be created there, which is tried out.
    """
    check_name(path, what)
    path, suffixes, where = Path(path), tuple(suffixes), f'{what} "{os.fspath(path)}"'
    if not path.suffix:
        raise InvalidInputError(f"{where} has no suffix: name the format, as in {path.name or 'out'}{suffixes[0]}")
    if path.suffix.lower() not in suffixes:
        raise InvalidInputError(
            f'{where} has the unknown suffix "{path.suffix}": {did_you_mean(path.suffix.lower(), suffixes)}'
        )
    files.check_place(path, where, overwrite=overwrite)


def write(
    path: str | os.PathLike[str],
    rgb: Array,
    *,
    alpha: Array | None = None,
    record: str | None = None,
    dpi: float | None = None,
    overwrite: bool = False,
) -> None:
    """Write a picture in the format of the suffix, atomically.

    Args:
        path: the file.
        rgb: (rows, columns, 3), 0..255; floats are clipped and rounded. With `alpha` these are straight colours, not
            laid over white.
        alpha: (rows, columns) uint8; a JPEG has none and gets the picture over white.
        record: a text for `read_record`. A JPEG holds 64 kB; a longer record is left out with a warning.
        dpi: pixels of an inch of a print; a WebP has no place for it.
        overwrite: whether an existing file may be replaced.

    Raises:
        InvalidInputError: the file cannot be written, or a picture has the wrong shape, type or values.
    """
    path = Path(path)
    where = f'output "{path}"'
    check_output(path, overwrite=overwrite)
    pixels = to_uint8(rgb, where)
    kind = _FORMATS[path.suffix.lower()]
    if alpha is not None:
        if alpha.shape != pixels.shape[:2] or alpha.dtype != np.uint8:
            raise InvalidInputError(
                f"alpha must be uint8 of shape {pixels.shape[:2]}, received {alpha.dtype} {alpha.shape}"
            )
        pixels = over_white(pixels, alpha) if kind == "JPEG" else np.dstack([pixels, alpha])
    options = dict(_OPTIONS[kind])
    if dpi is not None:
        options["dpi"] = (dpi, dpi)
    if record is not None:
        text = _encoded(record)
        if kind == "PNG":
            options["pnginfo"] = PngImagePlugin.PngInfo()
            options["pnginfo"].add_itxt(_RECORD_KEY, text.decode())
        else:
            options["exif"] = Image.Exif()
            options["exif"][_IMAGE_DESCRIPTION] = _RECORD_MARK + text
        if kind == "JPEG" and len(options["exif"].tobytes()) > 65533:  # what one JPEG segment holds
            del options["exif"]
            warnings.warn(
                f"{where}: a JPEG has no room for a record of {len(text)} bytes; written without it", stacklevel=2
            )
    buffer = io.BytesIO()
    with files.writing(where):
        Image.fromarray(pixels).save(buffer, kind, **options)
    with files.atomic_write(path, where, overwrite=overwrite) as file:
        file.write(buffer.getvalue())


def write_16_bit(
    path: str | os.PathLike[str], rgb: Array, *, alpha: Array | None = None, overwrite: bool = False
) -> None:
    """Write `rgb` (rows, columns, 3), floats in 0..255, as a TIFF with 16 bits per channel, atomically.

    `alpha` is (rows, columns) uint8. Pillow cannot write such a file.
    """
    import tifffile

    path = Path(path)
    where = f'output "{path}"'
    check_output(path, overwrite=overwrite, suffixes=(".tif", ".tiff"))
    pixels = np.rint(np.clip(rgb, 0, 255).astype(np.float64) * 257).astype(np.uint16)
    options: dict[str, Any] = {"photometric": "rgb", "compression": "adobe_deflate", "metadata": None}
    if alpha is not None:
        pixels = np.dstack([pixels, alpha.astype(np.uint16) * 257])
        options["extrasamples"] = ["unassalpha"]
    buffer = io.BytesIO()
    with files.writing(where):
        tifffile.imwrite(buffer, pixels, **options)
    with files.atomic_write(path, where, overwrite=overwrite) as file:
        file.write(buffer.getvalue())


def read_record(path: str | os.PathLike[str]) -> str | None:
    """The record stored in a picture or animation; None if there is none. Errors are those of `read`.

    No pixel is decoded.
    """
    check_name(path, "image")
    where = f'image "{os.fspath(path)}"'
    with opened(Path(path), where) as file, open_image(file) as image:
        check_extent(image.height, image.width, where)
        if isinstance(image, PngImagePlugin.PngImageFile):
            stored = _RECORD_MARK + text if (text := _png_text(file, _RECORD_KEY.encode())) is not None else b""
        elif image.format == "GIF":
            stored = image.info.get("comment", b"")
        else:
            stored = image.getexif().get(_IMAGE_DESCRIPTION, b"")
    # Pillow returns the bytes of this tag as Latin-1, without loss.
    stored = stored.encode("latin-1", "replace") if isinstance(stored, str) else stored
    if not isinstance(stored, bytes) or not stored.startswith(_RECORD_MARK):  # the tag may hold a number as well
        return None
    return stored.removeprefix(_RECORD_MARK).decode(errors="replace")


def _png_text(file: io.BufferedReader, keyword: bytes) -> bytes | None:
    """The international text of a PNG under a keyword; of several the last.

    Pillow decodes the whole picture for it, as text may follow the pixels.

    Reference: PNG 3, 5.3 (chunks) and 11.3.3.4 (iTXt: keyword, 0, compression flag and method, language, 0,
    translated keyword, 0, text).
    """
    file.seek(8)
    found = None
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        start = file.tell()
        if kind == b"iTXt" and length <= LONGEST_RECORD and file.read(len(keyword) + 1) == keyword + b"\0":
            content = file.read(length - len(keyword) - 1)
            text = content[2:].split(b"\0", 2)[-1]
            found = zlib.decompressobj().decompress(text, LONGEST_RECORD) if content[:1] == b"\1" else text
        file.seek(start + length + 4)  # and the checksum
    return found


def write_animation(
    path: str | os.PathLike[str],
    frames: Sequence[Array],
    *,
    alpha: Array | None = None,
    milliseconds: int = 120,
    record: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write frames as a GIF that loops and pauses for a second and a half on the last frame.

    Args:
        path: the file, with the suffix .gif.
        frames: pictures (rows, columns, 3), 0..255, resized to the last one's size; each has a palette of its own.
        alpha: (rows, columns) uint8, of any size. `frames` are then over white, which is taken away from them. A GIF
            has no partly transparent pixels: those of less than half are left out, the others opaque.
        milliseconds: duration of a frame.
        record: a text for `read_record`.
        overwrite: whether an existing file may be replaced.

    Raises:
        InvalidInputError: the file cannot be written, or there are no frames.
    """
    path = Path(path)
    where = f'animation "{path}"'
    check_output(path, overwrite=overwrite, suffixes=[".gif"], what="animation")
    if not frames:
        raise InvalidInputError(f"{where} has no frames: give at least one")
    size = frames[-1].shape[:2]
    alpha = None if alpha is None else resize(alpha, size)
    images = [with_palette(resize(to_uint8(frame, where), size), alpha) for frame in frames]
    transparency: dict[str, int] = {} if alpha is None else {"transparency": _TRANSPARENT, "disposal": 2}
    buffer = io.BytesIO()
    with files.writing(where):
        images[0].save(
            buffer,
            "GIF",
            save_all=True,
            append_images=images[1:],
            duration=[milliseconds] * (len(images) - 1) + [max(milliseconds, 1500)],
            loop=0,
            **transparency,
            **({} if record is None else {"comment": _RECORD_MARK + _encoded(record)}),
        )
    with files.atomic_write(path, where, overwrite=overwrite) as file:
        file.write(buffer.getvalue())


def with_palette(rgb: Array, alpha: Array | None) -> Image.Image:
    """A frame of a GIF: in 256 colours, or in 255 and a transparent one."""
    if alpha is None:
        return Image.fromarray(rgb).quantize(256)
    frame = Image.fromarray(without_white(rgb, alpha)).quantize(_TRANSPARENT)
    frame.paste(_TRANSPARENT, mask=Image.fromarray(np.where(visible_pixels(alpha), 0, 255).astype(np.uint8)))
    return frame


def _encoded(record: str) -> bytes:
    """UTF-8; a lone surrogate (from a file name that is not UTF-8) becomes its escape in JSON."""
    return record.encode("utf-8", "backslashreplace")
