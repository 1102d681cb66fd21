"""What L-BFGS computes on the device: the move to a point, the direction from there, and an evaluation along it.

A program returns what it computes and nothing that it was given: XLA would copy that, and branches by a number that is
on a GPU would make the host wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.backend.program import Function
from neural_style.solvers.interface import Bounds
from neural_style.solvers.line_search import StepCommand
from neural_style.solvers.preconditioner import TINY, Preconditioner, first_scale, preconditioner_of


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


class Programs(NamedTuple):
    """What runs on the device.

    Attributes:
        advance: see `advanced`; its last two arguments are captured.
        evaluate: from x, gradient, direction, the length of the step and the constants: the point that is evaluated,
            the gradient there, the value, the auxiliary output, and the numbers of an `Evaluation` beside its value.
    """

    advance: Callable[..., Advanced]
    evaluate: Callable[..., Any]


def programs_of(function: Function, first_step: float, bounds: Bounds | None) -> Programs:
    """Both programs; around a function that cannot be traced, the second is two around it."""
    evaluate, traceable = function.evaluate, function.traceable  # not its constants, which a program outlives

    def advance(state: State, controls: Tensor, bands: Tensor) -> Advanced:
        return advanced(state, controls[0] > 0, controls[1], bands, first_step, bounds)

    def place(x: Tensor, direction: Tensor, length: Tensor) -> Tensor:
        return _clipped(x + length * direction, bounds)

    def measure(x: Tensor, gradient: Tensor, direction: Tensor, trial: Tensor, ahead: Tensor, length: Tensor) -> Tensor:
        path = direction
        if bounds is not None:
            path = (trial - x) / ops.where(length > 0, length, ops.ones_like(length))
        origin, largest = _dot(gradient, direction), ops.max(ops.abs(_free(trial, ahead, bounds)))
        return ops.stack([_dot(gradient, path), _dot(ahead, path), largest, origin])

    placed: Callable[..., Any] = place if traceable else backend.compiled(place)
    measured: Callable[..., Any] = measure if traceable else backend.compiled(measure)

    def evaluated(x: Tensor, gradient: Tensor, direction: Tensor, length: Tensor, constants: Any) -> tuple[Any, ...]:
        trial = placed(x, direction, length)
        value, slopes, auxiliary = evaluate(trial, constants)
        ahead = ops.cast(ops.convert_to_tensor(slopes), x.dtype)
        return trial, ahead, value, auxiliary, measured(x, gradient, direction, trial, ahead, length)

    return Programs(backend.compiled(advance), backend.compiled(evaluated) if traceable else evaluated)


class Advanced(NamedTuple):
    """What changes on the device with a move to the point that was evaluated last.

    Attributes:
        x: that point.
        direction: the search direction from there.
        step, change: the pair that leads there; zeros if it is not to be remembered.
        inverse_curvatures, powers: of all pairs, this one the last if it is to be remembered.
    """

    x: Tensor
    direction: Tensor
    step: Tensor
    change: Tensor
    inverse_curvatures: Tensor
    powers: Tensor


def moved(state: State, command: StepCommand, advance: Callable[..., Advanced], bands: Tensor) -> State:
    """The state at the point that was evaluated last, as commanded."""
    controls = ops.convert_to_tensor(np.array([command.remember, command.moved]), dtype=state.x.dtype)
    found = advance(state, controls, bands)
    state = state._replace(
        x=found.x,
        gradient=state.ahead,
        direction=found.direction,
        inverse_curvatures=found.inverse_curvatures,
        powers=found.powers,
    )
    if not command.remember:
        return state
    return state._replace(steps=(*state.steps[1:], found.step), changes=(*state.changes[1:], found.change))


def advanced(
    state: State, remember: Tensor, moved: Tensor, bands: Tensor, first_step: float, bounds: Bounds | None
) -> Advanced:
    """Move by `moved` along the direction, and choose the next one.

    The memory is passed as it is, and the new pair beside it: whichever of m + 1 pairs is not in use, the oldest or the
    new one, has the inverse curvature 0.
    """
    preconditioner = preconditioner_of(state.x.shape)
    step, change = moved * state.direction, state.ahead - state.gradient
    x = _clipped(state.x + step, bounds)
    gradient = _free(x, state.ahead, bounds)
    if bounds is not None:
        step = x - state.x
        # What a bound holds at both ends is no variable of the model: its slope may change, and its place does not.
        change = ops.where(ops.logical_and(step == 0, gradient == 0), ops.zeros_like(change), change)
    step, change = (ops.where(remember, array, ops.zeros_like(array)) for array in (step, change))
    curvature = _dot(step, change)
    of_pair = ops.stack([preconditioner.powers(array, bands) for array in (step, change)])
    # The host has decided by the difference of two slopes, which may differ from this by rounding. A pair whose
    # inverse curvature is 0 drops out of the recursion.
    usable = ops.logical_and(curvature > TINY, ops.all(ops.sum(of_pair, axis=(1, 2)) > 0))
    one = ops.ones_like(curvature)
    inverse = ops.where(usable, one / ops.where(usable, curvature, one), 0 * one)
    old = state.inverse_curvatures
    used = ops.concatenate([ops.where(remember, 0 * one, old[0])[None], old[1:], inverse[None]])
    powers = ops.concatenate([state.powers[1:], ops.where(usable, inverse * of_pair, 0 * one)[None]])
    powers = ops.where(remember, powers, state.powers)
    pairs = list(zip((*state.steps, step), (*state.changes, change), ops.unstack(used), strict=True))
    direction = _direction(pairs, powers, gradient, preconditioner, bands, first_step)
    if bounds is not None:
        # Neither components that a bound holds, nor those that would leave it at once.
        direction = -_free(x, ops.where(gradient == 0, ops.zeros_like(direction), -direction), bounds)
    return Advanced(x, direction, step, change, ops.where(remember, used[1:], used[:-1]), powers)


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
    pairs: Sequence[tuple[Tensor, Tensor, Tensor]],
    powers: Tensor,
    gradient: Tensor,
    preconditioner: Preconditioner,
    bands: Tensor,
    first_step: float,
) -> Tensor:
    """`-H g` by the two-loop recursion over pairs (step, change, inverse curvature), oldest first."""
    direction, factors = -gradient, []
    for step, change, inverse_curvature in reversed(pairs):
        factors.append(inverse_curvature * _dot(step, direction))
        direction = direction - factors[-1] * change
    known = ops.any(ops.stack([inverse_curvature for _, _, inverse_curvature in pairs]) > 0)
    direction, scale = preconditioner.scaled(direction, powers, known, bands)
    direction = direction * ops.where(known, scale, first_scale(direction, first_step))
    for (step, change, inverse_curvature), factor in zip(pairs, reversed(factors), strict=True):
        direction = direction + (factor - inverse_curvature * _dot(change, direction)) * step
    return direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return ops.sum(a * b)
