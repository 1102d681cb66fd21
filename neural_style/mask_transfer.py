"""Mask transfer: the content outside of a mask, the pastiche inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource
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
        which keeps 16 bits.

    Raises:
        InvalidInputError, MissingFileError: a picture or the mask cannot be read, or `feather` is negative or larger
            than `generated`.
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
    rgb = images.resize(source.rgb, target.size, method="bicubic").astype(np.float64)
    mixed = rgb + kept[..., None] * (target.rgb - rgb)
    if source.rgb.dtype == target.rgb.dtype == np.uint8:
        return images.to_uint8(mixed)
    return np.clip(mixed, 0, 255).astype(np.float32)
