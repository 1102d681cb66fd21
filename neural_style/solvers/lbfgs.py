"""L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4) on the device, preconditioned for pictures.

The direction is `-H g`, H being the two-loop recursion's inverse Hessian over the last m steps `s` and changes of the
gradient `y`, which starts from `neural_style.solvers.preconditioner`. The line search is that of
`neural_style.solvers.line_search`. A pair without positive curvature is not remembered.

With bounds it is projected (Bertsekas 1982; the two-metric projection of Gafni & Bertsekas 1984): with P the projection
on the components that are not at a bound which the gradient pushes them over, the direction is `-P H P g` without the
components that would leave at once, and a step of length t goes to `clip(x + t d)`. `P H P` is positive semidefinite,
so short steps descend; slopes are measured along the clipped step.

Direction, step and evaluation are one program; x, gradient and memory stay on the device, and a handful of numbers
returns to the host.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.backend.program import Function
from neural_style.errors import InvalidInputError
from neural_style.solvers.interface import Bounds, Point, SolverState, check_state, is_picture
from neural_style.solvers.line_search import Evaluation, LineSearch, StepCommand, decide
from neural_style.solvers.preconditioner import TINY, Preconditioner, first_scale, preconditioner_of

MEMORY = 10
"""Pairs of steps and gradient changes that are remembered, as in the reference scripts."""

FIRST_STEP = 2.0
"""Root mean square of the first step of a picture, in grey levels: only its direction is known."""


class State(NamedTuple):
    """Everything the solver holds on the device.

    Attributes:
        x, gradient: the last accepted point.
        direction: the search direction from there.
        ahead: gradient at the point that was evaluated last, somewhere along the direction.
        steps, changes: the memory, oldest first; zeros where it is not filled.
        inverse_curvatures: `1 / (s^T y)` of each pair, 0 where there is none.
        powers: (pairs, 2, octaves, colours), of each step and each change, over s^T y; 0 where there is none.
    """

    x: Tensor
    gradient: Tensor
    direction: Tensor
    ahead: Tensor
    steps: tuple[Tensor, ...]
    changes: tuple[Tensor, ...]
    inverse_curvatures: Tensor
    powers: Tensor


PAIRS = ("steps", "changes")
"""The fields of a state with one array for each pair."""


def minimise(
    function: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    memory: int = MEMORY,
    first_step: float | None = None,
    bounds: Bounds | None = None,
    resume: SolverState | None = None,
) -> Generator[Point, None, str]:
    """Run for `evaluations`, or until no descent is left; see `neural_style.solvers` for the interface.

    Args:
        function: to be minimised.
        start: array of any shape; (H, W, 3) is preconditioned as a picture. Its precision is that of the solver.
        evaluations: how many at most.
        memory: number of pairs that are remembered; each takes the memory of two arrays like `start`, and on JAX, which
            copies what a program passes through, twice that during an evaluation.
        first_step: root mean square of the first step, and of the first one after the memory was cleared; None is 2
            grey levels for a picture, and for other arrays a step of Euclidean length 1, as in SciPy's L-BFGS-B.
        bounds: lowest and highest value of every component; the start is clipped to them. None is unbounded.
        resume: the state of a run with the same settings, which this one continues.
    """
    start = start if bounds is None else np.clip(start, *bounds)
    if first_step is None:
        first_step = FIRST_STEP if is_picture(start.shape) else max(1, prod(start.shape)) ** -0.5
    preconditioner = preconditioner_of(start.shape)
    bands = ops.convert_to_tensor(preconditioner.bands(start.shape), dtype=str(start.dtype))
    step = function.program(("lbfgs", first_step, bounds), lambda: _program(function, first_step, bounds))
    state, search = _initial(start, memory, (len(bands), preconditioner.colours)), LineSearch()
    if resume is not None:
        state, search = _load_state(state, resume, str(start.dtype))

    def current() -> SolverState:
        return _arrays(state, search)

    while search.done < evaluations and not search.stopped:
        controls = ops.convert_to_tensor(np.array(search.command, dtype=start.dtype))
        state, trial, (value, auxiliary, numbers) = step(state, controls, function.constants, bands)
        found = Evaluation(float(value), *np.asarray(numbers, np.float64).tolist())
        was_fresh, search = search.is_fresh, decide(search, found, memory)
        if search.is_fresh and not was_fresh:
            state = _cleared(state, memory)
        yield Point(trial, found.value, auxiliary, current)
    return search.stopped


def _initial(start: np.ndarray, memory: int, groups: tuple[int, int]) -> State:
    """The state at the start; `groups` are the numbers of octaves and of colours."""
    x = ops.convert_to_tensor(start)
    nothing = ops.zeros_like(x)
    powers = ops.zeros((memory, 2, *groups), dtype=nothing.dtype)
    return _cleared(State(x, nothing, nothing, nothing, (), (), (), powers), memory)


def _cleared(state: State, memory: int) -> State:
    """The same point with an empty memory."""
    nothing = ops.zeros_like(state.x)
    return state._replace(
        direction=nothing,  # it may hold infinities, and zero times infinity is not zero
        ahead=state.gradient,
        steps=(nothing,) * memory,  # one tensor, so that an empty memory takes no space
        changes=(nothing,) * memory,
        inverse_curvatures=ops.zeros(memory, dtype=nothing.dtype),
        powers=ops.zeros_like(state.powers),
    )


def _arrays(state: State, search: LineSearch) -> SolverState:
    """Both as arrays, which are not copied on a CPU; of the memory only the filled part, one array for each entry."""
    single = {name: np.asarray(value) for name, value in state._asdict().items() if name not in PAIRS}
    filled = {
        f"{name}.{index}": np.asarray(array)
        for name in PAIRS
        for index, array in enumerate(getattr(state, name)[len(state.steps) - search.pairs :])
    }
    return {**single, **filled, **{name: np.array(value) for name, value in search._asdict().items()}}


def _load_state(empty: State, arrays: SolverState, dtype: str) -> tuple[State, LineSearch]:
    """The inverse of `_arrays`, which empties `arrays`, so that nothing is held twice for long.

    Where the memory of `empty` has less room, the latest pairs are kept.

    Raises:
        InvalidInputError: an array is missing, or has another shape or type than `empty` in the precision `dtype`.
    """
    _check_state(empty, arrays, dtype)
    plain = {name: arrays.pop(name).item() for name in LineSearch._fields if name != "command"}
    accept, remember, moved, ahead = arrays.pop("command").tolist()
    command = StepCommand(bool(accept), bool(remember), moved, ahead)
    room, pairs = len(empty.steps), plain["pairs"]
    kept = plain["pairs"] = min(pairs, room)
    found: dict[str, Any] = {}
    for name, value in empty._asdict().items():
        if name in PAIRS:
            for dropped in range(pairs - kept):
                del arrays[f"{name}.{dropped}"]
            latest = [ops.convert_to_tensor(arrays.pop(f"{name}.{i}")) for i in range(pairs - kept, pairs)]
            found[name] = (*value[kept:], *latest)
        elif name in ("inverse_curvatures", "powers"):
            all_pairs = arrays.pop(name)
            of_pairs = np.zeros((room, *all_pairs.shape[1:]), all_pairs.dtype)
            of_pairs[room - kept :] = all_pairs[len(all_pairs) - kept :]
            found[name] = ops.convert_to_tensor(of_pairs)
        else:
            found[name] = ops.convert_to_tensor(arrays.pop(name))
    return empty._replace(**found), LineSearch(**plain, command=command)


def _check_state(empty: State, arrays: SolverState, dtype: str) -> None:
    """Raise `InvalidInputError` unless the arrays are a state of this shape and type, with a memory of any room."""
    kinds = {"stopped": "U", "is_fresh": "b", "lowest": "f"}
    scalars = {name: ((), kinds.get(name, "iu")) for name in LineSearch._fields if name != "command"}
    room = arrays["inverse_curvatures"].size if "inverse_curvatures" in arrays else 0
    check_state(arrays, {**scalars, "command": ((4,), "f"), "inverse_curvatures": ((room,), dtype)})
    pairs = int(arrays["pairs"])
    if not 0 <= pairs <= room:
        raise InvalidInputError(f"the state of the solver is damaged: it has {pairs} pairs; start a new run")
    names = ("x", "gradient", "direction", "ahead", *(f"{name}.{index}" for name in PAIRS for index in range(pairs)))
    pictures = dict.fromkeys(names, (tuple(empty.x.shape), dtype))
    check_state(arrays, {**pictures, "powers": ((room, *empty.powers.shape[1:]), dtype)})


def _program(function: Function, first_step: float, bounds: Bounds | None) -> Callable[..., Any]:
    """One evaluation as the host commands it: one program, or three around a function that cannot be traced."""
    evaluate, traceable = function.evaluate, function.traceable  # not its constants, which a program outlives

    def place(state: State, controls: Tensor, bands: Tensor) -> tuple[State, Tensor]:
        accept, remember, moved, ahead = (controls[i] for i in range(4))
        state = ops.cond(
            accept > 0, lambda: _accepted(state, remember > 0, moved, bands, first_step, bounds), lambda: state
        )
        return state, _clipped(state.x + ahead * state.direction, bounds)

    def measure(state: State, trial: Tensor, ahead: Tensor, length: Tensor) -> Tensor:
        """The numbers of an `Evaluation` beside its value."""
        path = state.direction
        if bounds is not None:
            path = (trial - state.x) / ops.where(length > 0, length, ops.ones_like(length))
        origin, largest = _dot(state.gradient, state.direction), ops.max(ops.abs(_free(trial, ahead, bounds)))
        return ops.stack([_dot(state.gradient, path), _dot(ahead, path), largest, origin])

    placed: Callable[..., Any] = place if traceable else backend.compiled(place)
    measured: Callable[..., Any] = measure if traceable else backend.compiled(measure)

    def step(state: State, controls: Tensor, constants: Any, bands: Tensor) -> tuple[State, Tensor, Any]:
        state, trial = placed(state, controls, bands)
        value, gradient, auxiliary = evaluate(trial, constants)
        ahead = ops.cast(ops.convert_to_tensor(gradient), state.x.dtype)
        numbers = measured(state, trial, ahead, controls[3])
        return state._replace(ahead=ahead), trial, (value, auxiliary, numbers)

    return backend.compiled(step) if traceable else step


def _accepted(
    state: State, remember: Tensor, moved: Tensor, bands: Tensor, first_step: float, bounds: Bounds | None
) -> State:
    """The state at the point that was evaluated last, with the direction from there."""
    preconditioner = preconditioner_of(state.x.shape)
    step, change = moved * state.direction, state.ahead - state.gradient
    x = _clipped(state.x + step, bounds)
    if bounds is not None:
        step = x - state.x

    def remembered() -> tuple[Any, ...]:
        curvature = _dot(step, change)
        powers = ops.stack([preconditioner.powers(array, bands) for array in (step, change)])
        # The host has decided by the difference of two slopes, which may differ from this by rounding. A pair whose
        # inverse curvature is 0 drops out of the recursion.
        usable = ops.logical_and(curvature > TINY, ops.all(ops.sum(powers, axis=(1, 2)) > 0))
        one = ops.ones_like(curvature)
        inverse = ops.where(usable, one / ops.where(usable, curvature, one), 0 * one)
        return (
            (*state.steps[1:], step),
            (*state.changes[1:], change),
            ops.concatenate([state.inverse_curvatures[1:], ops.reshape(inverse, (1,))]),
            ops.concatenate([state.powers[1:], ops.where(usable, inverse * powers, 0 * one)[None]]),
        )

    memory = ops.cond(
        remember, remembered, lambda: (state.steps, state.changes, state.inverse_curvatures, state.powers)
    )
    state = State(x, state.ahead, state.direction, state.ahead, *memory)
    gradient = _free(x, state.gradient, bounds)
    direction = _direction(state, gradient, preconditioner, bands, first_step)
    if bounds is not None:
        # Neither components that a bound holds, nor those that would leave it at once.
        direction = -_free(x, ops.where(gradient == 0, ops.zeros_like(direction), -direction), bounds)
    return state._replace(direction=direction)


def _clipped(x: Tensor, bounds: Bounds | None) -> Tensor:
    return x if bounds is None else ops.clip(x, *bounds)


def _free(x: Tensor, gradient: Tensor, bounds: Bounds | None) -> Tensor:
    """The gradient, zero where a step against it would leave the bounds at once."""
    if bounds is None:
        return gradient
    leaves = ops.logical_or(
        ops.logical_and(x <= bounds[0], gradient > 0), ops.logical_and(x >= bounds[1], gradient < 0)
    )
    return ops.where(leaves, ops.zeros_like(gradient), gradient)


def _direction(
    state: State, gradient: Tensor, preconditioner: Preconditioner, bands: Tensor, first_step: float
) -> Tensor:
    """`-H g` by the two-loop recursion."""
    direction, factors = -gradient, []
    inverse_curvatures = (state.inverse_curvatures[i] for i in range(len(state.steps)))
    pairs = list(zip(state.steps, state.changes, inverse_curvatures, strict=True))
    for step, change, inverse_curvature in reversed(pairs):
        factors.append(inverse_curvature * _dot(step, direction))
        direction = direction - factors[-1] * change
    known = ops.any(state.inverse_curvatures > 0)
    direction, scale = preconditioner.scaled(direction, state.powers, known, bands)
    direction = direction * ops.where(known, scale, first_scale(direction, first_step))
    for (step, change, inverse_curvature), factor in zip(pairs, reversed(factors), strict=True):
        direction = direction + (factor - inverse_curvature * _dot(change, direction)) * step
    return direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return ops.sum(a * b)
