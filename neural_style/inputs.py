"""What goes into a transfer: an image with its weight and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError, check_choice
from neural_style.images import ImageSource, Picture
from neural_style.masks.mask import Mask, MaskSource, read_mask

RESIZE = ("area", "stretch")

MAX_PIXELS = 2**28
"""16384 x 16384: a print of a square metre and more; a dozen pictures of that size are a dozen times 3 GiB."""

MAX_COUNT = 2**31 - 1
"""Nothing that is counted here is larger in earnest, and many a library underneath counts no further."""


@dataclass(frozen=True, eq=False)
class Content:
    """The photo whose layout is kept.

    Example:
        >>> from neural_style import Content
        >>> from neural_style.samples import sample
        >>> Content(sample("coffee"), color_mask=sample("cup")).picture.size
        (400, 600)

    Attributes:
        image: a path, a PIL image or an array (H, W, 3), RGB in 0..255.
        mask: where styles are measured in the pastiche, for all of them; see `neural_style.masks.mask`.
        color_mask: where `preserve_color` gives the content's colours back; None is everywhere.
    """

    image: ImageSource
    mask: MaskSource | None = None
    color_mask: MaskSource | None = None

    def read(self) -> Content:
        """The same with its image and masks in memory."""
        return replace(
            self,
            image=images.read(self.image, what="content"),
            mask=_read_mask(self.mask, "content mask"),
            color_mask=_read_mask(self.color_mask, "color mask"),
        )

    @property
    def picture(self) -> Picture:
        """The image as it was read."""
        return _read_picture(self.image)

    @property
    def mask_as_read(self) -> Mask | None:
        """The mask in memory."""
        return _read_mask(self.mask, "mask")


@dataclass(frozen=True, eq=False)
class Style:
    """A painting whose texture is taken.

    Example:
        >>> from neural_style import Style
        >>> from neural_style.samples import sample
        >>> Style(sample("night"), scale=2).size_at((240, 300))
        (480, 600)

    Attributes:
        image: a path, a PIL image or an array (H, W, 3), RGB in 0..255.
        weight: of this style against the others and the content; at least 0.
        scale: size of the painting's strokes in the pastiche: the painting is resized by this factor more. 2 makes
            strokes twice as large.
        resize: `area` keeps the painting's own aspect and gives it the area of the content; `stretch` gives it
            exactly the content's rows and columns, as the reference scripts do.
        mask: where in the pastiche the style acts: white. With a mask on the content, or with the masks of the
            reference scripts (`mask_normalization="titu1994"`), it says what part of the painting is looked at, too.
    """

    image: ImageSource
    weight: float = 1.0
    scale: float = 1.0
    resize: str = "area"
    mask: MaskSource | None = None

    def __post_init__(self) -> None:
        check_weight("the weight of a style", self.weight)
        check_weight("the scale of a style", self.scale)
        if self.scale == 0:
            raise InvalidInputError("the scale of a style must be more than 0")
        check_choice("resize of a style", self.resize, RESIZE)

    def read(self) -> Style:
        """The same with its image and mask in memory."""
        return replace(self, image=images.read(self.image, what="style"), mask=_read_mask(self.mask, "style mask"))

    @property
    def picture(self) -> Picture:
        """The image as it was read."""
        return _read_picture(self.image)

    @property
    def mask_as_read(self) -> Mask | None:
        """The mask in memory."""
        return _read_mask(self.mask, "mask")

    def size_at(self, image_size: tuple[int, int], *, minimum: int = 1) -> tuple[int, int]:
        """Rows and columns that the painting is looked at in, for a pastiche of `image_size` rows and columns.

        `minimum` is the smallest side that the network can see.
        """
        rows, columns = image_size
        if self.resize == "stretch":
            height, width = rows * self.scale, columns * self.scale
        else:
            height, width = self.picture.size
            factor = self.scale * sqrt(rows * columns / (height * width))
            height, width = height * factor, width * factor
        if height * width > MAX_PIXELS or min(height, width) < 1:
            raise InvalidInputError(
                f"style {self.picture.name} would be looked at in {height:.0f} x {width:.0f} pixels: choose another "
                f"scale than {self.scale:g}, or crop it"
            )
        return max(minimum, round(height)), max(minimum, round(width))

    def at(self, image_size: tuple[int, int], *, minimum: int = 1) -> np.ndarray:
        """The painting itself in that size, (h, w, 3)."""
        return images.resize(self.picture.rgb, self.size_at(image_size, minimum=minimum))


def working_size(
    picture: Picture, image_size: int, *, maintain_aspect_ratio: bool = True, minimum: int = 1
) -> tuple[int, int]:
    """Rows and columns of the pastiche: `image_size` rows, columns by the content's aspect, truncated.

    Args:
        picture: the content.
        image_size: number of rows.
        maintain_aspect_ratio: False for a square, as in the reference scripts.
        minimum: the smallest side that the network can see: the stride of its deepest layer.

    Raises:
        InvalidInputError: the size is absurd, or too small for the network.
    """
    check_count("image_size", image_size, at_least=1)
    size = image_size, columns_at(image_size, picture.size) if maintain_aspect_ratio else image_size
    what = f"image_size {image_size} makes a working image of {size[0]} x {size[1]} pixels of {picture.name}"
    if size[0] * size[1] > MAX_PIXELS:
        largest = int(sqrt(MAX_PIXELS * picture.size[0] / picture.size[1] if maintain_aspect_ratio else MAX_PIXELS))
        raise InvalidInputError(f"{what}, more than can be held in memory: choose at most {largest}")
    if min(size) < minimum:
        raise InvalidInputError(
            f"{what}: the deepest layer needs at least {minimum} on a side; choose a larger image_size, or crop the "
            "picture to a less extreme shape"
        )
    return size


def columns_at(rows: int, size: tuple[int, int]) -> int:
    """Columns that keep the aspect of `size` (rows, columns) at another number of rows.

    `int(rows * (columns / rows of size))` as in the reference scripts, whose float product may fall below a whole
    number; only an image that has the size already is not to lose a column by that.
    """
    return size[1] if rows == size[0] else int(rows * (size[1] / size[0]))


def as_content(content: Content | ImageSource) -> Content:
    """`content` read into memory, whatever it was given as."""
    return (content if isinstance(content, Content) else Content(content)).read()


def as_styles(styles: Sequence[Style | ImageSource] | Style | ImageSource) -> tuple[Style, ...]:
    """One style or several, read into memory, whatever they were given as.

    Raises:
        InvalidInputError: there is none.
    """
    several: Sequence[Any] = styles if isinstance(styles, list | tuple) else [styles]
    if not several:
        raise InvalidInputError("no style was given: name at least one painting")
    return tuple((style if isinstance(style, Style) else Style(style)).read() for style in several)


def check_weight(what: str, value: float) -> None:
    """Raise `InvalidInputError` unless `value` is a finite number of at least 0."""
    if not isinstance(value, int | float | np.number) or not isfinite(value) or value < 0:
        raise InvalidInputError(f"{what} must be a finite number of at least 0, received {value}")


def check_count(what: str, value: int, *, at_least: int) -> None:
    """Raise `InvalidInputError` unless `value` is a whole number of at least `at_least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not at_least <= value <= MAX_COUNT:
        raise InvalidInputError(f"{what} must be a whole number of at least {at_least}, received {value!r:.40}")


def _read_mask(mask: MaskSource | None, what: str) -> Mask | None:
    return None if mask is None else read_mask(mask, what=what)


def _read_picture(image: ImageSource) -> Picture:
    return image if isinstance(image, Picture) else images.read(image)
