"""What turns evaluations into a better pastiche: one interface, one file each.

A solver is a function `minimise(function, start, *, evaluations)`, where `function` is a
`neural_style.backend.program.Function` and `start` an image (H, W, 3). It is a generator that yields a `Point` after
every evaluation, so that whoever runs it may look, count and stop; it ends after `evaluations` of them, or earlier and
returns why.

Those that are `RESUMABLE` can be taken up again: `minimise(..., resume=point.snapshot())` goes on behind that point as
if nothing had happened, bit for bit on one machine; `evaluations` counts those before it too. A snapshot holds NumPy
arrays by name, and is to be taken before the next point is asked for. What is taken up is taken out of it, array by
array: it may be as large as all else that a run holds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from neural_style.validation import check_choice

if TYPE_CHECKING:
    from neural_style.backend.program import Function

SOLVERS = ("lbfgs", "scipy_lbfgs", "adam")
"""Names of the solvers; each is the module of that name in this package."""

WITH_MEMORY = ("lbfgs", "scipy_lbfgs")
"""Those that take a `memory`: how many steps they remember."""


RESUMABLE = ("lbfgs", "adam")
"""Those that can be taken up again. SciPy owns its loop, and does not let its state out."""

Snapshot = dict[str, np.ndarray]
"""All that a solver needs to go on."""


class Point(NamedTuple):
    """An image that was evaluated (an array or a tensor), its value, what else the function returned, and a function
    that tells the solver's state behind this point; None where it cannot be saved."""

    image: Any
    value: float
    auxiliary: Any = None
    snapshot: Callable[[], Snapshot] | None = None


class Solver(Protocol):
    """The interface described above."""

    def __call__(
        self, function: Function, start: np.ndarray, *, evaluations: int, **settings: Any
    ) -> Generator[Point, None, str]: ...


def solver(name: str) -> Solver:
    """The solver called `name`.

    Raises:
        InvalidInputError: there is none, with the nearest name.
    """
    check_choice("solver", name, SOLVERS)
    return import_module(f"{__name__}.{name}").minimise  # type: ignore[no-any-return]
