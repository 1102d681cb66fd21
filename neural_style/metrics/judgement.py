"""Pictures by any tools, judged side by side: the same photo, the same painting, one network, one size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.images import ImageSource, Picture
from neural_style.images.memory import check_fits
from neural_style.inputs import Content, Style, as_content
from neural_style.metrics.measurement import Reference, layer_mean, reference_for
from neural_style.metrics.pixel_metrics import clipped_share
from neural_style.validation import check_count

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")
CONTENT_LAYER = "conv3_3"
SCALES = (1, 2, 4)

BYTES_PER_PIXEL = 2000
"""Memory that a judgement takes, measured: features of all layers in float64, sorted for the Wasserstein distance."""

MOST_STRETCH = 0.03
"""Relative difference of aspect ratios above which a picture is not one of this photo."""


@dataclass(frozen=True)
class Judgement:
    """The numbers of one picture.

    Attributes:
        picture: the picture in the size in which all were judged.
        gram: the relative Gram error `|G - A|^2 / |A|^2`, mean over the style layers, by the divisor of the size: 1
            sees grain and colour, 4 strokes.
        wasserstein: the relative sliced Wasserstein distance, mean over the style layers.
        content: the relative content error `|F - P|^2 / |P|^2`; 0 is the photo.
        ssim: structural similarity to the photo; 1 is the photo.
        clipped: share of pixels that are fully dark or fully bright.
    """

    picture: Picture
    gram: Mapping[int, float]
    wasserstein: float
    content: float
    ssim: float
    clipped: float


def judge(
    photo: Content | ImageSource,
    painting: Style | ImageSource,
    pictures: Sequence[ImageSource],
    *,
    rows: int | None = None,
    model: str = "vgg19",
    weights: str | None = None,
    content_layer: str = CONTENT_LAYER,
    style_layers: Sequence[str] = STYLE_LAYERS,
    scales: Sequence[int] = SCALES,
    tile: int | None = None,
) -> list[Judgement]:
    """Judge pictures of one photo in the style of one painting, by whatever tools they were made.

    Gram errors depend on the size, and so all pictures are judged at one, and the painting at the same area (see
    `measure`). Numbers of the network that a picture was optimised with flatter it: choose another one.

    Example:
        >>> from neural_style import metrics
        >>> from neural_style.samples import sample
        >>> cat, night = sample("cat")[::4, ::4], sample("night")
        >>> [found] = metrics.judge(cat, night, [cat], model="mini", scales=[1, 2])
        >>> found.content, found.ssim, sorted(found.gram)
        (0.0, 1.0, [1, 2])

    Args:
        photo: the content of all pictures.
        painting: the style of all pictures.
        pictures: paths, PIL images or arrays (H, W, 3), RGB in 0..255.
        rows: rows at which all are judged; None takes those of the smallest picture.
        model: `vgg16`, `vgg19` or `mini`.
        weights: see `neural_style.features.weights.load`; None is the model's own.
        content_layer: layer of the content error.
        style_layers: layers of Gram error and Wasserstein distance.
        scales: divisors of the size at which the Gram error is measured.
        tile: side of the tiles in which pictures too large for the memory are processed.

    Returns:
        One judgement a picture, in their order.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, or a picture has another shape than the photo.
    """
    vgg.architecture(model).check_layers([content_layer, *style_layers])
    photo = as_content(photo).picture
    found = [images.read(each, what="picture") for each in pictures]
    size = judged_size(photo, found, rows)
    resized = [each.resized(size, method="lanczos") for each in found]
    photo = photo.resized(size, method="lanczos")  # as the pictures are
    network, layers = (model, weights, "max"), ((content_layer,), tuple(style_layers))
    reference = reference_for(resized[0], photo, painting, network, layers, scales=tuple(scales), tile=tile)
    return [_judgement(*pair, reference, scales) for pair in zip(found, resized, strict=True)]


def judged_size(photo: Picture, pictures: Sequence[Picture], rows: int | None = None) -> tuple[int, int]:
    """Rows and columns at which pictures of a photo are compared: those of the smallest, or by its shape at `rows`.

    Raises:
        InvalidInputError: there is no picture, one has another shape than the photo, `rows` is above the smallest, or
            the memory is too small.
    """
    if rows is not None:
        check_count("rows", rows, at_least=1)
    if not pictures:
        raise InvalidInputError("there is nothing to judge: give at least one picture")
    for each in pictures:
        stretch = (each.size[1] / each.size[0]) / (photo.size[1] / photo.size[0])
        if abs(np.log(stretch)) > MOST_STRETCH and abs(each.size[0] * photo.size[1] / photo.size[0] - each.size[1]) > 2:
            raise InvalidInputError(
                f"{each.name} has {each.size[0]} x {each.size[1]} pixels and {photo.name} {photo.size[0]} x "
                f"{photo.size[1]}, another shape: judge it against the photo it was painted from, cropped alike"
            )
    smallest = min((each.size for each in pictures), key=lambda size: size[0] * size[1])
    if rows is not None and rows > smallest[0]:
        raise InvalidInputError(
            f"the smallest picture has {smallest[0]} rows, and enlarging it would judge the enlargement: "
            f"choose rows of at most {smallest[0]}, received {rows}"
        )
    size = smallest if rows is None else (rows, max(1, round(rows * smallest[1] / smallest[0])))
    check_fits(*size, BYTES_PER_PIXEL, "judging a picture", remedy="choose fewer rows")
    return size


def _judgement(original: Picture, picture: Picture, reference: Reference, scales: Sequence[int]) -> Judgement:
    found = reference.measured(picture.rgb)
    return Judgement(
        picture,
        {scale: layer_mean(found, "gram" if scale == 1 else f"gram/{scale}") for scale in scales},
        layer_mean(found, "swd"),
        layer_mean(found, "content"),
        found["ssim"],
        clipped_share(original.rgb),
    )
