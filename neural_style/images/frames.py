"""Frames and pages: which one of a file is read, and files of cameras whose first page is only a thumbnail."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from PIL import Image

from neural_style.errors import InvalidInputError
from neural_style.images.formats import RAW
from neural_style.images.picture import check_extent

RAW_ENDINGS = (
    *(".dng", ".nef", ".nrw", ".cr2", ".arw", ".srf", ".sr2", ".pef", ".srw", ".3fr", ".fff", ".erf", ".kdc"),
    *(".dcr", ".mef", ".mos", ".iiq", ".rwl"),
)
"""Endings of camera RAW files that are built like a TIFF."""

_RAW_PHOTOMETRIC = 32803, 34892  # color filter array and linear raw: TIFF/EP and DNG 1.4
_DNG_VERSION = 50706
_CANON = b"CR"  # at byte 8 of a CR2
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType, TIFF 6.0
_MOST_PAGES = 1000

SAME_PICTURE = 1 / 3
"""Share of the pixels of the largest page below which a page counts as its thumbnail, or as a level of a pyramid."""


def select_frame(image: Image.Image, frame: int | None, where: str) -> None:
    """Go to a frame of an animation, counted from 1; the first by default, with a warning if there are others.

    The further pictures of a JPEG or HEIC (depth, the other side of a stereo pair) belong to the first, which is used
    without a warning.
    """
    count = getattr(image, "n_frames", 1)
    if count == 1:
        return
    check_extent(image.height, image.width, where)
    number = _checked(frame, count, "frames", where)
    if frame is None and image.format not in ("MPO", "HEIF"):
        _report(count, number, "frames", where)
    if frame is not None:
        image.seek(number - 1)


def select_page(tiff: Any, frame: int | None, where: str) -> Any:
    """The page of a `tifffile.TiffFile` that is read: of `frame`, counted from 1, or the first in full size.

    Pages marked as reduced or as masks do not count; a page with a larger one below it, as cameras and pyramids store
    them, stands for that one.

    Raises:
        InvalidInputError: it is a RAW file, or has no such page.
    """
    chain = list(islice(tiff.pages, _MOST_PAGES))
    groups = [[page, *_below(page)] for page in chain]
    everything = [page for group in groups for page in group]
    _refuse_raw(tiff, everything, where)
    largest_of = [max(full, key=_area) for group in groups if (full := [page for page in group if _is_full(page)])]
    pages = largest_of or [max(everything, key=_area)]
    if len(pages) == 1:
        return pages[0]
    largest = max(map(_area, pages))
    first = next(number for number, page in enumerate(pages, 1) if _area(page) >= SAME_PICTURE * largest)
    number = first if frame is None else _checked(frame, len(pages), "pages", where)
    if frame is None:
        _report(len(pages), number, "pages", where)
    return pages[number - 1]


def with_page_first(file: io.BufferedReader, page: Any) -> io.BufferedReader | io.BytesIO:
    """The TIFF with its header pointing to this page, for Pillow, which cannot go to the pages below another one."""
    file.seek(0)
    head = file.read(16)
    order, is_big = "<" if head[:2] == b"II" else ">", head[2:4] in (b"+\0", b"\0+")
    start, form = (8, "Q") if is_big else (4, "I")
    offset = struct.pack(order + form, page.offset)
    file.seek(0)
    if head[start : start + len(offset)] == offset:
        return file
    content = bytearray(file.read())
    content[start : start + len(offset)] = offset
    return io.BytesIO(content)


def refuse_raw_name(name: str, where: str) -> None:
    """Raise `InvalidInputError` for a TIFF with the ending of a RAW file."""
    if name.lower().endswith(RAW_ENDINGS):
        raise InvalidInputError(f"{where} is {RAW}")


def _refuse_raw(tiff: Any, pages: Iterable[Any], where: str) -> None:
    tiff.filehandle.seek(8)
    is_raw = tiff.filehandle.read(2) == _CANON
    if is_raw or any(page.photometric in _RAW_PHOTOMETRIC or _DNG_VERSION in page.tags for page in pages):
        raise InvalidInputError(f"{where} is {RAW}")


def _below(page: Any) -> Iterator[Any]:
    """The pages of a page's SubIFDs."""
    return iter(islice(page.pages or (), _MOST_PAGES))


def _is_full(page: Any) -> bool:
    return not page.subfiletype & (_REDUCED | _MASK)


def _area(page: Any) -> int:
    return int(page.imagelength * page.imagewidth)


def _checked(frame: int | None, count: int, what: str, where: str) -> int:
    if frame is not None and frame > count:
        raise InvalidInputError(f"{where} has {count} {what}: frame must be 1 to {count}, received {frame}")
    return frame or 1


def _report(count: int, number: int, what: str, where: str) -> None:
    name = "the first" if number == 1 else f"number {number}"
    warnings.warn(
        f"{where} has {count} {what}, of which {name} is used: frame=N chooses another",
        stacklevel=3,
    )
