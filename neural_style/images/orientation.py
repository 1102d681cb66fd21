"""EXIF orientation of images that Pillow opened, and of those that were changed since."""

from __future__ import annotations

import warnings

import numpy as np
from PIL import Image, ImageOps

from neural_style.images.picture import Array

ORIENTATION = 274
"""Tag of the orientation in EXIF data and in TIFF (Exif 2.3, 4.6.4)."""

_EXIF_IFD, _COLUMNS, _ROWS = 0x8769, 40962, 40963  # Exif 2.3, 4.6.4 and 4.6.5
_TURNED = (5, 6, 7, 8)
"""Orientations that exchange rows and columns."""


def upright(image: Image.Image, where: str) -> Image.Image:
    """The image with its EXIF orientation applied, as every viewer shows it.

    Pillow keeps the tag when an image is turned by hand (`rotate`, `transpose`), and cannot tell that from a copy or a
    conversion. The size in the EXIF data, of the picture as it was taken, can: an image in memory whose rows and
    columns are exchanged already stays as it is. A warning says so, and where the tag and the size contradict each
    other or nothing can be concluded.

    Args:
        image: a file that is open, or an image in memory, whose `format` is None.
        where: names the picture in messages.
    """
    exif = image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    if orientation not in range(2, 9):
        return image
    taken = exif.get_ifd(_EXIF_IFD)
    columns, rows, in_memory = taken.get(_COLUMNS), taken.get(_ROWS), image.format is None
    if not (isinstance(columns, int) and isinstance(rows, int)):
        columns = rows = 0
    is_known = orientation in _TURNED and min(columns, rows) > 0
    tag = f"{where} has the EXIF orientation {orientation}"
    if is_known and _has_aspect(image, rows, columns) and not _has_aspect(image, columns, rows):
        if in_memory:
            warnings.warn(f"{tag} and has been turned since it was opened: it is used as it is", stacklevel=4)
            return image
        warnings.warn(
            f"{tag}, which is applied, and seems to be turned already: if it lies on its side, remove the tag",
            stacklevel=4,
        )
    elif in_memory and not is_known:
        warnings.warn(
            f"{tag}, which is applied: if it was turned by hand, call PIL.ImageOps.exif_transpose on it before that",
            stacklevel=4,
        )
    return ImageOps.exif_transpose(image)


def is_turned(image: Image.Image) -> bool:
    """Whether the EXIF orientation of an image exchanges its rows and columns."""
    return image.getexif().get(ORIENTATION, 1) in _TURNED


def upright_array(array: Array, orientation: int) -> Array:
    """Undo an EXIF orientation of (rows, columns) or (rows, columns, channels).

    Those in `_TURNED` exchange rows and columns; rows, columns or both are then reversed.
    """
    array = array.swapaxes(0, 1) if orientation in _TURNED else array
    array = array[:, ::-1] if orientation in (2, 3, 6, 7) else array
    return np.ascontiguousarray(array[::-1] if orientation in (3, 4, 7, 8) else array)


def _has_aspect(image: Image.Image, columns: int, rows: int) -> bool:
    return abs(image.width * rows / (image.height * columns) - 1) < 0.02
