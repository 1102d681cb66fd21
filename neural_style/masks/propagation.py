"""Propagation of label maps, and of guides `inside`, through a network; other masks: `neural_style.masks.guidance`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_style.features.vgg import Architecture, block_of

Array = np.ndarray[Any, Any]


def mask_pyramid(masks: Array, architecture: Architecture, layers: Iterable[str]) -> dict[str, Array]:
    """Masks averaged as a network averages: their edges are as soft as the receptive field of a layer is wide.

    For each convolution an average over 3x3 positions, at the border over those that exist; for each pooling one over
    2x2, whatever the network's own pooling is. Source: titu1994/Neural-Style-Transfer, neural_doodle.py.

    Args:
        masks: (rows, columns, R) in 0..1, at the size of the image.
        architecture: the network.
        layers: those to return.

    Returns:
        (h, w, R) in 0..1 by layer, in the order of the network.
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


def inside(mask: Array, architecture: Architecture, layer: str) -> Array:
    """The positions of a layer whose receptive field is all white: Gatys et al. 2017, guide propagation "inside".

    A position of a 3x3 convolution is inside if all nine below it are, one of a 2x2 pooling if all four are. Beyond the
    border of the image counts as inside. Source: leongatys/NeuralImageSynthesis, which finds the same positions by
    perturbing the image; arXiv:1611.07865, section 4.

    Args:
        mask: (rows, columns), 0 or 1, at the size of the image.
        architecture: the network.
        layer: one of its layers.

    Returns:
        float32 (h, w), 0 or 1; smaller than the mask at that layer, and possibly all 0.
    """
    from scipy.ndimage import minimum_filter

    block = 1
    for below in architecture.up_to_deepest([layer]):
        if block_of(below) > block:
            block += 1
            rows, columns = (side // 2 * 2 for side in mask.shape)
            mask = mask[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).min(axis=(1, 3))
        mask = minimum_filter(mask, size=3, mode="nearest")
    return np.asarray(mask, np.float32)


def _neighbourhood_means(masks: Array) -> Array:
    """Means over 3x3 positions, from sums of slices: with running sums a 0 would not stay exactly 0."""
    for axis in (0, 1):
        lines = np.moveaxis(masks, axis, 0)
        total, count = lines.copy(), np.ones(len(lines), masks.dtype)
        for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            total[here] += lines[there]
            count[here] += 1
        masks = np.moveaxis(total / count[:, None, None], 0, axis)
    return masks
