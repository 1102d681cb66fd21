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


def minimise(
    function: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    learning_rate: float | None = None,
    bounds: Bounds | None = None,
    resume: SolverState | None = None,
) -> Generator[Point, None, str]:
    """Take one step of Adam after each evaluation; see `neural_style.solvers` for the interface.

    A value or gradient that is not finite ends the run, since the moments keep it for ever. A gradient of exactly zero
    ends it at the start; later the moments carry x on.

    Args:
        function: to be minimised.
        start: array of any shape.
        evaluations: how many at most.
        learning_rate: the size of the first step of every component; None is 10 grey levels for pictures (H, W, 3) and
            0.001 for other arrays.
        bounds: lowest and highest value of every component, to which start and every step are clipped.
        resume: the state of a run with the same settings, which this one continues.
    """
    if learning_rate is None:
        learning_rate = LEARNING_RATE if is_picture(start.shape) else USUAL_LEARNING_RATE
    start = start if bounds is None else np.clip(start, *bounds)
    x = keras.Variable(start, dtype=str(start.dtype), name="x")
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([x])
    done, stopped = 0, ""
    if resume is not None:
        shapes = {f"optimizer_{index}": (tuple(each.shape), "fiu") for index, each in enumerate(optimizer.variables)}
        check_state(resume, {**shapes, "x": (start.shape, "f"), "done": ((), "iu"), "stopped": ((), "U")})
        x.assign(resume.pop("x"))
        for index, variable in enumerate(optimizer.variables):
            variable.assign(resume.pop(f"optimizer_{index}"))
        done, stopped = int(resume.pop("done")), str(resume.pop("stopped"))

    def current() -> SolverState:
        variables = {f"optimizer_{index}": variable for index, variable in enumerate(optimizer.variables)}
        variables["x"] = x
        # Copies: the variables change in place.
        state = {name: np.asarray(keras.ops.copy(variable.value)) for name, variable in variables.items()}
        return state | {"done": np.array(done), "stopped": np.array(stopped)}

    while done < evaluations and not stopped:
        point = keras.ops.copy(x.value)  # a copy: the variable changes in place
        value, gradient, auxiliary = function(point)
        gradient = keras.ops.convert_to_tensor(gradient)
        optimizer.apply([gradient], [x])
        if bounds is not None:
            x.assign(keras.ops.clip(x.value, *bounds))
        done += 1
        if not (isfinite(value) and bool(keras.ops.all(keras.ops.isfinite(gradient)))):
            stopped = NOT_FINITE if done == 1 else "Adam cannot recover from values that are not finite"
        elif done == 1 and not bool(keras.ops.any(gradient)):
            stopped = NOTHING_LEFT
        yield Point(point, float(value), auxiliary, current)
    return stopped
