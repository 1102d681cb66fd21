"""Finished pictures to take home: as PNG, JPEG or TIFF, in their own size or in that of a print."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.formats import open_image
from neural_style.images.opening import opened
from neural_style.studio.limits import Limits
from neural_style.validation import check_choice, check_finite

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "TIFF": ".tif"}
"""Formats by their names, with their endings. A JPEG has no room for a record of more than 64 kB."""

CENTIMETRES_OF_AN_INCH = 2.54

DPI = 300
"""Pixels of an inch of a print: more are not seen at arm's length."""

ENLARGE = "lanczos"


def save_as(
    result: Path,
    out: Path,
    *,
    width: float | None = None,
    dpi: float = DPI,
    limits: Limits | None = None,
) -> Path:
    """Write a finished picture in another format or size, with the record that it has inside.

    Args:
        result: the picture of a job.
        out: the file to write, which is replaced; its ending selects the format.
        width: of a print in centimetres; None leaves the pixels as they are.
        dpi: pixels of an inch of the print, which the file tells to printers.
        limits: of the pixels of a print, four times those of a result.

    Returns:
        `out`.

    Raises:
        InvalidInputError, MissingFileError: the picture is gone, the print would be too large, or the format is
            unknown.
    """
    check_choice("format", out.suffix.lower(), FORMATS.values())
    picture, record = images.read(result, what="result"), images.read_record(result)
    if width is not None:
        picture = picture.resized(size_of_print(picture.size, width, dpi, limits), method=ENLARGE)
    images.write(
        out,
        picture.colors,
        alpha=picture.alpha,
        record=record,
        dpi=None if width is None else dpi,
        overwrite=True,
    )
    return out


def upright(path: Path, side: int) -> Image.Image:
    """A picture of any format that is read, as RGB with its orientation; where its format allows it, decoded smaller.

    Args:
        path: the file.
        side: pixels of the longer side that are enough.

    Raises:
        InvalidInputError, MissingFileError: it cannot be read.
    """
    with opened(path, f'picture "{path.name}"') as file, open_image(file) as image:
        image.draft("RGB", (side, side))
        return ImageOps.exif_transpose(image).convert("RGB")


def size_of_print(
    size: tuple[int, int], width: float, dpi: float = DPI, limits: Limits | None = None
) -> tuple[int, int]:
    """Rows and columns of a print: `width / 2.54 dpi` columns, and as many rows as keep the shape.

    Args:
        size: rows and columns of the picture.
        width: in centimetres.
        dpi: pixels of an inch.
        limits: the print has at most four times `result_pixels`.

    Example:
        >>> from neural_style.studio.results import size_of_print
        >>> size_of_print((400, 600), width=15, dpi=300)
        (1181, 1772)

    Raises:
        InvalidInputError: a number is not above 0, or the print would be too large.
    """
    for name, value in (("width", width), ("dpi", dpi)):
        check_finite(name, value)
        if value <= 0:
            raise InvalidInputError(f"{name} must be above 0, received {value:g}")
    columns = width / CENTIMETRES_OF_AN_INCH * dpi
    rows = columns * size[0] / size[1]
    most = 4 * (limits or Limits()).result_pixels
    if rows * columns > most:
        raise InvalidInputError(
            f"a print of {width:g} cm at {dpi:g} dpi would have {rows * columns / 1e6:.0f} megapixels, and at most "
            f"{most / 1e6:g} are made here: choose fewer dpi or centimetres"
        )
    return max(images.MIN_SIDE, round(rows)), max(images.MIN_SIDE, round(columns))
