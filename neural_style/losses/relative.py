"""Errors without units."""

from __future__ import annotations

from keras import ops

from neural_style.backend import Tensor

SMALLEST = 1e-12
"""Added to the denominator: a target that is zero everywhere, such as the features of a dead layer, is no division."""


def relative_error(value: Tensor, target: Tensor) -> Tensor:
    """`|V - T|^2 / |T|^2`: 0 at the target and 1 for nothing at all, at any size, layer and network.

    Args:
        value, target: tensors of one shape, such as Gram matrices or features.
    """
    return relative_to(ops.sum(ops.square(value - target)), ops.sum(ops.square(target)))


def relative_to(squared: Tensor, norm: Tensor) -> Tensor:
    """`relative_error` of which the sums are known already: `|V - T|^2` and `|T|^2`."""
    return squared / (norm + SMALLEST)
