"""SciPy's L-BFGS-B behind the interface of solvers."""

import threading

import numpy as np
import pytest
from scipy import optimize

from neural_style.solvers import scipy_lbfgs
from tests.solvers.problems import SHAPE, on_host, quadratic, run


def test_the_steps_are_those_of_one_call_of_scipy():
    """Rosenbrock in twelve dimensions, with one memory for the whole run."""

    def value_and_grad(x):
        return float(optimize.rosen(x.ravel())), optimize.rosen_der(x.ravel()).reshape(x.shape)

    start = np.linspace(-1.5, 2, 12).reshape(2, 2, 3)
    expected = []

    def record(x):
        expected.append(value_and_grad(x)[0])
        return value_and_grad(x)

    settings = {"maxcor": 10, "maxfun": 10**6, "ftol": 0, "gtol": 0}
    optimize.minimize(record, start.ravel(), jac=True, method="L-BFGS-B", options={**settings, "maxiter": 60})
    points, _ = run("scipy_lbfgs", on_host(value_and_grad), start, 60)
    assert [point.value for point in points] == expected[:60]


@pytest.mark.parametrize("leave", ["close", "error in the loss"])
def test_no_thread_is_left_behind(leave):
    value_and_grad, minimum = quadratic()
    before = threading.active_count()
    if leave == "close":
        generator = scipy_lbfgs.minimise(on_host(value_and_grad), minimum + 1, evaluations=50)
        next(generator)
        assert threading.active_count() == before + 1
        generator.close()
    else:

        def fail(x):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            next(scipy_lbfgs.minimise(on_host(fail), minimum + 1, evaluations=50))
    assert threading.active_count() == before


def test_points_have_no_state():
    value_and_grad, _ = quadratic()
    points, _ = run("scipy_lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 1)
    assert points[0].state is None
