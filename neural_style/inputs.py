"""Inputs of a transfer: the content, the styles, and their masks, weights and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np

from neural_style import images
from neural_style.enhancement.steps import SAME_SIZE, enhanced, steps_of
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource, Picture
from neural_style.images.picture import MAX_PIXELS, MIN_SIDE
from neural_style.images.transparency import bounding_box, filled, visible_pixels
from neural_style.masks.mask import Mask, MaskSource, read_mask, visible_mask, warn_of_stretching
from neural_style.validation import check_choice, check_count, check_weight, documented, setting

RESIZE = ("area", "stretch")


@documented
@dataclass(frozen=True, eq=False)
class Content:
    """The photo whose layout is kept.

    Example:
        >>> from neural_style import Content
        >>> from neural_style.samples import sample
        >>> Content(sample("coffee"), color_mask=sample("cup")).picture.size
        (400, 600)
    """

    image: ImageSource | None = setting(
        None, "a path, a PIL image or an array (H, W, 3), RGB in 0..255; optional where a label_map gives the shape."
    )
    mask: MaskSource | None = setting(None, "where all styles act in the pastiche; see `neural_style.read_mask`.")
    color_mask: MaskSource | None = setting(
        None, "where `preserve_color` restores the content's colours; None is everywhere."
    )
    label_map: ImageSource | None = setting(
        None, "the regions of the pastiche, each in one colour, for `NeuralDoodle`; see `neural_style.masks.label_map`."
    )
    frame: int | None = setting(
        None,
        "of an animation, or of a file with several pages, the one that is read, counted from 1; by default the first "
        "in full size.",
    )
    prepare: str = setting(
        "",
        "steps that the image goes through before it is painted, such as `darker contrast` for a bright photo; colours "
        "are preserved as they were before. Steps are those of `neural_style.enhance` that keep the size.",
    )

    def __post_init__(self) -> None:
        steps_of(self.prepare, what="prepare", allowed=SAME_SIZE)

    def read(self) -> Content:
        """The same with image, masks and label map in memory.

        Raises:
            InvalidInputError, MissingFileError: there is neither image nor label map, or one cannot be read.
        """
        if self.image is None and self.label_map is None:
            raise InvalidInputError("no content was given: name a photo (a doodle may have a label_map instead)")
        return replace(
            self,
            image=None if self.image is None else images.read(self.image, what="content", frame=self.frame),
            mask=_read_mask(self.mask, "content mask"),
            color_mask=_read_mask(self.color_mask, "color mask"),
            label_map=_read_picture(self.label_map, "content label map"),
        )

    @cached_property
    def picture(self) -> Picture:
        """The image in memory as it is painted: read once, and prepared.

        Raises:
            InvalidInputError: there is none, only a label map.
        """
        return enhanced(self.original, self.prepare)

    @cached_property
    def original(self) -> Picture:
        """The image in memory as it was given; errors are those of `picture`."""
        if self.image is None:
            raise InvalidInputError("the content has no image, only a label_map: give the photo")
        return images.read(self.image, what="content", frame=self.frame)

    @cached_property
    def canvas(self) -> Picture:
        """The picture that gives the pastiche its shape: the image, or else the label map, opaque."""
        label_map = _read_picture(self.label_map, "content label map")
        if self.image is None and label_map is not None:
            return replace(label_map, alpha=None)
        return self.picture

    @cached_property
    def mask_in_memory(self) -> Mask | None:
        """The mask, read once."""
        return _read_mask(self.mask, "content mask")

    @cached_property
    def color_mask_in_memory(self) -> Mask | None:
        """The colour mask, read once."""
        return _read_mask(self.color_mask, "color mask")


@documented
@dataclass(frozen=True, eq=False)
class Style:
    """A painting whose texture is taken.

    Of a transparent picture it is that of the pixels that can be seen, by `resize="area"` at the scale of the rectangle
    around them, as if it had been cropped to that. Where nothing can be seen, colours are those of the nearest visible
    pixel, so that receptive fields at an edge hold no white.

    Example:
        >>> from neural_style import Style
        >>> from neural_style.samples import sample
        >>> Style(sample("night"), scale=2).size_at((240, 300))
        (480, 600)
    """

    image: ImageSource
    weight: float = setting(1.0, "weight of this style against the others and the content; at least 0.")
    scale: float = setting(
        1.0, "size of the strokes: the painting is resized by this factor more, so 2 makes strokes twice as large."
    )
    resize: str = setting(
        "area",
        "`area` keeps the painting's own aspect and gives it the area of the content; `stretch` gives it exactly the "
        "content's rows and columns, as the reference scripts do.",
    )
    mask: MaskSource | None = setting(
        None,
        "where in the pastiche the style acts: white. With a mask on the content, or with the masks of the reference "
        '(`mask_normalization="titu1994"`), it also selects the part of the painting that is used.',
    )
    label_map: ImageSource | None = setting(
        None, "the painting's regions, each in one colour, for `NeuralDoodle`; see `neural_style.masks.label_map`."
    )
    frame: int | None = setting(
        None,
        "of an animation, or of a file with several pages, the one that is read, counted from 1; by default the first "
        "in full size.",
    )
    source: ImageSource | None = setting(
        None, "the picture that the painting was made from, of the same things in the same places, for `Analogy`."
    )

    def __post_init__(self) -> None:
        check_weight("the weight of a style", self.weight)
        check_weight("the scale of a style", self.scale)
        if self.scale == 0:
            raise InvalidInputError("the scale of a style must be more than 0")
        check_choice("resize of a style", self.resize, RESIZE)

    def read(self) -> Style:
        """The same with image, mask and label map in memory.

        Raises:
            InvalidInputError, MissingFileError: one of them cannot be read.
        """
        return replace(
            self,
            image=images.read(self.image, what="style", frame=self.frame),
            mask=_read_mask(self.mask, "style mask"),
            label_map=_read_picture(self.label_map, "style label map"),
            source=_read_picture(self.source, "source of the style"),
        )

    @cached_property
    def picture(self) -> Picture:
        """The image in memory, read once."""
        return images.read(self.image, what="style", frame=self.frame)

    @cached_property
    def mask_in_memory(self) -> Mask | None:
        """The mask, read once."""
        return _read_mask(self.mask, "style mask")

    @cached_property
    def visible(self) -> Mask | None:
        """Where the painting of `at` can be seen; None if that is everywhere."""
        return visible_mask(self.shown)

    @cached_property
    def shown(self) -> Picture:
        """The picture, of a transparent one the part with visible pixels, and its colours instead of white.

        Masks and label maps are those of the whole picture, which then stays whole.
        """
        picture = self.picture
        if picture.alpha is None:
            return picture
        visible = visible_pixels(picture.alpha)
        rows, columns = bounding_box(visible)
        is_whole = self.mask is not None or self.label_map is not None or self.resize == "stretch"
        if is_whole or min(rows.stop - rows.start, columns.stop - columns.start) < MIN_SIDE:
            rows, columns = slice(None), slice(None)
        visible, alpha, colors = visible[rows, columns], picture.alpha[rows, columns], picture.colors[rows, columns]
        if visible.all():
            return replace(picture, rgb=colors, alpha=None, straight=None)
        colors = filled(colors, visible)
        return replace(picture, rgb=colors, alpha=alpha, straight=colors)

    def size_at(self, image_size: tuple[int, int], *, minimum: int = 1) -> tuple[int, int]:
        """Rows and columns of the painting for a pastiche of `image_size` rows and columns.

        `minimum` is the smallest side that the network accepts.

        Raises:
            InvalidInputError: the painting would have more pixels than any picture may, or smaller than a pixel.
        """
        rows, columns = image_size
        if self.resize == "stretch":
            height, width = rows * self.scale, columns * self.scale
        else:
            height, width = self.shown.size
            factor = self.scale * sqrt(rows * columns / (height * width))
            height, width = height * factor, width * factor
        if height * width > MAX_PIXELS or min(height, width) < 1:
            raise InvalidInputError(
                f"style {self.picture.name} would be resized to {height:.0f} x {width:.0f} pixels: choose another "
                f"scale than {self.scale:g}, or crop it"
            )
        return max(minimum, round(height)), max(minimum, round(width))

    def at(self, image_size: tuple[int, int], *, minimum: int = 1) -> np.ndarray:
        """The painting in that size, (h, w, 3)."""
        return images.resize(self.shown.rgb, self.size_at(image_size, minimum=minimum))


@dataclass(frozen=True, eq=False)
class Inputs:
    """All pictures of one transfer, in memory; made by `Technique.inputs`."""

    content: Content
    styles: tuple[Style, ...] = ()


def working_size(
    picture: Picture, image_size: int, *, maintain_aspect_ratio: bool = True, minimum: int = 1
) -> tuple[int, int]:
    """Rows and columns of the pastiche: `image_size` rows, columns by the content's aspect, truncated.

    Args:
        picture: the content.
        image_size: number of rows.
        maintain_aspect_ratio: False for a square, as in the reference scripts.
        minimum: the smallest side that the network accepts: the stride of its deepest layer.

    Raises:
        InvalidInputError: the size is absurd, or too small for the network.
    """
    check_count("image_size", image_size, at_least=1)
    size = image_size, columns_at(image_size, picture.size) if maintain_aspect_ratio else image_size
    what = f"image_size {image_size} makes a working image of {size[0]} x {size[1]} pixels of {picture.name}"
    if size[0] * size[1] > MAX_PIXELS:
        largest = int(sqrt(MAX_PIXELS * picture.size[0] / picture.size[1] if maintain_aspect_ratio else MAX_PIXELS))
        raise InvalidInputError(f"{what}, more than fits into memory: choose at most {largest}")
    if min(size) < minimum:
        raise InvalidInputError(
            f"{what}: the deepest layer needs at least {minimum} on a side; choose a larger image_size, or crop the "
            "picture to a less extreme shape"
        )
    return size


def columns_at(rows: int, size: tuple[int, int]) -> int:
    """Columns that keep the aspect of `size` (rows, columns) at another number of rows.

    `int(rows * (columns / rows of size))` as in the reference scripts, whose float product may fall below a whole
    number; an image that has the size already must not lose a column by that.
    """
    return size[1] if rows == size[0] else int(rows * (size[1] / size[0]))


def as_content(content: Content | ImageSource) -> Content:
    """A `Content` in memory, from a `Content` or an image."""
    return (content if isinstance(content, Content) else Content(content)).read()


def as_styles(styles: Sequence[Style | ImageSource] | Style | ImageSource) -> tuple[Style, ...]:
    """Styles in memory, from one or several, each a `Style` or an image.

    Raises:
        InvalidInputError: there is none.
    """
    several: Sequence[Any] = styles if isinstance(styles, list | tuple) else [styles]
    if not several:
        raise InvalidInputError("no style was given: name at least one painting")
    return tuple((style if isinstance(style, Style) else Style(style)).read() for style in several)


def read_inputs(content: Content | ImageSource, styles: Sequence[Style | ImageSource] | Style | ImageSource) -> Inputs:
    """Content and styles in memory, with a warning for each mask that is stretched to a picture of another shape.

    Raises:
        InvalidInputError, MissingFileError: one of them cannot be read, or there is no style.
    """
    inputs = Inputs(as_content(content), as_styles(styles))
    content = inputs.content
    if content.image is None:
        return inputs
    warn_of_stretched_masks(content)
    for style in inputs.styles:
        # Without a mask of the content, that of a style is one of the pastiche; see `Guides.masks`.
        of_content = content.mask is None
        name, picture = ("content", content.picture) if of_content else ("style", style.picture)
        warn_of_stretching(style.mask_in_memory, "style mask", name, picture.size)
    return inputs


def check_sources(technique: str, styles: Sequence[Style], *, used: bool) -> None:
    """Raise `InvalidInputError` where a style has a source, and the technique does not use it."""
    if not used and any(style.source is not None for style in styles):
        raise InvalidInputError(f"{technique} does not use the source of a style: leave it out, or use Analogy")


def warn_of_stretched_masks(content: Content) -> None:
    """Warn where a mask of the content has another shape than its picture."""
    warn_of_stretching(content.mask_in_memory, "content mask", "content", content.canvas.size)
    warn_of_stretching(content.color_mask_in_memory, "color mask", "content", content.canvas.size)


def _read_mask(mask: MaskSource | None, what: str) -> Mask | None:
    return None if mask is None else read_mask(mask, what=what)


def _read_picture(image: ImageSource | None, what: str) -> Picture | None:
    return None if image is None else images.read(image, what=what)
