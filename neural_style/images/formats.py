"""File formats: those that are read, and what to do with the others."""

from __future__ import annotations

import contextlib
import io
import struct
from importlib import import_module
from typing import Any

from PIL import Image, UnidentifiedImageError

from neural_style.images.damage import LONGEST_HEADER, has_short_header

READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "PPM")
"""Names of Pillow. Its other formats stay closed: some of them start programs (EPS runs Ghostscript)."""

PPM_ENDINGS = (".ppm", ".pgm", ".pbm", ".pnm", ".pfm")

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp"),
    *(".jfif", ".jpe", ".mpo", ".avif", ".heic", ".heif", ".ppm", ".pgm", ".pnm", ".pbm"),
)
"""Endings of files that are read, or named with a remedy where a package is missing."""

FOREIGN = (
    *(".psd", ".pdf", ".svg", ".eps", ".ico", ".tga", ".jp2", ".jxl", ".exr", ".hdr", ".xcf", ".dng", ".nef", ".cr2"),
    *(".apng", ".mp4", ".mov", ".webm", ".avi", ".mkv", ".json"),
)
"""Further endings by which people name pictures, films and records, and in which no picture is written."""

RAW = "a camera RAW file: develop it first, and export it as TIFF, JPEG or PNG"

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_HEIF_PACKAGE = "run 'pip install pillow-heif', or save it as JPEG or PNG"
_SIGNATURES = (
    (0, b"8BPS", "a Photoshop document: save it as PNG or TIFF"),
    (0, b"%PDF", "not a picture but a PDF document: save the page as PNG"),
    (0, b"%!PS", "not a picture but a PostScript file: save it as PNG"),
    (0, b"<svg", "not a picture but an SVG drawing: save it as PNG in the size that you want"),
    (0, b"\xff\x0a", "a JPEG XL picture: save it as PNG or JPEG"),
    (4, b"JXL ", "a JPEG XL picture: save it as PNG or JPEG"),
    (4, b"jP  ", "a JPEG 2000 picture: save it as PNG or JPEG"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture: save it as PNG or JPEG"),
    (0, b"v/1\x01", "an OpenEXR picture, which is HDR: save it as PNG"),
    (0, b"#?RADIANCE", "a Radiance picture, which is HDR: save it as PNG"),
    (0, b"gimp xcf", "a GIMP document: export it as PNG"),
    (4, b"ftypcrx", RAW),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"IIRO", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIRS", RAW),
    (0, b"IIU\0", RAW),
    (0, b"FOVb", RAW),
    (4, b"ftypqt", "a video: save one of its frames as PNG"),
    (4, b"ftypisom", "a video: save one of its frames as PNG"),
    (4, b"ftypmp4", "a video: save one of its frames as PNG"),
    (0, b"\x1a\x45\xdf\xa3", "a video: save one of its frames as PNG"),
    (0, b"<!DOCTYPE", "not a picture but a web page: download the picture itself"),
    (0, b"<!doctype", "not a picture but a web page: download the picture itself"),
    (0, b"<html", "not a picture but a web page: download the picture itself"),
    (0, b"version https://git-lfs", "not a picture but a pointer of Git LFS: run 'git lfs pull'"),
)


def open_image(file: io.BufferedReader | io.BytesIO) -> Image.Image:
    """`PIL.Image.open` of the formats in `READABLE`, whatever size `PIL.Image.MAX_IMAGE_PIXELS` allows.

    That limit is global and the host program's, so it stays as it is; `check_extent` sets ours. HEIC is read where
    pillow-heif is installed, without registering it with Pillow.

    A PPM file is one by its name as well: it begins with two letters, as many a text does.

    Raises:
        UnidentifiedImageError: the file has none of these formats; its text says what the file is, and the remedy.
    """
    if not set(READABLE) <= set(Image.OPEN):
        Image.init()
    for name in READABLE:
        if name not in Image.OPEN:  # a Pillow that was built without it
            continue
        factory, accept = Image.OPEN[name]
        file.seek(0)
        accepted = accept(file.read(16)) if accept is not None else True
        if isinstance(accepted, str) or not accepted:  # a text says why this Pillow cannot read the format
            continue
        if name == "PPM" and not str(getattr(file, "name", "x.ppm")).lower().endswith(PPM_ENDINGS):
            raise UnidentifiedImageError(
                "not a picture by its name, and may be a PPM file by its content: let the name end in .ppm"
            )
        file.seek(0)
        if name == "PPM" and not has_short_header(file.read(LONGEST_HEADER)):
            raise UnidentifiedImageError("a PPM file with a comment that is longer than a header: save it again")
        file.seek(0)
        with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):  # what Pillow takes for "no"
            return factory(file, "")
    file.seek(0)
    head = file.read(512)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return _open_heic(file)
    raise UnidentifiedImageError(_description(head))


def lift_limit(image: Any) -> None:
    """Let the pixels of a TIFF be decoded, whose number Pillow holds against `PIL.Image.MAX_IMAGE_PIXELS` once more.

    That happens where it makes the memory for them, so they get it here.
    """
    if image.format == "TIFF" and image._im is None:
        image.im = Image.core.new(image.mode, image._tile_size)  # type: ignore[attr-defined]


def _open_heic(file: io.BufferedReader | io.BytesIO) -> Image.Image:
    try:
        pillow_heif: Any = import_module("pillow_heif")  # optional, and without type hints
    except ImportError:
        raise UnidentifiedImageError(f"a HEIC photo, which needs a further package: {_HEIF_PACKAGE}") from None
    file.seek(0)
    image: Image.Image = pillow_heif.HeifImageFile(file)
    return image


def _description(head: bytes) -> str:
    """What a file is that begins so, and what to do."""
    if head[4:12] in (b"ftypavif", b"ftypavis") and "AVIF" in Image.OPEN:
        return "a damaged AVIF picture: get or save it again"
    if head[4:12] in (b"ftypavif", b"ftypavis"):
        return "an AVIF picture, which this Pillow cannot read: run 'pip install -U pillow', or save it as PNG"
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if b"<svg" in text and text.startswith(b"<?xml"):
        return "not a picture but an SVG drawing: save it as PNG in the size that you want"
    for start, signature, description in _SIGNATURES:
        if head[start:].startswith(signature) or (start == 0 and text.startswith(signature)):
            return description
    return f"not a picture that can be read: use {', '.join(READABLE)}"
