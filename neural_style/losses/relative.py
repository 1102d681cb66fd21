"""Relative errors: squared errors in parts of the target, without units."""

from __future__ import annotations

from keras import ops

from neural_style.backend import Tensor
from neural_style.losses.shapes import check_axes, check_target, shape_of

SMALLEST = 1e-12
"""Added to the denominator, which is zero for a target of zeros, such as the features of a dead layer."""


def relative_error(value: Tensor, target: Tensor) -> Tensor:
    """`|V - T|^2 / |T|^2`: 0 at the target and 1 for a value of zeros, at any size, layer and network.

    The norms are those of all axes but the first.

    Args:
        value: V, (N, ...), such as features or Gram matrices.
        target: T, (N, ...) or (1, ...).

    Returns:
        (N,), without unit.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_target("the value", value, target)
    axes = tuple(range(1, len(shape_of(value))))
    return relative_to(ops.sum(ops.square(value - target), axis=axes), ops.sum(ops.square(target), axis=axes))


def relative_to(squared: Tensor, norm: Tensor) -> Tensor:
    """`relative_error` of sums that are known already.

    Args:
        squared: `|V - T|^2`, (N,).
        norm: `|T|^2`, (N,) or (1,).

    Returns:
        (N,), without unit.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("squared errors", squared, ("N",))
    check_target("squared errors", squared, norm)
    return squared / (norm + SMALLEST)


def raised(squared: Tensor, norm: Tensor, *, power: float) -> Tensor:
    """`relative_to` to a power: above 1, a large error weighs more than several small ones.

    Its derivative by the error E is `power E^(power - 1)`, the weight that E has in a sum of losses.

    Arguments, result and errors are those of `relative_to`; `power` is at least 1.
    """
    return relative_to(squared, norm) ** power
