"""Shapes of pictures that belong together: a mask and its photo, two photos of one scene."""

from __future__ import annotations

import warnings

OTHER_SHAPE = 0.02
"""Relative difference between the aspects of two pictures above which one is distorted by resizing it to the other."""

Size = tuple[int, int]


def warn_of_other_shape(what: str, size: Size, reference: str, wanted: Size) -> None:
    """Warn where a picture will be stretched because it has another shape than the one that it belongs to.

    Args:
        what: names the picture in the message, such as "style mask".
        size: its rows and columns.
        reference: names the other picture, such as "content".
        wanted: the rows and columns of that one.
    """
    if _are_alike(size, wanted):
        return
    hint = ""
    if _are_alike(size[::-1], wanted):
        hint = f"; if it was made before the EXIF orientation of the {reference} was applied, turn it by 90 degrees"
    (rows, columns), (wanted_rows, wanted_columns) = size, wanted
    warnings.warn(
        f"the {what} is {rows} x {columns} and the {reference} {wanted_rows} x {wanted_columns}: the {what} is "
        f"stretched to that shape{hint}",
        stacklevel=4,
    )


def _are_alike(one: Size, other: Size) -> bool:
    """Whether two aspects are equal up to `OTHER_SHAPE` and the rounding of one size to whole pixels."""
    return abs(one[1] * other[0] / (one[0] * other[1]) - 1) <= OTHER_SHAPE + 1 / min(*one, *other)
