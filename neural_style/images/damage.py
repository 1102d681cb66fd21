"""Damage that is found without decoding a picture, and the lines that decoders in C print about it."""

from __future__ import annotations

import lzma
import os
import re
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from math import prod
from typing import IO, Any

from PIL import Image

from neural_style.errors import InvalidInputError
from neural_style.files import without_lines

_OF_LIBTIFF = re.compile(rb"(tempfile\.tif|[A-Za-z0-9]*(TIFF|Setup|Decode|Lib|Fax)[A-Za-z0-9]*): ")
"""Beginnings of libtiff's messages: the name of the file, or that of a function."""

DEFLATE = 1032
"""Bytes that a byte of deflate stands for at most (zlib's documentation)."""

PIXELS_OF_A_BYTE = {"JPEG": 512, "PNG": 8 * DEFLATE}
"""Pixels that a byte of a file can stand for at most: a block of 8 x 8 pixels takes a bit of Huffman's code in a JPEG,
and a pixel of a PNG at least a bit, before deflate."""

_ARITHMETIC = b"\xff\xc9", b"\xff\xca"
"""Markers of JPEG files with arithmetic code, of which a bit can stand for any number of blocks."""

_DECOMPRESSORS: dict[int, Callable[[], Any]] = {
    8: zlib.decompressobj,
    32946: zlib.decompressobj,
    34925: lzma.LZMADecompressor,
}
"""By the number of a compression in TIFF."""

LONGEST_HEADER = 1 << 16
"""Bytes of the header of a PPM file with its comments, which Pillow reads one by one."""

BOMB = 1 << 26
"""Bytes that a strip may have without being checked."""


def check_length(image: Image.Image, file: IO[bytes], where: str) -> None:
    """Raise `InvalidInputError` for a file that is too short for the pixels of its image.

    Decoders fill what is missing in a JPEG with grey, and take the memory of the whole picture before they notice.
    """
    most = PIXELS_OF_A_BYTE.get(image.format or "")
    length = file.seek(0, os.SEEK_END)
    if most is None or image.width * image.height <= most * length:
        return
    file.seek(0)
    if image.format == "JPEG" and any(marker in file.read(LONGEST_HEADER) for marker in _ARITHMETIC):
        return
    raise InvalidInputError(
        f"{where} is damaged or cut short ({length} bytes are too few for {image.height} rows by {image.width} "
        "columns): get or save it again"
    )


def check_segments(file: IO[bytes], page: Any, where: str) -> None:
    """Raise `InvalidInputError` where the strips or tiles of a page of a TIFF hold more than their pixels.

    A few bytes can stand for gigabytes, which tifffile would decompress without a limit.

    Args:
        file: the file, whose place is lost.
        page: of tifffile.
        where: names the picture in messages.
    """
    make = _DECOMPRESSORS.get(int(page.compression))
    if make is None:
        return
    wanted = prod(page.chunks) * page.bitspersample // 8
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if make is zlib.decompressobj and count * DEFLATE <= max(wanted, BOMB):
            continue
        file.seek(offset)
        if len(make().decompress(file.read(count), wanted + 1)) > wanted:
            raise InvalidInputError(
                f"{where} is damaged (a part of it holds more than its pixels): get or save it again"
            )


def has_short_header(head: bytes) -> bool:
    """Whether a PPM file has its sizes within its first `LONGEST_HEADER` bytes, for which it may have comments."""
    words = re.sub(rb"#[^\r\n]*[\r\n]", b" ", head).split()[: 3 if head[:2] in (b"P1", b"P4") else 4]
    return not any(b"#" in word for word in words)


def without_lines_of_libtiff() -> AbstractContextManager[None]:
    """Drop what libtiff writes to the error stream within; see `neural_style.files.without_lines`."""
    return without_lines(_OF_LIBTIFF)
