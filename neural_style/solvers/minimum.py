"""Minimise any differentiable function of an array in one call."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from inspect import signature
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_style.errors import BrokenRunError, InvalidInputError
from neural_style.solvers.interface import NOT_FINITE, Point, check_decays
from neural_style.solvers.interface import solver as solver_called
from neural_style.validation import check_choice, check_count

if TYPE_CHECKING:
    from neural_style.backend import Tensor
    from neural_style.backend.program import Evaluated, Function

PRECISIONS = ("float32", "float64")
SETTINGS = {"bounds", "memory", "first_step", "learning_rate", "betas", "averaging"}


@dataclass(frozen=True, eq=False)
class Minimum:
    """The lowest value that a solver found.

    Attributes:
        x: the array with this value; shape and precision are those of the start.
        value: of the function at x.
        auxiliary: whatever else the function returned at x; None if nothing.
        evaluations: number of values and gradients computed.
        history: the value of each evaluation, in order.
        stopped: why the solver ended before all evaluations were made; empty if it did not.
    """

    x: np.ndarray
    value: float
    auxiliary: Any = field(repr=False)
    evaluations: int
    history: tuple[float, ...] = field(repr=False)
    stopped: str


def minimise(
    function: Callable[[Tensor], Any] | Function,
    start: Any,
    *,
    solver: str = "lbfgs",
    evaluations: int = 200,
    **settings: Any,
) -> Minimum:
    """Minimise a differentiable function of an array, such as the input of a Keras model.

    Example:
        >>> import numpy as np
        >>> from keras import ops
        >>> from neural_style.solvers import minimise
        >>> def rosenbrock(x):
        ...     return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        >>> found = minimise(rosenbrock, np.array([-1.2, 1.0], "float32"))
        >>> found.x.round(2)
        array([1., 1.], dtype=float32)
        >>> found.value < 1e-8
        True

    Args:
        function: maps a tensor of the shape of `start` to a scalar, or to a scalar and an auxiliary tensor (or a nest
            of tensors), with operations of `keras.ops`, Keras layers or the running backend. It is compiled: it runs as
            Python once. Also a `neural_style.backend.program.Function`, such as `Objective.function`.
        start: finite numbers of any shape. Their precision, float32 or float64, is that of the computation; integers
            become float32.
        solver: `lbfgs`, `scipy_lbfgs` or `adam`. lbfgs takes an array of shape (H, W, 3) for a picture in grey levels
            and preconditions it by octaves and colours; any other shape it treats as a vector.
        evaluations: how many at most; the L-BFGS solvers stop when rounding permits no further descent.
        settings: `bounds` (lowest and highest value of every component), and those of the solver: `memory` (number of
            remembered steps) and `first_step` (root mean square) of lbfgs, `memory` of scipy_lbfgs, `learning_rate`,
            `betas` and `averaging` of adam.

    Returns:
        The point with the lowest value of all evaluations.

    Raises:
        InvalidInputError: an argument cannot be used, or the function does not return a scalar.
        BrokenRunError: the function or its gradient is not finite at the start.
    """
    from neural_style.backend.program import Function

    x = _validate_start(start)
    check_count("evaluations", evaluations, at_least=1)
    run = solver_called(solver)
    settings = {name: value for name, value in settings.items() if value is not None}
    _validate_settings(solver, settings, set(signature(run).parameters))
    if "bounds" in settings:  # NumPy's own scalars would change the precision of the start
        low, high = settings["bounds"]
        settings["bounds"] = float(low), float(high)
    if not isinstance(function, Function):
        function = differentiable(function)
    return _minimum(run(function, x, evaluations=evaluations, **settings))


def differentiable(function: Callable[[Tensor], Any]) -> Function:
    """A function of an array with its gradient, as solvers take it.

    Args:
        function: maps a tensor to a scalar, or to a scalar and an auxiliary tensor or nest of tensors; see `minimise`.

    Raises:
        InvalidInputError: by the result, if the function does not return a scalar.
    """
    from keras import ops

    from neural_style import backend
    from neural_style.backend.program import Evaluated, Function

    def scalar_and_auxiliary(x: Tensor, _: Any) -> tuple[Tensor, Any]:
        returned = function(x)
        value, auxiliary = returned if isinstance(returned, tuple) else (returned, None)
        value = ops.convert_to_tensor(value)
        if tuple(value.shape) != ():
            raise InvalidInputError(
                f"the function must return a scalar, received shape {tuple(value.shape)}: reduce it, such as by ops.sum"
            )
        return value, auxiliary

    differentiated = backend.value_and_grad(scalar_and_auxiliary)

    def evaluate(x: Tensor, constants: Any) -> Evaluated:
        value, auxiliary, gradient = differentiated(x, constants)
        return Evaluated(value, gradient, auxiliary)

    return Function(evaluate)


def _minimum(points: Generator[Point, None, str]) -> Minimum:
    """Run a solver to its end.

    Raises:
        BrokenRunError: it could not begin.
    """
    best: Point | None = None
    history: list[float] = []
    while True:
        try:
            point = next(points)
        except StopIteration as end:
            stopped = end.value
            break
        history.append(point.value)
        if isfinite(point.value) and (best is None or point.value < best.value):
            best = point
    if best is None or stopped == NOT_FINITE:
        raise BrokenRunError(f"{NOT_FINITE} (value {history[0]:g}): choose another start, or check the function there")
    return Minimum(np.array(best.x), best.value, best.auxiliary, len(history), tuple(history), stopped)


def _validate_start(start: Any) -> np.ndarray:
    """The start as a finite array of float32 or float64.

    Raises:
        InvalidInputError: it is none, or the backend would compute in less than its precision.
    """
    from neural_style import backend

    backend.check_eager()
    backend.check_process()
    try:
        x = np.array(start)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"start must be an array of numbers, received {start!r}") from error
    if x.dtype.kind in "iu":
        x = x.astype(np.float32)
    if x.dtype.name not in PRECISIONS or x.size == 0:
        raise InvalidInputError(
            f"start must be an array of {' or '.join(PRECISIONS)} with at least one element, received "
            f"{x.dtype} of shape {x.shape}"
        )
    if not np.isfinite(x).all():
        raise InvalidInputError("start holds NaN or infinite values: every value must be finite")
    backend.check_precision(x.dtype.name)
    return x


def _validate_settings(solver: str, settings: dict[str, Any], parameters: set[str]) -> None:
    """Raise `InvalidInputError` for a setting that the solver does not have, or that is no positive number."""
    for name, value in settings.items():
        check_choice(f"setting of {solver}", name, sorted(parameters & SETTINGS))
        if name == "memory":
            check_count(name, value, at_least=1)
        elif name == "bounds":
            try:
                low, high = map(float, value)
            except (TypeError, ValueError):
                low, high = 0.0, 0.0
            if not low < high:
                raise InvalidInputError(f"bounds must be the lowest and the highest value, received {value!r}")
        elif name in ("betas", "averaging"):
            check_decays(name, value)
        elif not (isinstance(value, int | float | np.number) and isfinite(value) and value > 0):
            raise InvalidInputError(f"{name} must be a positive number, received {value!r}")
