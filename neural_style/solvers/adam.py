"""Adam (Kingma & Ba 2015, arXiv:1412.6980), Keras' own."""

from __future__ import annotations

from collections.abc import Generator
from math import isfinite

import keras
import numpy as np

from neural_style.backend.program import Function
from neural_style.solvers import Point, Snapshot

LEARNING_RATE = 10.0
"""Grey levels: the step of every pixel at first. The value of jcjohnson/neural-style; 2 and 5 were slower."""


def minimise(
    function: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    learning_rate: float = LEARNING_RATE,
    resume: Snapshot | None = None,
) -> Generator[Point, None, str]:
    """Take one step of Adam after each evaluation; see `neural_style.solvers` for the interface.

    Once something was not finite it stays in the moments for ever, so that the run ends there.
    """
    image = keras.Variable(start, dtype=str(start.dtype), name="pastiche")
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([image])
    done, stopped = 0, ""
    if resume is not None:
        image.assign(resume.pop("image"))
        for index, variable in enumerate(optimizer.variables):
            variable.assign(resume.pop(f"optimizer_{index}"))
        done, stopped = int(resume.pop("done")), str(resume.pop("stopped"))

    def snapshot() -> Snapshot:
        variables = {f"optimizer_{index}": variable for index, variable in enumerate(optimizer.variables)}
        variables["image"] = image
        # Copies: the variables change in place.
        state = {name: np.asarray(keras.ops.copy(variable.value)) for name, variable in variables.items()}
        return state | {"done": np.array(done), "stopped": np.array(stopped)}

    while done < evaluations and not stopped:
        point = keras.ops.copy(image.value)  # a copy: the variable changes in place
        value, gradient, auxiliary = function(point)
        gradient = keras.ops.convert_to_tensor(gradient)
        optimizer.apply([gradient], [image])
        done += 1
        if not (isfinite(value) and bool(keras.ops.all(keras.ops.isfinite(gradient)))):
            stopped = "Adam cannot come back from what is not finite"
        yield Point(point, float(value), auxiliary, snapshot)
    return stopped
