"""Functions that the tests of solvers minimise."""

import numpy as np
from keras import ops

from neural_style.backend.program import Evaluated, Function
from neural_style.solvers import solver

SHAPE = (4, 5, 3)


def on_host(value_and_grad):
    """A function in NumPy, which cannot be traced."""

    def evaluate(x, _):
        value, gradient = value_and_grad(np.asarray(x))
        return Evaluated(value, gradient, ())

    return Function(evaluate, traceable=False)


def quadratic(condition=100.0, shape=SHAPE):
    """`sum_i a_i (x_i - i)^2`, a from 1 to `condition`: value and gradient, and the minimum."""
    minimum = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    factors = np.geomspace(1, condition, minimum.size).astype("float32").reshape(shape)
    return lambda x: (float((factors * (x - minimum) ** 2).sum()), 2 * factors * (x - minimum)), minimum


def rosenbrock(x):
    """`scipy.optimize.rosen` of a tensor of any shape."""
    x = ops.reshape(x, (-1,))
    return ops.sum(100 * ops.square(x[1:] - ops.square(x[:-1])) + ops.square(1 - x[:-1]))


def run(name, function, start, evaluations, **settings):
    """All points, and the reason that the solver returned."""
    points, generator = [], solver(name)(function, start, evaluations=evaluations, **settings)
    while True:
        try:
            points.append(next(generator))
        except StopIteration as end:
            return points, end.value
