"""The content pasted back through a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style import images
from neural_style.images import ImageSource
from neural_style.masks.mask import MaskSource, read_mask
from neural_style.validation import check_weight

Array = np.ndarray[Any, Any]

SIGMAS = 3.0
"""A soft edge ends after so many standard deviations: the 0.1 % of a Gaussian that lies further out is cut off."""


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
        content: the picture that shows through; resized (bicubic) to the size of `generated`.
        generated: the picture that is kept where the mask is white.
        mask: of any size; a soft mask mixes the two by its greys.
        feather: 0 for a hard edge, as the reference makes it. Otherwise the edge is blurred with a Gaussian, and a
            pixel with no other side of it within so many rows and columns is pure.

    Returns:
        (rows, columns, 3) RGB in 0..255, in the size of `generated`: uint8 where both pictures are, otherwise float32,
        which keeps 16 bits.
    """
    check_weight("feather", feather)
    source, target = images.read(content, what="content"), images.read(generated, what="generated")
    kept = read_mask(mask).at(target.size, method="bicubic")
    if feather > 0:
        from scipy.ndimage import gaussian_filter

        kept = gaussian_filter(kept.astype(np.float64), feather / SIGMAS, mode="nearest", radius=int(feather))
    dtype = np.uint8 if source.rgb.dtype == target.rgb.dtype == np.uint8 else np.float32
    rgb = images.resize(source.rgb, target.size, method="bicubic").astype(np.float64)
    mixed = rgb + kept[..., None] * (target.rgb - rgb)
    return np.clip(np.rint(mixed) if dtype == np.uint8 else mixed, 0, 255).astype(dtype)
