"""Temporal loss: squared differences from earlier frames of a video that were warped to this one."""

from __future__ import annotations

from keras import ops

from neural_style.backend import Tensor
from neural_style.losses.shapes import FEATURES, check_axes, check_positions, check_target

UNIT = 100.0
"""Squared grey levels that cost 1: 10 levels of difference everywhere."""


def temporal_loss(image: Tensor, warped: Tensor, weights: Tensor) -> Tensor:
    """`sum c (x - w)^2` over pixels and channels.

    Ruder, Dosovitskiy & Brox 2016 (arXiv:1604.08610, equation 7), without their division by D, the number of pixels
    and channels: it is the sum that tiles add up.

    Args:
        image: x, (N, H, W, 3), the frame.
        warped: w, (N, H, W, 3) or (1, H, W, 3), what an earlier frame became, warped to this one.
        weights: c, (N, H, W, 1) or (1, H, W, 1), 1 where the warp is trusted and 0 elsewhere.

    Returns:
        (N,), in squared units of the frame.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("the frame", image, FEATURES)
    check_target("the frame", image, warped)
    check_positions("the weights", weights, image)
    return ops.sum(weights * ops.square(image - warped), axis=(1, 2, 3))
