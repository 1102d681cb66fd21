"""Solvers on functions whose minimum is known."""

import threading

import numpy as np
import pytest
from scipy import optimize

from neural_style import InvalidInputError
from neural_style.solvers import SOLVERS, scipy_lbfgs, solver

SHAPE = (4, 5, 3)


def quadratic(condition=100.0):
    """`sum_i a_i (x_i - i)^2`, a from 1 to `condition`."""
    minimum = np.arange(np.prod(SHAPE), dtype="float32").reshape(SHAPE)
    factors = np.geomspace(1, condition, minimum.size).astype("float32").reshape(SHAPE)

    def value_and_grad(x):
        return float((factors * (x - minimum) ** 2).sum()), 2 * factors * (x - minimum)

    return value_and_grad, minimum


def run(name, value_and_grad, start, evaluations, **settings):
    """All points, and what the solver returned."""
    points, generator = [], solver(name)(value_and_grad, start, evaluations=evaluations, **settings)
    while True:
        try:
            points.append(next(generator))
        except StopIteration as end:
            return points, end.value


@pytest.mark.parametrize(("name", "evaluations"), [("scipy_lbfgs", 60), ("adam", 800)])
def test_a_quadratic_is_minimised(name, evaluations):
    value_and_grad, minimum = quadratic()
    points, _ = run(name, value_and_grad, np.zeros(SHAPE, "float32"), evaluations)
    best = min(points, key=lambda point: point.value)
    assert best.value < 1e-3 * points[0].value
    np.testing.assert_allclose(best.image, minimum, atol=2)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_point_is_the_one_that_was_evaluated(name):
    value_and_grad, _ = quadratic()
    seen = []

    def remember(x):
        seen.append((x.copy(), value_and_grad(x)[0]))
        return value_and_grad(x)

    start = np.full(SHAPE, 7, "float32")
    points, _ = run(name, remember, start, 9)
    assert len(points) == len(seen) == 9
    np.testing.assert_array_equal(points[0].image, start)
    for point, (x, value) in zip(points, seen, strict=True):
        np.testing.assert_array_equal(point.image, x)
        assert point.value == value
        assert point.image.dtype == np.float32


def test_lbfgs_takes_scipys_own_steps_with_one_memory():
    """Rosenbrock: the values are those of one uninterrupted call of SciPy."""

    def value_and_grad(x):
        return float(optimize.rosen(x.ravel())), optimize.rosen_der(x.ravel()).reshape(x.shape)

    start = np.linspace(-1.5, 2, 12).reshape(2, 2, 3)
    expected = []

    def record(x):
        expected.append(value_and_grad(x)[0])
        return value_and_grad(x)

    settings = {"maxcor": 10, "maxfun": 10**6, "ftol": 0, "gtol": 0}
    optimize.minimize(record, start.ravel(), jac=True, method="L-BFGS-B", options={**settings, "maxiter": 60})
    points, _ = run("scipy_lbfgs", value_and_grad, start, 60)
    assert [point.value for point in points] == expected[:60]


def test_lbfgs_says_when_no_descent_is_left():
    value_and_grad, minimum = quadratic(condition=2.0)
    points, reason = run("scipy_lbfgs", value_and_grad, minimum + np.float32(0.5), 500)
    assert len(points) < 500
    assert min(point.value for point in points) == pytest.approx(0, abs=1e-6)
    assert reason == "no further descent is possible in the precision of the loss"


@pytest.mark.parametrize("leave", ["close", "error in the loss"])
def test_lbfgs_leaves_no_thread_behind(leave):
    value_and_grad, minimum = quadratic()
    before = threading.active_count()
    if leave == "close":
        generator = scipy_lbfgs.minimise(value_and_grad, minimum + 1, evaluations=50)
        next(generator)
        assert threading.active_count() == before + 1
        generator.close()
    else:

        def fail(x):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            next(scipy_lbfgs.minimise(fail, minimum + 1, evaluations=50))
    assert threading.active_count() == before


def test_unknown_solver():
    with pytest.raises(InvalidInputError, match='unknown solver "lbfgs": did you mean "scipy_lbfgs"'):
        solver("lbfgs")
