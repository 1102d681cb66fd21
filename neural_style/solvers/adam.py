"""Adam (Kingma & Ba 2015, arXiv:1412.6980), in Keras' implementation."""

from __future__ import annotations

from collections.abc import Generator
from math import isfinite

import keras
import numpy as np

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

    Steps of a constant size never settle: iterates circle the minimum, and their average is nearer to it (Polyak &
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
    x = keras.Variable(start, dtype=str(start.dtype), name="x")
    optimizer = keras.optimizers.Adam(float(learning_rate), beta_1=float(betas[0]), beta_2=float(betas[1]))
    optimizer.build([x])
    average = (1 - averaging) * keras.ops.copy(x.value)
    done, stopped = 0, ""
    if resume is not None:
        shapes = {f"optimizer_{index}": (tuple(each.shape), "fiu") for index, each in enumerate(optimizer.variables)}
        shapes |= dict.fromkeys(["x", "average"] if averaging else ["x"], (start.shape, "f"))
        check_state(resume, {**shapes, "done": ((), "iu"), "stopped": ((), "U")})
        if averaging:
            average = keras.ops.convert_to_tensor(resume.pop("average"))
        x.assign(resume.pop("x"))
        for index, variable in enumerate(optimizer.variables):
            variable.assign(resume.pop(f"optimizer_{index}"))
        done, stopped = int(resume.pop("done")), str(resume.pop("stopped"))

    def current() -> SolverState:
        variables = {f"optimizer_{index}": variable for index, variable in enumerate(optimizer.variables)}
        variables["x"] = x
        # Copies: the variables change in place.
        state = {name: np.asarray(keras.ops.copy(variable.value)) for name, variable in variables.items()}
        state |= {"average": np.array(average)} if averaging else {}
        return state | {"done": np.array(done), "stopped": np.array(stopped)}

    while done < evaluations and not stopped:
        is_average = averaging and (done + 1) % AVERAGED_EVERY == 0
        steps = done - done // AVERAGED_EVERY
        # A copy: the variable changes in place.
        point = average / (1 - averaging ** (steps + 1)) if is_average else keras.ops.copy(x.value)
        value, gradient, auxiliary = function(point)
        gradient = keras.ops.convert_to_tensor(gradient)
        if not is_average:
            optimizer.apply([gradient], [x])
            if bounds is not None:
                x.assign(keras.ops.clip(x.value, *bounds))
            if averaging:
                average = averaging * average + (1 - averaging) * x.value
        done += 1
        if not (isfinite(value) and bool(keras.ops.all(keras.ops.isfinite(gradient)))):
            stopped = NOT_FINITE if done == 1 else "Adam cannot recover from values that are not finite"
        elif done == 1 and not bool(keras.ops.any(gradient)):
            stopped = NOTHING_LEFT
        yield Point(point, float(value), auxiliary, current)
    return stopped
