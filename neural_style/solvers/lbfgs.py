r"""L-BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.4) on the device, preconditioned for images.

The direction is `-H g`, H being the two-loop recursion's inverse Hessian over the last m steps `s` and changes of the
gradient `y`, which starts from

    H_0 = (s^T y / y^T M y)^1/2 M,     M = C^T F^-1 diag(h) F C     (C: axes of colour, F: Fourier transform of each)

    h(f, c)^2 = sum_k |F C s_k|^2 / (s_k^T y_k)  /  sum_k |F C y_k|^2 / (s_k^T y_k)

with both sums over the pairs k and over the frequencies of an octave around f. An image's gradient is far too strong in
high frequencies for its purpose, and how much too strong depends on the problem, on the colour and on how far the run
has come: the pairs tell. A Hessian that is diagonal, and the same within an octave, is found from one pair. Scaling by
the last pair is usual (Nocedal & Wright 2006, equation 7.20: the identity for M, and no root); M alone makes steps that
are refused too often, and M with the whole of that factor makes them too short. Before there is a pair, H_0 is M with
h = f^-1/2, scaled to a first step of a given length.

The line search takes the full step where it lowers the value enough (Armijo) and shortens it by interpolation where it
does not: one evaluation in the usual step, and no step up, ever. A pair without positive curvature is not remembered.

Direction, step and evaluation are one program; image, gradient and memory stay on the device, and what comes back to
the host is a handful of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.backend.program import Function
from neural_style.solvers import Point, Snapshot

MEMORY = 10
"""Pairs of steps and gradient changes that are remembered, as in the reference scripts."""

COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
"""C: brightness, red against blue, green against both: nearly the principal axes of the colours of pictures (Ohta,
Kanade & Sakai 1980), made orthonormal."""

ROUNDING = 1e-12
"""Part of the power of all octaves and colours, below which that of one is the rounding of a transform in float32."""

FIRST_STEP = 2.0
"""Root mean square of the first step, in grey levels: nothing is known yet but the direction."""

SUFFICIENT = 1e-4
"""Part of the decrease that the slope promises which a step must bring (Nocedal & Wright 2006, equation 3.6a)."""

LINE_SEARCH = 12
"""Evaluations that one line search may take, each at a tenth to a half of the step before."""

TINY = 1e-35
"""A gradient below this is none: it is not divided by."""


class State(NamedTuple):
    """All that the solver knows, on the device.

    Attributes:
        image, gradient: the last point that was accepted.
        direction: from there.
        ahead: gradient at the point that was evaluated last, somewhere along the direction.
        steps, changes: the memory, oldest first; zeros where there is none yet.
        inverse_curvatures: `1 / (s^T y)` of each pair, 0 where there is none.
        powers: (pairs, 2, octaves, 3), that of each step and of each change, over s^T y; 0 where there is none.
    """

    image: Tensor
    gradient: Tensor
    direction: Tensor
    ahead: Tensor
    steps: tuple[Tensor, ...]
    changes: tuple[Tensor, ...]
    inverse_curvatures: Tensor
    powers: Tensor


PICTURES = ("steps", "changes")
"""What a state has many pictures of."""


class StepCommand(NamedTuple):
    """What the host decides for the next evaluation.

    Attributes:
        accept: go to the point that was evaluated last.
        remember: and keep the pair that leads there.
        moved: how far along the direction that point is, in directions.
        ahead: how far to go for the next evaluation.
    """

    accept: bool
    remember: bool
    moved: float
    ahead: float


class LineSearch(NamedTuple):
    """Where the search is, on the host.

    Attributes:
        done: evaluations so far.
        pairs: how many pairs are in the memory.
        command: for the next evaluation.
        lowest: value at the last point that was accepted.
        tries: evaluations of this line search that failed.
        is_fresh: nothing was remembered since the memory was cleared.
        stopped: why no evaluation follows; empty if one does.
    """

    done: int = 0
    pairs: int = 0
    command: StepCommand = StepCommand(accept=False, remember=False, moved=0.0, ahead=0.0)
    lowest: float = np.inf
    tries: int = 0
    is_fresh: bool = True
    stopped: str = ""


def minimise(
    function: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    memory: int = MEMORY,
    first_step: float = FIRST_STEP,
    resume: Snapshot | None = None,
) -> Generator[Point, None, str]:
    """Run for `evaluations`, or until no descent is left; see `neural_style.solvers` for the interface.

    Args:
        function: what is minimised.
        start: (H, W, C); its precision is that of the solver.
        evaluations: how many at most.
        memory: number of pairs that are remembered; each takes the memory of two images, and on JAX, which copies what
            a program hands through, twice that during an evaluation.
        first_step: root mean square of the first step, and of the first one after the memory was cleared.
        resume: the snapshot of a run with the same settings, behind which this one goes on.
    """
    bands = ops.convert_to_tensor(octaves(start.shape[:2]), dtype=str(start.dtype))
    step = function.program(("lbfgs", first_step), lambda: _program(function, first_step))
    state, search = _initial(start, memory, len(bands)), LineSearch()
    if resume is not None:
        state, search = _taken_up(state, resume)

    def snapshot() -> Snapshot:
        return _snapshot(state, search)

    while search.done < evaluations and not search.stopped:
        controls = ops.convert_to_tensor(np.array(search.command, dtype=start.dtype))
        state, trial, (value, auxiliary, slopes) = step(state, controls, function.constants, bands)
        value, (slope, slope_ahead) = float(value), np.asarray(slopes, np.float64)
        was_fresh, search = search.is_fresh, _decided(search, value, float(slope), float(slope_ahead), memory)
        if search.is_fresh and not was_fresh:
            state = _forgotten(state, memory)
        yield Point(trial, value, auxiliary, snapshot)
    return search.stopped


def _decided(search: LineSearch, value: float, slope: float, slope_ahead: float, memory: int) -> LineSearch:
    """What follows an evaluation: another step, a shorter one, a new beginning without a memory, or the end.

    Args:
        search: before it.
        value: at the point that was evaluated.
        slope, slope_ahead: along the direction, where it begins and at that point.
        memory: number of pairs that there is room for.
    """
    is_first, length = search.done == 0, search.command.ahead
    search = search._replace(done=search.done + 1, pairs=min(search.pairs + search.command.remember, memory))
    promised = SUFFICIENT * length * slope
    if is_first or (isfinite(value) and isfinite(slope_ahead) and slope < 0 and value <= search.lowest + promised):
        # s^T y = length (slope_ahead - slope); rounding alone makes it as large as this bound.
        curved = not is_first and length * (slope_ahead - slope) > 1e-6 * abs(length * slope)
        return search._replace(
            command=StepCommand(True, curved, length, 1.0),
            lowest=value,
            tries=0,
            is_fresh=search.is_fresh and not curved,
        )
    tries = search.tries + 1
    if (isfinite(slope) and slope < 0) and tries < LINE_SEARCH:
        return search._replace(
            command=StepCommand(False, False, 0.0, _shorter(length, search.lowest, slope, value)), tries=tries
        )
    if search.is_fresh:
        return search._replace(stopped="no further descent is possible in the precision of the loss")
    return search._replace(command=StepCommand(True, False, 0.0, 1.0), pairs=0, tries=0, is_fresh=True)


def octaves(size: tuple[int, int]) -> np.ndarray:
    """How much each frequency of a Fourier transform belongs to each octave, (octaves, rows, columns).

    They are centred at 1/2, 1/4, 1/8 ... cycles per pixel, down to the lowest frequency of `size`, and fall off
    linearly, in the logarithm, to the centre of the next: they sum to one everywhere. The mean goes with the lowest.
    """
    rows, columns = (np.fft.fftfreq(side) for side in size)
    frequency = np.maximum(np.hypot(rows[:, None], columns), 1 / max(size))
    count = max(1, round(np.log2(max(size))))
    octave = np.clip(-np.log2(frequency), 1, count)
    nearness: np.ndarray = np.maximum(0, 1 - np.abs(octave - np.arange(1, count + 1)[:, None, None]))
    return nearness


def _shorter(length: float, before: float, slope: float, value: float) -> float:
    """Where the parabola through value and slope before and the value after is lowest; 0.1 to 0.5 of `length`."""
    above = value - before - slope * length
    if not (isfinite(above) and above > 0):  # also where the value is fine and the gradient is not
        return 0.1 * length
    minimum = -slope * length**2 / (2 * above)
    return min(max(minimum, 0.1 * length), 0.5 * length)


def _initial(start: np.ndarray, memory: int, octave_count: int) -> State:
    image = ops.convert_to_tensor(start)
    nothing = ops.zeros_like(image)
    powers = ops.zeros((memory, 2, octave_count, 3), dtype=nothing.dtype)
    return _forgotten(State(image, nothing, nothing, nothing, (), (), (), powers), memory)


def _forgotten(state: State, memory: int) -> State:
    """The same place without a memory."""
    nothing = ops.zeros_like(state.image)
    return state._replace(
        direction=nothing,  # it may be what went wrong, and nothing times infinity is not nothing
        ahead=state.gradient,
        steps=(nothing,) * memory,  # one tensor, so that an empty memory takes no space
        changes=(nothing,) * memory,
        inverse_curvatures=ops.zeros(memory, dtype=nothing.dtype),
        powers=ops.zeros_like(state.powers),
    )


def _snapshot(state: State, search: LineSearch) -> Snapshot:
    """Both as arrays, which on a CPU are no copies; of the memory only what is filled, each picture by itself."""
    single = {name: np.asarray(value) for name, value in state._asdict().items() if name not in PICTURES}
    filled = {
        f"{name}.{index}": np.asarray(picture)
        for name in PICTURES
        for index, picture in enumerate(getattr(state, name)[len(state.steps) - search.pairs :])
    }
    return {**single, **filled, **{name: np.array(value) for name, value in search._asdict().items()}}


def _taken_up(empty: State, snapshot: Snapshot) -> tuple[State, LineSearch]:
    """The opposite of `_snapshot`, which it empties, so that nothing is held twice for long.

    `empty` has room for the memory, the latest of which are kept where it has less.
    """
    plain = {name: snapshot.pop(name).item() for name in LineSearch._fields if name != "command"}
    accept, remember, moved, ahead = snapshot.pop("command").tolist()
    command = StepCommand(bool(accept), bool(remember), moved, ahead)
    room, pairs = len(empty.steps), plain["pairs"]
    kept = plain["pairs"] = min(pairs, room)
    found: dict[str, Any] = {}
    for name, value in empty._asdict().items():
        if name in PICTURES:
            for forgotten in range(pairs - kept):
                del snapshot[f"{name}.{forgotten}"]
            latest = [ops.convert_to_tensor(snapshot.pop(f"{name}.{i}")) for i in range(pairs - kept, pairs)]
            found[name] = (*value[kept:], *latest)
        elif name in ("inverse_curvatures", "powers"):
            all_pairs = snapshot.pop(name)
            of_pairs = np.zeros((room, *all_pairs.shape[1:]), all_pairs.dtype)
            of_pairs[room - kept :] = all_pairs[len(all_pairs) - kept :]
            found[name] = ops.convert_to_tensor(of_pairs)
        else:
            found[name] = ops.convert_to_tensor(snapshot.pop(name))
    return empty._replace(**found), LineSearch(**plain, command=command)


def _program(function: Function, first_step: float) -> Callable[..., Any]:
    """One evaluation at the place that the host orders: one program, or three around a function that is many."""
    evaluate, traceable = function.evaluate, function.traceable  # and not its constants, which a program outlives

    def place(state: State, controls: Tensor, bands: Tensor) -> tuple[State, Tensor]:
        accept, remember, moved, ahead = (controls[i] for i in range(4))
        state = ops.cond(accept > 0, lambda: _accepted(state, remember > 0, moved, bands, first_step), lambda: state)
        return state, state.image + ahead * state.direction

    def slopes_along(direction: Tensor, gradients: Sequence[Tensor]) -> Tensor:
        return ops.stack([_dot(gradient, direction) for gradient in gradients])

    placed: Callable[..., Any] = place if traceable else backend.compiled(place)
    slopes_found: Callable[..., Any] = slopes_along if traceable else backend.compiled(slopes_along)

    def step(state: State, controls: Tensor, constants: Any, bands: Tensor) -> tuple[State, Tensor, Any]:
        state, trial = placed(state, controls, bands)
        value, gradient, auxiliary = evaluate(trial, constants)
        ahead = ops.cast(ops.convert_to_tensor(gradient), state.image.dtype)
        slopes = slopes_found(state.direction, [state.gradient, ahead])
        return state._replace(ahead=ahead), trial, (value, auxiliary, slopes)

    return backend.compiled(step) if traceable else step


def _accepted(state: State, remember: Tensor, moved: Tensor, bands: Tensor, first_step: float) -> State:
    """The state at the point that was evaluated last, with the direction from there."""
    step, change = moved * state.direction, state.ahead - state.gradient

    def remembered() -> tuple[Any, ...]:
        curvature = _dot(step, change)
        powers = ops.stack([_powers(image, bands) for image in (step, change)])
        # The host has decided by the difference of two slopes, which rounding may set apart from this. A pair whose
        # inverse curvature is 0 drops out of the recursion.
        usable = ops.logical_and(curvature > 0, ops.all(ops.sum(powers, axis=(1, 2)) > 0))
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
    state = State(state.image + step, state.ahead, state.direction, state.ahead, *memory)
    return state._replace(direction=_direction(state, bands, first_step))


def _direction(state: State, bands: Tensor, first_step: float) -> Tensor:
    """`-H g` by the two-loop recursion."""
    direction, factors = -state.gradient, []
    inverse_curvatures = (state.inverse_curvatures[i] for i in range(len(state.steps)))
    pairs = list(zip(state.steps, state.changes, inverse_curvatures, strict=True))
    for step, change, inverse_curvature in reversed(pairs):
        factors.append(inverse_curvature * _dot(step, direction))
        direction = direction - factors[-1] * change
    known = ops.any(state.inverse_curvatures > 0)
    squared = ops.where(known, _learned(state.powers), _unlearned(state.powers))
    direction = _scaled(direction, squared, bands)
    energy = ops.sum(ops.sqrt(squared) * state.powers[-1, 1])  # y^T M y / s^T y by Parseval, 0 of an unusable pair
    scale = ops.where(energy > 0, ops.rsqrt(ops.maximum(energy, TINY)), ops.ones_like(energy))
    peak = ops.maximum(ops.max(ops.abs(direction)), TINY)  # squares of what is small would be nothing in float32
    unscaled = first_step / (peak * ops.maximum(ops.sqrt(ops.mean(ops.square(direction / peak))), TINY))
    direction = direction * ops.where(known, scale, unscaled)
    for (step, change, inverse_curvature), factor in zip(pairs, reversed(factors), strict=True):
        direction = direction + (factor - inverse_curvature * _dot(change, direction)) * step
    return direction


def _unlearned(powers: Tensor) -> Tensor:
    """`h^2 = 1 / f`, at the centres of the octaves, (octaves, 3)."""
    count = powers.shape[2]
    return ops.convert_to_tensor(np.repeat(2.0 ** np.arange(1, count + 1)[:, None], 3, axis=1), dtype=powers.dtype)


def _learned(powers: Tensor) -> Tensor:
    """h^2 from those of the pairs, (octaves, 3)."""
    steps, changes = (total + ROUNDING * ops.sum(total) for total in ops.unstack(ops.sum(powers, axis=0)))
    return steps / ops.maximum(changes, TINY)


def _powers(image: Tensor, bands: Tensor) -> Tensor:
    """Power of an image (H, W, 3) in each octave and colour, (octaves, 3); their sum is that of the squared pixels."""
    real, imaginary = _transformed(image)
    power = (ops.square(real) + ops.square(imaginary)) / (image.shape[0] * image.shape[1])
    return ops.einsum("ohw,chw->oc", bands, power)


def _scaled(image: Tensor, squared: Tensor, bands: Tensor) -> Tensor:
    """An image (H, W, 3) with each frequency and colour times h; `squared` is h^2 of each octave and colour."""
    response = ops.exp(ops.einsum("ohw,oc->chw", bands, ops.log(squared) / 2))
    real, imaginary = _transformed(image)
    # The response is real and even: what comes back is real.
    scaled, _ = ops.ifft2((real * response, imaginary * response))
    return ops.einsum("chw,cd->hwd", scaled, _colours(image))


def _transformed(image: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of the Fourier transform of each colour, (3, H, W) each."""
    colours = ops.einsum("hwd,cd->chw", image, _colours(image))
    return ops.fft2((colours, ops.zeros_like(colours)))  # type: ignore[no-any-return]


def _colours(image: Tensor) -> Tensor:
    return ops.convert_to_tensor(COLOURS, dtype=image.dtype)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return ops.sum(a * b)
