"""The interface that solvers share, and the solvers by name."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.validation import check_choice

if TYPE_CHECKING:
    from neural_style.backend.program import Function

SOLVERS = ("lbfgs", "scipy_lbfgs", "adam")
"""Names of the solvers; each is the module of that name in this package."""

WITH_MEMORY = ("lbfgs", "scipy_lbfgs")
"""Solvers with a `memory`: the number of steps they keep."""

OF_ADAM = ("learning_rate", "betas", "averaging")
"""Settings that adam alone has."""

RESUMABLE = ("lbfgs", "adam")
"""Solvers that can resume. SciPy runs its own loop and does not expose its state."""

NOTHING_LEFT = "nothing left to lower (the gradient is zero)"
"""Why a solver stops at a point whose gradient is exactly zero."""

NO_DESCENT = "no further descent is possible in the precision of the loss"
"""Why a solver stops when rounding leaves it no lower point along the steepest descent."""

NOT_FINITE = "the value or its gradient is not finite at the start"
"""Why a solver stops after its first evaluation when it cannot begin."""

Bounds = tuple[float, float]
"""Lowest and highest value of every component."""

SolverState = dict[str, np.ndarray]
"""Everything a solver needs to continue: NumPy arrays by name."""


class Point(NamedTuple):
    """One evaluation.

    Attributes:
        x: the array or tensor that was evaluated.
        value: of the function at x.
        auxiliary: whatever else the function returned there.
        state: returns the state of the solver behind this point; None where the solver cannot resume.
    """

    x: Any
    value: float
    auxiliary: Any = None
    state: Callable[[], SolverState] | None = None


def check_state(state: SolverState, expected: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    """Raise `InvalidInputError` unless a state, from a file that anybody may have written, has the expected arrays.

    Args:
        state: arrays by name.
        expected: by name, the shape, and the type or its possible kinds (`numpy.dtype.kind`, at most three).
    """
    for name, (shape, dtype) in expected.items():
        array = state.get(name)
        is_kind = array is not None and array.dtype.kind in dtype and len(dtype) <= 3
        if array is None or array.shape != shape or not (is_kind or str(array.dtype) == dtype):
            received = "nothing" if array is None else f"{array.dtype} {array.shape}"
            raise InvalidInputError(
                f"the state of the solver is damaged: {name} must have the shape {shape}, received {received:.80}; "
                "start a new run"
            )


def check_decays(name: str, value: Any) -> None:
    """Raise `InvalidInputError` unless adam's `betas` are two numbers in 0..1 without 1, and its `averaging` is one."""
    several = value if name == "betas" and isinstance(value, Sequence) else [value]
    is_decay = [isinstance(each, int | float) and not isinstance(each, bool) and 0 <= each < 1 for each in several]
    if not all(is_decay) or len(is_decay) != (2 if name == "betas" else 1):
        expected = "two numbers such as 0.9 and 0.999" if name == "betas" else "a number such as 0.99"
        raise InvalidInputError(f"{name} must be {expected}, at least 0 and below 1, received {value!r:.60}")


class Solver(Protocol):
    """The signature of a solver; see `neural_style.solvers`."""

    def __call__(
        self, function: Function, start: np.ndarray, *, evaluations: int, **settings: Any
    ) -> Generator[Point, None, str]: ...


def solver(name: str) -> Solver:
    """The solver called `name`.

    Raises:
        InvalidInputError: no solver has this name; suggests the nearest one.
    """
    check_choice("solver", name, SOLVERS)
    return import_module(f"neural_style.solvers.{name}").minimise  # type: ignore[no-any-return]


def is_picture(shape: Sequence[int]) -> bool:
    """Whether arrays of this shape are taken for pictures in grey levels: (H, W, 3)."""
    return len(shape) == 3 and shape[2] == 3
