"""The embedded super-resolution network: the details that bicubic enlargement leaves out, from the luminance.

After ESPCN (Shi et al. 2016, arXiv:1609.05158): convolutions at the resolution of the small picture, of which the last
has scale^2 channels, one for each pixel that a pixel becomes. Departures from the paper: the network adds to bicubic
enlargement rather than replacing it (VDSR, Kim et al. 2016, arXiv:1511.04587), activations are ReLUs, and there are
more and narrower layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor

Array = np.ndarray[Any, Any]

CHANNELS = 16
BODY = 5
"""Layers of 3x3 between the first, of 5x5, and the last, of 3x3."""

HALO = 2 + BODY + 1
"""Pixels of the small picture to each side that the details of one of its pixels depend on."""


def shapes(scale: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights for a scale, by name."""
    first = {"first_kernel": (5, 5, 1, CHANNELS), "first_bias": (CHANNELS,)}
    body = {
        name: shape
        for i in range(BODY)
        for name, shape in (
            (f"body{i + 1}_kernel", (3, 3, CHANNELS, CHANNELS)),
            (f"body{i + 1}_bias", (CHANNELS,)),
        )
    }
    return {**first, **body, "last_kernel": (3, 3, CHANNELS, scale**2)}


def details(weights: Mapping[str, Tensor], luminance: Tensor) -> Tensor:
    """The difference between a luminance in full detail and its bicubic enlargement, as the network estimates it.

    With f the convolutions, the first without the mean of its kernels, this is f(luminance) - f(0): zero where the
    luminance is constant, however bright it is.

    Args:
        weights: see `shapes`.
        luminance: (N, H, W, 1), in 0..1, with a border of `HALO`.

    Returns:
        (N, H - 2 HALO, W - 2 HALO, scale^2): channel scale i + j is the pixel in row i and column j of those that a
        pixel becomes.
    """
    side = 2 * HALO + 1
    return _convolved(weights, luminance) - _convolved(weights, ops.zeros((1, side, side, 1), luminance.dtype))


def _convolved(weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    kernel = weights["first_kernel"]
    x = first = ops.relu(_conv(x, kernel - ops.mean(kernel, axis=(0, 1), keepdims=True)) + weights["first_bias"])
    for i in range(BODY):
        x = ops.relu(_conv(x, weights[f"body{i + 1}_kernel"]) + weights[f"body{i + 1}_bias"])
    return _conv(x + first[:, BODY:-BODY, BODY:-BODY], weights["last_kernel"])


def _conv(x: Tensor, kernel: Tensor) -> Tensor:
    return ops.conv(x, kernel, padding="valid", data_format="channels_last")


def pixel_shuffle(details: Array, scale: int) -> Array:
    """(N, H, W, scale^2) to (N, scale H, scale W): the periodic shuffling of ESPCN."""
    count, rows, columns, _ = details.shape
    apart = details.reshape(count, rows, columns, scale, scale).transpose(0, 1, 3, 2, 4)
    return apart.reshape(count, rows * scale, columns * scale)


def pixel_unshuffle(pixels: Array, scale: int) -> Array:
    """The inverse of `pixel_shuffle`."""
    count, rows, columns = pixels.shape
    together = pixels.reshape(count, rows // scale, scale, columns // scale, scale).transpose(0, 1, 3, 2, 4)
    return together.reshape(count, rows // scale, columns // scale, scale**2)
