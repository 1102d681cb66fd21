"""All solvers, on functions with a known minimum."""

import io

import numpy as np
import pytest
from keras import ops
from scipy import optimize

from neural_style import InvalidInputError
from neural_style.solvers import NO_DESCENT, NOT_FINITE, NOTHING_LEFT, RESUMABLE, SOLVERS, differentiable, solver
from tests.solvers.problems import SHAPE, on_host, quadratic, rosenbrock, run


@pytest.mark.parametrize(("name", "evaluations"), [("lbfgs", 60), ("scipy_lbfgs", 60), ("adam", 800)])
def test_a_quadratic_is_minimised(name, evaluations):
    value_and_grad, minimum = quadratic()
    points, _ = run(name, on_host(value_and_grad), np.zeros(SHAPE, "float32"), evaluations)
    best = min(points, key=lambda point: point.value)
    assert best.value < 1e-3 * points[0].value
    np.testing.assert_allclose(np.asarray(best.x), minimum, atol=2)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_point_is_the_one_that_was_evaluated(name):
    value_and_grad, _ = quadratic()
    seen = []

    def remember(x):
        seen.append((x.copy(), value_and_grad(x)[0]))
        return value_and_grad(x)

    start = np.full(SHAPE, 7, "float32")
    points, _ = run(name, on_host(remember), start, 9)
    assert len(points) == len(seen) == 9
    np.testing.assert_array_equal(points[0].x, start)
    for point, (x, value) in zip(points, seen, strict=True):
        np.testing.assert_array_equal(np.asarray(point.x), x)
        assert point.value == pytest.approx(value, rel=1e-6)
        assert np.asarray(point.x).dtype == np.float32


@pytest.mark.parametrize("name", ["lbfgs", "scipy_lbfgs"])
def test_the_reason_is_reported_when_no_descent_is_left(name):
    value_and_grad, minimum = quadratic(condition=2.0)
    points, reason = run(name, on_host(value_and_grad), minimum + np.float32(0.5), 500)
    assert len(points) < 500
    assert min(point.value for point in points) == pytest.approx(0, abs=1e-6)
    assert reason in (NO_DESCENT, NOTHING_LEFT)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("traceable", [True, False])
def test_a_gradient_of_zero_at_the_start_leaves_nothing_to_lower(name, traceable):
    start = np.full(SHAPE, 7, "float32")
    traced = differentiable(lambda x: 5 + ops.sum(ops.square(x - 7)))
    function = traced if traceable else on_host(lambda x: (5 + float(np.square(x - 7).sum()), 2 * (x - 7)))
    points, reason = run(name, function, start, 50)
    assert (len(points), points[0].value, reason) == (1, 5, NOTHING_LEFT)
    np.testing.assert_array_equal(np.asarray(points[0].x), start)
    if name in RESUMABLE:
        assert run(name, function, start, 50, resume=points[0].state()) == ([], NOTHING_LEFT)


@pytest.mark.parametrize("name", ["lbfgs", "scipy_lbfgs"])
def test_a_gradient_of_zero_on_the_way_ends_the_run(name):
    """`sum (x - 3)^2`: the second step is Newton's."""
    points, reason = run(name, on_host(lambda x: (float(np.square(x - 3).sum()), 2 * (x - 3))), np.zeros(4, "f4"), 50)
    assert reason == NOTHING_LEFT
    np.testing.assert_array_equal(np.asarray(points[-1].x), 3)
    assert all(point.value > 0 for point in points[:-1])


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("factor", [1e-20, 1e-36, 1e-42])
def test_a_vanishing_gradient_leads_nowhere_infinite(name, factor):
    """Of 1e-36 not even the reciprocal of the square fits into float32; 1e-42 has lost half of its digits."""
    points, reason = run(name, on_host(lambda x: (0.0, np.full_like(x, factor))), np.zeros(SHAPE, "float32"), 30)
    assert all(np.isfinite(np.asarray(point.x)).all() for point in points)
    assert reason in ("", NO_DESCENT, NOTHING_LEFT)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_start_that_is_not_finite_ends_the_run(name):
    for value, slope in ((np.nan, 1.0), (1.0, np.inf)):
        function = on_host(lambda x, value=value, slope=slope: (value, np.full_like(x, slope)))
        points, reason = run(name, function, np.zeros(SHAPE, "float32"), 50)
        assert (len(points), reason) == (1, NOT_FINITE)


def state_after(name, function, start, count, **settings):
    """The values of the first `count` points, and the state behind the last, read from a file."""
    points = solver(name)(function, start, evaluations=10**6, **settings)
    values = [next(points)]
    values += [next(points) for _ in range(count - 1)]
    file = io.BytesIO()
    np.savez(file, **values[-1].state())
    file.seek(0)
    with np.load(file) as stored:
        return [point.value for point in values], dict(stored)


ROSENBROCK = {
    "traced": differentiable(rosenbrock),
    "on the host": on_host(
        lambda x: (float(optimize.rosen(x.ravel())), optimize.rosen_der(x.ravel()).reshape(x.shape))
    ),
}


@pytest.mark.parametrize("name", RESUMABLE)
@pytest.mark.parametrize("function", ROSENBROCK.values(), ids=ROSENBROCK)
@pytest.mark.parametrize("count", [1, 2, 3, 9, 25])
def test_a_resumed_run_equals_an_unbroken_one(name, function, count):
    start = np.linspace(-1.5, 2, 36).reshape(3, 4, 3).astype("float32")
    whole, _ = run(name, function, start, 40)
    before, state = state_after(name, function, start, count)
    after, _ = run(name, function, np.zeros_like(start), 40, resume=state)
    assert before + [point.value for point in after] == [point.value for point in whole]
    np.testing.assert_array_equal(np.asarray(after[-1].x), np.asarray(whole[-1].x))
    assert not state  # emptied, so that nothing is held twice


def test_unknown_solver():
    with pytest.raises(InvalidInputError, match='unknown solver "lbfsg": did you mean "lbfgs"'):
        solver("lbfsg")
