"""Adam (Kingma & Ba 2015, arXiv:1412.6980), Keras' own."""

from __future__ import annotations

from collections.abc import Generator

import keras
import numpy as np

from neural_style.solvers import Point
from neural_style.solvers.function import Function

LEARNING_RATE = 10.0
"""Grey levels: the step of every pixel at first. The value of jcjohnson/neural-style; 2 and 5 were slower."""


def minimise(
    function: Function, start: np.ndarray, *, evaluations: int, learning_rate: float = LEARNING_RATE
) -> Generator[Point, None, str]:
    """Take one step of Adam after each evaluation; see `neural_style.solvers` for the interface."""
    image = keras.Variable(start, dtype=str(start.dtype), name="pastiche")
    optimizer = keras.optimizers.Adam(learning_rate)
    for _ in range(evaluations):
        point = keras.ops.copy(image.value)  # a copy: the variable changes in place
        value, gradient, extra = function(point)
        yield Point(point, float(value), extra)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [image])
    return ""
