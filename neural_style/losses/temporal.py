"""Temporal loss: squared differences from earlier frames of a video that were warped to this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.losses.shapes import FEATURES, check_axes, check_positions, check_target

UNIT = 100.0
"""Squared grey levels that cost as much as a frame's other terms, at strength 1: 10 levels of difference everywhere."""


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


def long_term_weights(trusted: Sequence[np.ndarray]) -> list[np.ndarray]:
    """`c_long(j) = max(c(j) - sum over nearer frames k of c(k), 0)`: each pixel is compared with the nearest frame in
    which it was seen.

    Ruder, Dosovitskiy & Brox 2016, equation 9.

    Example:
        >>> import numpy as np
        >>> near, far = np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])
        >>> [weights.tolist() for weights in long_term_weights([near, far])]
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]

    Args:
        trusted: c(j) of each earlier frame, in 0..1, nearest first; arrays of one shape.

    Returns:
        As many, float32.
    """
    total = np.zeros(np.shape(trusted[0]), np.float32)
    found = []
    for each in trusted:
        weights = np.asarray(each, np.float32)
        found.append(np.maximum(weights - total, 0))
        total = total + weights
    return found


def long_term_target(warped: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> tuple[Any, Any]:
    """One frame and its weights in place of several: `sum_j c_j (x - w_j)^2 = c (x - w)^2 + constant`, with
    `c = sum_j c_j` and `w = sum_j c_j w_j / c`.

    So an objective has one temporal term, whatever the number of frames before, and its program stays the same.

    Args:
        warped: w_j, (H, W, 3).
        weights: c_j, (H, W), from `long_term_weights`.

    Returns:
        w (H, W, 3), which is the first w_j where all weights are 0, and c (H, W); float32.
    """
    total = np.sum(np.asarray(weights, np.float32), axis=0)
    mean = sum(each[..., None] * frame for each, frame in zip(weights, warped, strict=True))
    known = np.where(total > 0, total, 1)[..., None]
    return np.where(total[..., None] > 0, mean / known, warped[0]).astype(np.float32), total


def relative_weight(strength: float, reference: float) -> float:
    """The weight of a mean squared difference that costs `strength` times the loss `reference` at `UNIT`.

    Args:
        strength: gamma, without unit.
        reference: loss of the first frame of the shot, which has no temporal term.
    """
    return strength * reference / UNIT
