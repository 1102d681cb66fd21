"""Checks of the shapes that losses receive, made while a program is traced: they cost nothing when it runs."""

from __future__ import annotations

from typing import Any

from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError

Shape = tuple[Any, ...]
"""Extents of a tensor: integers, or None for one that is known at run time only."""

FEATURES = ("N", "h", "w", "C")
GRAM_MATRICES = ("N", "C", "C")


def shape_of(tensor: Tensor) -> Shape:
    """The shape as far as it is known while tracing; () for a Python number."""
    return tuple(getattr(tensor, "shape", ()))


def check_axes(what: str, tensor: Tensor, axes: tuple[str, ...]) -> None:
    """Check the number of axes.

    Args:
        what: names the tensor in the message.
        tensor: the tensor.
        axes: names of the axes that it should have, such as `FEATURES`.

    Raises:
        InvalidInputError: it has more or fewer.
    """
    found = shape_of(tensor)
    if len(found) != len(axes):
        raise InvalidInputError(f"{what} must have shape ({', '.join(axes)}), received {found}")


def check_target(what: str, value: Tensor, target: Tensor) -> None:
    """Check that a target has the shape of the value, or is one for the whole batch.

    Args:
        what: names the value in the message.
        value: (N, ...).
        target: (N, ...) or (1, ...).

    Raises:
        InvalidInputError: the target has another shape, though it might broadcast.
    """
    found, expected = shape_of(target), shape_of(value)
    if not (_fit(found, expected) or _fit(found, (1, *expected[1:]))):
        raise InvalidInputError(f"the target of {what} must have shape {_or_one(expected)}, received {found}")


def check_positions(what: str, weights: Tensor, features: Tensor) -> None:
    """Check that weights of positions, such as masks, belong to features of that size.

    Args:
        what: names the weights in the message.
        weights: (N, h, w, any) or (1, h, w, any).
        features: (N, h, w, C).

    Raises:
        InvalidInputError: the weights have another shape, though they might broadcast.
    """
    check_axes("features", features, FEATURES)
    found, expected = shape_of(weights), (*shape_of(features)[:3], None)
    if not (_fit(found, expected) or _fit(found, (1, *expected[1:]))):
        raise InvalidInputError(f"{what} must have shape {_or_one(expected)}, received {found}")


def _fit(found: Shape, expected: Shape) -> bool:
    """Whether two shapes may be the same; an unknown extent may be any."""
    return len(found) == len(expected) and all(
        one is None or other is None or one == other for one, other in zip(found, expected, strict=True)
    )


def _or_one(shape: Shape) -> str:
    """A shape, and the same for a batch of one, as they are written in messages."""
    both = dict.fromkeys([shape, (1, *shape[1:])])
    return " or ".join("(" + ", ".join("any" if n is None else str(n) for n in each) + ")" for each in both)
