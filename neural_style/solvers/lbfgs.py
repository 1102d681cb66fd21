"""L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4) on the device, preconditioned for pictures.

The direction is `-H g`, H being the two-loop recursion's inverse Hessian over the last m steps `s` and changes of the
gradient `y`, which starts from `neural_style.solvers.preconditioner`. The line search is that of
`neural_style.solvers.line_search`. A pair without positive curvature is not remembered.

With bounds it is projected (Bertsekas 1982; the two-metric projection of Gafni & Bertsekas 1984): with P the projection
on the components that are not at a bound which the gradient pushes them over, the direction is `-P H P g` without the
components that would leave at once, and a step of length t goes to `clip(x + t d)`. `P H P` is positive semidefinite,
so short steps descend; slopes are measured along the clipped step. Where a bound holds a component at both ends of a
step, the pair has no change of its gradient: it is no variable of the model, whose steps would become too short.

The direction is computed by one program and the evaluation by another, see `neural_style.solvers.lbfgs_device`; x,
gradient and memory stay on the device, and a handful of numbers returns to the host.
"""

from __future__ import annotations

from collections.abc import Generator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.backend.program import Function
from neural_style.errors import InvalidInputError
from neural_style.solvers.interface import Bounds, Point, SolverState, check_state, is_picture
from neural_style.solvers.lbfgs_device import State, moved, programs_of
from neural_style.solvers.line_search import Evaluation, LineSearch, StepCommand, decide
from neural_style.solvers.preconditioner import preconditioner_of

MEMORY = 10
"""Pairs of steps and gradient changes that are remembered, as in the reference scripts."""

FIRST_STEP = 2.0
"""Root mean square of the first step of a picture, in grey levels: only its direction is known."""


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
        memory: number of pairs that are remembered; each takes the memory of two arrays like `start`.
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
    programs = function.program(("lbfgs", first_step, bounds), lambda: programs_of(function, first_step, bounds))
    state, search = _initial(start, memory, (len(bands), preconditioner.colours)), LineSearch()
    if resume is not None:
        state, search = _load_state(state, resume, str(start.dtype))

    def current() -> SolverState:
        return _arrays(state, search)

    def started(state: State, command: StepCommand) -> Started:
        placed = moved(state, command, programs.advance, bands) if command.accept else state
        length = ops.convert_to_tensor(np.array(command.ahead, start.dtype))
        trial, ahead, *read = programs.evaluate(placed.x, placed.gradient, placed.direction, length, function.constants)
        backend.start_copies(read)
        return Started(command, placed._replace(ahead=ahead), trial, *read)

    guesses, guess = function.traceable and is_waited_for(), None
    while search.done < evaluations and not search.stopped:
        run = guess if guess is not None and guess.command == search.command else started(state, search.command)
        guess = None
        if guesses and 0 < search.done < evaluations - 1:
            guess = started(run.state, StepCommand(True, True, search.command.ahead, 1.0))
        found = Evaluation(float(run.value), *np.asarray(run.numbers, np.float64).tolist())
        after = decide(search, found, memory)
        is_cleared = after.is_fresh and not search.is_fresh
        # In one statement, so that an interruption leaves both as they were or as they will be.
        state, search = _cleared(run.state, memory) if is_cleared else run.state, after
        yield Point(run.trial, found.value, run.auxiliary, current)
    return search.stopped


class Started(NamedTuple):
    """An evaluation that the device computes.

    Attributes:
        command: that it follows.
        state: after it, with the gradient at `trial` as `ahead`.
        trial: the point that is evaluated.
        value, auxiliary: of the function there.
        numbers: the others of an `Evaluation`.
    """

    command: StepCommand
    state: State
    trial: Tensor
    value: Tensor
    auxiliary: Any
    numbers: Tensor


def is_waited_for() -> bool:
    """Whether the device is another one than the host's, which would wait for its decisions.

    Then the evaluation that mostly follows, a full step from a point that is accepted, is started before the numbers of
    the one before are there. A wrong guess costs an evaluation.
    """
    return backend.device_name() != "cpu"


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
