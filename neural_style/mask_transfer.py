"""Mask transfer: the content outside of a mask, the pastiche inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource, Picture
from neural_style.masks.mask import MaskSource, read_mask, warn_of_stretching
from neural_style.validation import check_weight

Array = np.ndarray[Any, Any]

SIGMAS = 3.0
"""Standard deviations within which a soft edge ends; 0.1 % of the Gaussian lie outside and are cut off."""


def transfer_mask(content: ImageSource, generated: ImageSource, mask: MaskSource, *, feather: float = 0.0) -> Array:
    """`generated` where `mask` is white, `content` where it is black.

    Example:
        >>> import numpy as np
        >>> from neural_style import transfer_mask
        >>> from neural_style.samples import sample
        >>> coffee, table = sample("coffee"), sample("table")
        >>> kept = transfer_mask(coffee, 255 - coffee, table)
        >>> np.array_equal(kept[table == 0], coffee[table == 0])
        True

    Args:
        content: the picture where the mask is black; resized (bicubic) to the size of `generated`.
        generated: the picture where the mask is white.
        mask: a mask of any size; the greys of a soft mask mix the two pictures.
        feather: 0 for a hard edge, as in the reference. Otherwise the edge is blurred with a Gaussian that ends this
            many rows and columns from it.

    Returns:
        (rows, columns, 3) RGB in 0..255, at the size of `generated`: uint8 if both pictures are, otherwise float32,
        which keeps 16 bits. Transparent pictures are over white; see `merged` for their transparency.

    Raises:
        InvalidInputError, MissingFileError: a picture or the mask cannot be read, or `feather` is negative or larger
            than `generated`.
    """
    return merged(content, generated, mask, feather=feather).rgb


def merged(content: ImageSource, generated: ImageSource, mask: MaskSource, *, feather: float = 0.0) -> Picture:
    """As `transfer_mask`, as a picture with `alpha`: that of `generated` where the mask is white, else of `content`.

    With weights k of the mask, alpha is `(1 - k) a_c + k a_g`, and colours are mixed likewise, multiplied by alpha. If
    only one of the two has transparency, the other is taken for the same scene and gets it as well.
    """
    check_weight("feather", feather)
    source, target = images.read(content, what="content"), images.read(generated, what="generated")
    if feather > max(target.size):
        raise InvalidInputError(
            f"feather must be at most the {max(target.size)} pixels of the longer side of {target.name}, received "
            f"{feather:g}"
        )
    area = read_mask(mask)
    images.warn_of_other_shape("content", source.size, "generated picture", target.size)
    warn_of_stretching(area, "mask", "generated picture", target.size)
    kept = area.at(target.size, method="bicubic")
    if feather >= 1:
        from scipy.ndimage import gaussian_filter

        kept = gaussian_filter(kept.astype(np.float64), feather / SIGMAS, mode="nearest", radius=int(feather))
    is_8_bit = source.rgb.dtype == target.rgb.dtype == np.uint8
    source = source.resized(target.size, method="bicubic")
    if source.alpha is None and target.alpha is None:
        mixed, alpha = _mixed(source.rgb, target.rgb, kept), None
    else:
        below, above = _opacity(source, target), _opacity(target, source)
        opacity = _mixed(below, above, kept)
        products = _mixed(source.colors * below, target.colors * above, kept)
        mixed = np.where(opacity > 0, products / np.where(opacity > 0, opacity, 1), target.colors)
        alpha = np.rint(255 * opacity[..., 0]).astype(np.uint8)
    colors = images.to_uint8(mixed) if is_8_bit else np.clip(mixed, 0, 255).astype(np.float32)
    return Picture(target.rgb, alpha, target.name, target.path).with_colors(colors)


def _mixed(content: Array, generated: Array, kept: Array) -> Array:
    """`generated` by as much as `kept` (rows, columns), and `content` otherwise, in float64."""
    rgb = content.astype(np.float64)
    return np.asarray(rgb + kept[..., None] * (generated - rgb))


def _opacity(picture: Picture, other: Picture) -> Array:
    """Alpha in 0..1, (rows, columns, 1), of the first of the two that has it."""
    return next(each.alpha[..., None] / 255 for each in (picture, other) if each.alpha is not None)
