"""Masks: pictures whose white pixels are where something acts.

One rule everywhere: white acts, black does not, and 128 and above is white. Only `Mask.at_titu1994` differs, to
reproduce the numbers of the reference scripts.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.picture import luminance
from neural_style.images.reading import decode
from neural_style.images.transparency import visible_pixels

Array = np.ndarray[Any, Any]

WHITE = 128
"""The smallest grey level that counts as white. The reference scripts disagree about 128 itself: it is 128/255 of
white in Network.py, black in color_transfer.py and white in mask_transfer.py."""

COLOURED = 32
"""Grey levels by which red, green and blue differ in a colour; less is a grey that a profile has tinted."""


MOST_NUMBERS = 64
"""Greys that are all below this are taken for numbers of regions, in the message about a mask without white."""


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask as it was read, of any size.

    Attributes:
        grey: (rows, columns) uint8; at least one pixel of it is white, unless the mask is soft.
        soft: keep the greys as parts of white, instead of making every pixel white or black.
        name, path: where it came from, for messages and records.
    """

    grey: Array
    soft: bool
    name: str
    path: Path | None = None

    def __post_init__(self) -> None:
        if not self.soft:  # one that was resized may have greys only
            _check_white(self.grey, f'mask "{self.name}"')

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)"""
        return self.grey.shape[0], self.grey.shape[1]

    @property
    def key(self) -> tuple[bytes, tuple[int, int], bool]:
        """Equal for two masks with the same pixels and settings."""
        return self.grey.tobytes(), self.size, self.soft

    def at(self, size: tuple[int, int], *, method: str = "bilinear") -> Array:
        """The weight of each pixel at `size` (rows, columns): float32, 0 or 1, or anything between if `soft`.

        The greys are resized smoothly, and those that are then at least `WHITE` become 1. A mask that would come out
        all black, because its white parts are smaller than a pixel of `size`, acts on the pixels that hold the most of
        them.
        """
        if self.soft:
            return np.clip(images.resize(self.grey.astype(np.float32), size, method=method) / np.float32(255), 0, 1)
        white = images.resize(self.grey, size, method=method) >= WHITE
        if not white.any():
            coverage = images.resize((self.grey >= WHITE).astype(np.float32), size, method="box")
            white = coverage >= coverage.max() * np.float32(0.999)  # equal coverage up to rounding
        return white.astype(np.float32)

    def at_titu1994(self, size: tuple[int, int]) -> Array:
        """The weight of each pixel by the reference's rule to the letter, float32: `soft` does not count.

        After a bilinear resize, greys up to 127 become 0, those above 128 become 255, 128 itself stays, and everything
        is divided by the largest.

        Raises:
            InvalidInputError: no white pixel is left; the reference continues with NaN.
        """
        grey = images.resize(self.grey, size, method="bilinear").astype(np.float32)
        grey[grey <= 127] = 0
        grey[grey > 128] = 255
        largest = grey.max()
        if largest == 0:
            raise InvalidInputError(
                f'mask "{self.name}" is all black once it is resized to {size[0]} x {size[1]}: its white parts are '
                "too small for that layer; paint them larger"
            )
        return np.asarray(grey / largest)


MaskSource = images.ImageSource | Mask


def read_mask(source: MaskSource, *, soft: bool = False, what: str = "mask") -> Mask:
    """Read a mask from a file, a PIL image or an array; a `Mask` keeps its pixels.

    Colours are reduced to their luminance, more than 8 bits to 8, and transparent pixels do not act. Paint in colour on
    transparency, or a cut-out photo, acts wherever it is; black paint alone is refused, as it may mean either. Arrays
    follow the one rule of `images.read`: bool, or numbers in 0..255 whatever their type; floats in 0..1 are refused as
    all black.

    Args:
        source: the mask.
        soft: keep the greys as parts of white.
        what: names the mask in messages ("style mask 2").

    Example:
        >>> from neural_style import read_mask
        >>> from neural_style.samples import sample
        >>> read_mask(sample("cup")).at((4, 6))
        array([[0., 0., 1., 1., 0., 0.],
               [0., 1., 1., 1., 1., 0.],
               [0., 1., 1., 1., 1., 0.],
               [0., 1., 1., 1., 0., 0.]], dtype=float32)

    Raises:
        MissingFileError: there is no such file.
        InvalidInputError: it cannot be read, is too small, or has no white pixel.
    """
    if isinstance(source, Mask):
        return replace(source, soft=source.soft or soft)
    found = decode(source, what=what)
    grey = _levels(luminance(found.colors)[..., 0])
    if found.alpha is not None:
        grey = _painted(_levels(found.colors), grey, _levels(found.alpha), f'{what} "{found.name}"')
    _check_white(grey, f'{what} "{found.name}"')
    return Mask(grey, soft, found.name, found.path)


def visible_mask(picture: images.Picture) -> Mask | None:
    """Where a picture can be seen; None if that is everywhere."""
    if picture.alpha is None:
        return None
    return Mask(_levels(255 * visible_pixels(picture.alpha)), False, picture.name, picture.path)


def _painted(colors: Array, grey: Array, alpha: Array, where: str) -> Array:
    """The levels of a mask on transparency, from its colours (rows, columns, 3), their luminance and its alpha.

    Raises:
        InvalidInputError: everything that can be seen is black.
    """
    seen = alpha >= WHITE
    if alpha.min() == 255 or not seen.any():
        return grey if alpha.min() == 255 else np.zeros_like(grey)
    if np.ptp(colors[seen], axis=1).max() > COLOURED:
        if np.ptp(colors[seen], axis=0).max() > COLOURED:
            warnings.warn(f"{where} has several colours on transparency: it acts wherever it can be seen", stacklevel=3)
        return alpha
    if grey[seen].max() < WHITE:
        raise InvalidInputError(
            f"{where} is black paint on transparency, of which either may be meant to act: fill the transparent parts, "
            "so that it is white where it is to act, and black elsewhere"
        )
    return _levels(grey * (alpha / 255))


def _levels(values: Array) -> Array:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def warn_of_stretching(mask: Mask | None, what: str, reference: str, size: tuple[int, int]) -> None:
    """Warn where a mask that is not of one level is stretched to a picture of another shape.

    Args:
        mask: None is everywhere, in any shape.
        what: names the mask in the message.
        reference: names the picture.
        size: rows and columns of the picture.
    """
    if mask is not None and np.ptp(mask.grey):
        images.warn_of_other_shape(what, mask.size, reference, size)


def _check_white(grey: Array, where: str) -> None:
    largest = int(grey.max())
    if largest < WHITE:
        raise InvalidInputError(
            f"{where} is all black: no pixel of it is {WHITE} or above, the largest is {largest}; {_remedy(grey)}"
        )


def _remedy(grey: Array) -> str:
    """What to do about a mask without white."""
    labels = np.unique(grey)
    if labels[-1] == 1:
        return "an array of 0 and 1 must be bool, or multiplied by 255"
    if len(labels) > 1 and labels[-1] < MOST_NUMBERS:
        return (
            f"it seems to number {len(labels)} regions ({', '.join(map(str, labels[:3]))} ...): make a mask of one of "
            f"them, such as (labels == {labels[-1]}), or paint white where it is to act"
        )
    return "paint white where it is to act"
