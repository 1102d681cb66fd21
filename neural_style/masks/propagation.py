"""Propagation of label maps and guides through a network; other masks: `neural_style.masks.guidance`."""

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


def overlapping(mask: Array, architecture: Architecture, layer: str) -> Array:
    """The positions of a layer whose receptive field has a white pixel: Gatys et al. 2017, guide propagation "all".

    Those that are not inside what is black; arguments, result and source are those of `inside`, but it is larger than
    the mask at that layer.
    """
    return 1 - inside(1 - mask, architecture, layer)


def zoomed(mask: Array, size: tuple[int, int]) -> Array:
    """A mask resized as in the authors' code of Gatys et al. 2017, guide propagation "simple".

    `scipy.ndimage.zoom` with cubic splines between positions whose corners lie on one another, and without
    antialiasing: soft at edges, where values overshoot to about -0.2 and 1.2. Source: leongatys/NeuralImageSynthesis.

    Args:
        mask: (rows, columns) in 0..1.
        size: rows and columns of the result.

    Returns:
        float32 of that size.
    """
    from scipy.ndimage import zoom

    factors = [wanted / extent for wanted, extent in zip(size, mask.shape, strict=True)]
    # Splines as by SciPy's default "constant", which may take the last position, by rounding, for one outside.
    return np.asarray(zoom(mask.astype(np.float64), factors, order=3, mode="mirror"), np.float32)


def dilated(positions: Array, distance: int) -> Array:
    """Positions within a square of `2 distance + 1` around a white one; with a negative distance, those whose square
    is white.

    Source: leongatys/NeuralImageSynthesis, which reduces a guide only where two positions of the square are black.

    Args:
        positions: (h, w), 0 or 1.
        distance: in positions of the layer.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    if not distance:
        return positions
    extreme = maximum_filter if distance > 0 else minimum_filter
    distance = min(abs(distance), max(positions.shape))  # beyond which a square holds nothing more
    return np.asarray(extreme(positions, size=2 * distance + 1, mode="nearest"))


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
