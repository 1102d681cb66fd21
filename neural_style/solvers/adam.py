"""Adam (Kingma & Ba 2015, arXiv:1412.6980), in Keras' implementation."""

from __future__ import annotations

from collections.abc import Generator
from math import isfinite

import keras
import numpy as np

from neural_style.backend import Tensor
from neural_style.backend.program import Function
from neural_style.solvers.interface import NOT_FINITE, NOTHING_LEFT, Bounds, Point, SolverState, check_state, is_picture

LEARNING_RATE = 10.0
"""Of a picture: the first step of every pixel, in grey levels. From jcjohnson/neural-style; 2 and 5 were slower."""

USUAL_LEARNING_RATE = 0.001
"""Of other arrays: the paper's recommendation (algorithm 1)."""

BETAS = (0.9, 0.999)
"""Decay of the two moments: the paper's recommendation."""

AVERAGED_EVERY = 20
"""Evaluations of which the last is that of the average: the number in an iteration of a run."""


def minimise(
    function: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    learning_rate: float | None = None,
    betas: tuple[float, float] = BETAS,
    averaging: float = 0.0,
    bounds: Bounds | None = None,
    resume: SolverState | None = None,
) -> Generator[Point, None, str]:
    """Take one step of Adam after each evaluation; see `neural_style.solvers` for the interface.

    A value or gradient that is not finite ends the run, since the moments keep it for ever. A gradient of exactly zero
    ends it at the start; later the moments carry x on.

    Steps that are too large never settle: iterates circle the minimum, and their average is nearer to it (Polyak &
    Juditsky 1992). With `averaging` d the average of x_0 ... x_n, the start and the results of n steps, is::

        a_n = (1 - d) / (1 - d^(n+1)) sum_k d^(n-k) x_k

    corrected for its beginning like Adam's own moments, as in crowsonkb/style-transfer-pytorch, where the average is
    the result. Here it is evaluated, in place of a step, as every `AVERAGED_EVERY`-th point, so that its value is
    known.

    Args:
        function: to be minimised.
        start: array of any shape.
        evaluations: how many at most.
        learning_rate: the size of the first step of every component; None is 10 grey levels for pictures (H, W, 3) and
            0.001 for other arrays.
        betas: decay of the first and of the second moment, in 0..1 without 1.
        averaging: d, in 0..1 without 1; 0 averages nothing.
        bounds: lowest and highest value of every component, to which start and every step are clipped.
        resume: the state of a run with the same settings, which this one continues.
    """
    if learning_rate is None:
        learning_rate = LEARNING_RATE if is_picture(start.shape) else USUAL_LEARNING_RATE
    start = start if bounds is None else np.clip(start, *bounds)
    optimizer = keras.optimizers.Adam(float(learning_rate), beta_1=float(betas[0]), beta_2=float(betas[1]))
    progress = _Progress(start, optimizer, averaging, bounds)
    if resume is not None:
        progress.load_state(resume)
    while progress.done < evaluations and not progress.stopped:
        point = progress.point()
        value, gradient, auxiliary = function(point)
        gradient = keras.ops.convert_to_tensor(gradient)
        progress.advance(gradient)
        if not (isfinite(value) and bool(keras.ops.all(keras.ops.isfinite(gradient)))):
            is_first = progress.done == 1
            progress.stopped = NOT_FINITE if is_first else "Adam cannot recover from values that are not finite"
        elif progress.done == 1 and not bool(keras.ops.any(gradient)):
            progress.stopped = NOTHING_LEFT
        yield Point(point, float(value), auxiliary, progress.state)
    return progress.stopped


class _Progress:
    """The iterate, the moments and the average of a run.

    Attributes:
        done: evaluations so far.
        stopped: why the run ends before all are made.
    """

    def __init__(
        self, start: np.ndarray, optimizer: keras.optimizers.Optimizer, averaging: float, bounds: Bounds | None
    ) -> None:
        self._x = keras.Variable(start, dtype=str(start.dtype), name="x")
        optimizer.build([self._x])
        self._optimizer, self._averaging, self._bounds = optimizer, averaging, bounds
        self._average = (1 - averaging) * keras.ops.copy(self._x.value)
        self.done, self.stopped = 0, ""

    @property
    def _is_average(self) -> bool:
        """Whether the average is the next point."""
        return bool(self._averaging) and (self.done + 1) % AVERAGED_EVERY == 0

    def point(self) -> Tensor:
        """What is evaluated next; a copy, as the variable changes in place."""
        if not self._is_average:
            return keras.ops.copy(self._x.value)
        steps = self.done - self.done // AVERAGED_EVERY
        average = self._average / (1 - self._averaging ** (steps + 1))
        return average if self._bounds is None else keras.ops.clip(average, *self._bounds)  # which rounding may leave

    def advance(self, gradient: Tensor) -> None:
        """Take a step by the gradient at the point; none from the average."""
        if not self._is_average:
            self._optimizer.apply([gradient], [self._x])
            if self._bounds is not None:
                self._x.assign(keras.ops.clip(self._x.value, *self._bounds))
            if self._averaging:
                self._average = self._averaging * self._average + (1 - self._averaging) * self._x.value
        self.done += 1

    def state(self) -> SolverState:
        variables = {f"optimizer_{index}": each for index, each in enumerate(self._optimizer.variables)}
        variables["x"] = self._x
        # Copies: the variables change in place.
        state = {name: np.asarray(keras.ops.copy(variable.value)) for name, variable in variables.items()}
        state |= {"average": np.array(self._average)} if self._averaging else {}
        return state | {"done": np.array(self.done), "stopped": np.array(self.stopped)}

    def load_state(self, state: SolverState) -> None:
        """Continue from a `state`, which is emptied array by array."""
        shape, variables = tuple(self._x.shape), self._optimizer.variables
        shapes = {f"optimizer_{index}": (tuple(each.shape), "fiu") for index, each in enumerate(variables)}
        shapes |= dict.fromkeys(["x", "average"] if self._averaging else ["x"], (shape, "f"))
        check_state(state, {**shapes, "done": ((), "iu"), "stopped": ((), "U")})
        self._x.assign(state.pop("x"))
        for index, variable in enumerate(variables):
            variable.assign(state.pop(f"optimizer_{index}"))
        if self._averaging:
            self._average = keras.ops.convert_to_tensor(state.pop("average"))
        self.done, self.stopped = int(state.pop("done")), str(state.pop("stopped"))
