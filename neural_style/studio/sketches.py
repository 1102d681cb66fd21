"""Masks and label maps from what was drawn on the page: layers of a few plain colours, with alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PALETTE = {
    "vermilion": (213, 94, 0),
    "blue": (0, 114, 178),
    "green": (0, 158, 115),
    "yellow": (240, 228, 66),
    "sky": (86, 180, 233),
    "mauve": (204, 121, 167),
}
"""Colours that differ for people of any colour vision (Wong: Color blindness, Nature Methods 8, 2011)."""

BRUSH = 36
"""Radius of the brush at first, in pixels of the picture on which one draws."""

OPAQUE = 128
"""Alpha from which a pixel counts as drawn."""


def hexadecimal(color: Sequence[int]) -> str:
    """`#d55e00`."""
    return "#" + "".join(f"{channel:02x}" for channel in color)


def drawn(layers: Sequence[Array]) -> Array | None:
    """The layers as one, uint8 (H, W, 4), the last on top; None where nothing is drawn."""
    found: Array | None = None
    for layer in layers:
        found = layer.copy() if found is None else np.where(layer[..., 3:] >= OPAQUE, layer, found)
    return found if found is not None and bool((found[..., 3] >= OPAQUE).any()) else None


def mask_of(layer: Array) -> Array:
    """A mask, uint8 (H, W): white where anything is drawn."""
    return np.where(layer[..., 3] >= OPAQUE, 255, 0).astype(np.uint8)


def region_masks(layer: Array, regions: int) -> list[Array]:
    """A mask for each region, each uint8 (H, W).

    The colours of `PALETTE`, in their order, are regions 2, 3, ...; the first region is all that has none of them, so
    that the masks fill the picture without overlap.

    Args:
        layer: from `drawn`.
        regions: how many, at most one more than there are colours.
    """
    is_drawn = layer[..., 3] >= OPAQUE
    nearest = np.where(is_drawn, nearest_color(layer[..., :3]) + 1, 0)
    nearest[nearest >= regions] = 0
    return [np.where(nearest == region, 255, 0).astype(np.uint8) for region in range(regions)]


def layer_of_masks(masks: Sequence[Array]) -> Array:
    """The drawing, uint8 (H, W, 4), whose `region_masks` are these."""
    found = np.zeros((*masks[0].shape, 4), np.uint8)
    for mask, color in zip(masks[1:], PALETTE.values(), strict=False):
        found[mask >= OPAQUE] = (*color, 255)
    return found


def label_map(layer: Array) -> Array:
    """A label map, RGB uint8 (H, W, 3): the nearest colour of `PALETTE`, and white where nothing is drawn."""
    colors = np.array(list(PALETTE.values()), np.uint8)[nearest_color(layer[..., :3])]
    return np.where(layer[..., 3:] >= OPAQUE, colors, np.uint8(255)).astype(np.uint8)


def nearest_color(rgb: Array) -> Array:
    """Index (H, W) of the colour of `PALETTE` with the smallest Euclidean distance to each pixel."""
    colors = np.array(list(PALETTE.values()), np.int32)
    distances = [((rgb.astype(np.int32) - color) ** 2).sum(axis=-1) for color in colors]
    nearest: Array = np.argmin(distances, axis=0)
    return nearest
