"""What turns evaluations into a better pastiche: one interface, one file each.

A solver is a function `minimise(value_and_grad, start, *, evaluations)`, where `value_and_grad` maps an image (H, W, 3)
to its value and gradient, and `start` is an image. It is a generator that yields a `Point` after every evaluation, so
that whoever runs it may look, count and stop; it ends after `evaluations` of them, or earlier and returns why.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from importlib import import_module
from typing import NamedTuple, Protocol

import numpy as np

from neural_style.errors import check_choice

ValueAndGrad = Callable[[np.ndarray], tuple[float, np.ndarray]]

SOLVERS = ("scipy_lbfgs", "adam")
"""Names of the solvers; each is the module of that name in this package."""


class Point(NamedTuple):
    """An image that was evaluated, and its value."""

    image: np.ndarray
    value: float


class Solver(Protocol):
    """The interface described above."""

    def __call__(
        self, value_and_grad: ValueAndGrad, start: np.ndarray, *, evaluations: int
    ) -> Generator[Point, None, str]: ...


def solver(name: str) -> Solver:
    """The solver called `name`.

    Raises:
        InvalidInputError: there is none, with the nearest name.
    """
    check_choice("solver", name, SOLVERS)
    return import_module(f"{__name__}.{name}").minimise  # type: ignore[no-any-return]
