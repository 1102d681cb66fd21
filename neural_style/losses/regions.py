"""How far the texture of each painted region is from that of the same region of the style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.features.vgg import Architecture, block_of
from neural_style.losses.style import gram_matrix

Array = np.ndarray[Any, Any]


def region_gram_matrices(
    features: Tensor, masks: Tensor, *, areas: Sequence[float] | None = None, shift: float = 0.0
) -> Tensor:
    """A Gram matrix for each region r: `G(F M_r) / (mean(M_r) C)`, as in titu1994/Neural-Style-Transfer.

    `mean(M_r)` makes a small region count as much as a large one; the sum over positions is not divided by their
    number, so that the whole grows with the size of the image. The shift of the improved doodle comes after the mask:
    what is masked out counts as the shift, not as nothing.

    Args:
        features: F, (1, h, w, C).
        masks: M, (1, h, w, R), in 0..1; no region may be empty.
        areas: mean(M_r) of the whole image, of which features and masks may be a part; None if they are all of it.
        shift: added to every masked activation, see `gram_matrix`.

    Returns:
        (R, C, C).
    """
    grams = [gram_matrix(features * masks[..., r : r + 1], shift=shift) for r in range(masks.shape[-1])]
    means = ops.mean(masks, axis=(0, 1, 2)) if areas is None else ops.convert_to_tensor(areas, dtype=masks.dtype)
    return ops.stack(grams) / (features.shape[-1] * means[:, None, None])


def region_style_loss(grams: Tensor, targets: Tensor) -> Tensor:
    """Doodle loss of a layer: the sum over regions of the mean over all C x C entries of `(G_r - A_r)^2`.

    Args:
        grams, targets: (R, C, C) of the pastiche and of the style, as sums over equally many positions.

    Returns:
        A scalar that grows with the square of the number of positions.
    """
    return ops.sum(ops.mean(ops.square(grams - targets), axis=(1, 2)))


def mask_pyramid(masks: Array, architecture: Architecture, layers: Iterable[str]) -> dict[str, Array]:
    """What masks become on their way through a network: soft at the edges, as far as a layer sees across them.

    For each convolution an average over 3x3 positions, at the border over those that exist; for each pooling one over
    2x2, whatever the network's own pooling is. Source: titu1994/Neural-Style-Transfer.

    Args:
        masks: (rows, columns, R) in 0..1, at the size of the image.
        architecture: the network.
        layers: those to return.

    Returns:
        (h, w, R) by layer.
    """
    layers = tuple(layers)
    found, block = {}, 1
    for layer in architecture.up_to_deepest(layers):
        if block_of(layer) > block:
            block += 1
            rows, columns = (side // 2 for side in masks.shape[:2])
            masks = masks[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2, -1).mean(axis=(1, 3))
        masks = _neighbourhood_means(masks)
        if layer in layers:
            found[layer] = masks
    return found


def _neighbourhood_means(masks: Array) -> Array:
    """Means over 3x3 positions. Sums of slices and no running ones, under which a 0 would not stay exactly 0."""
    for axis in (0, 1):
        lines = np.moveaxis(masks, axis, 0)
        total, count = lines.copy(), np.ones(len(lines), masks.dtype)
        for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            total[here] += lines[there]
            count[here] += 1
        masks = np.moveaxis(total / count[:, None, None], 0, axis)
    return masks
