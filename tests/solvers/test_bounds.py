"""Solvers within bounds, against SciPy's L-BFGS-B and the conditions of Kuhn and Tucker."""

import numpy as np
import pytest
from keras import ops
from scipy import optimize

from neural_style.solvers import NOTHING_LEFT, SOLVERS, differentiable, minimise
from tests.solvers.problems import SHAPE, on_host, quadratic, run

LOW, HIGH = -3.0, 4.0


def assert_no_descent(x, gradient, tolerance):
    """Kuhn and Tucker: no component can descend within the bounds."""
    x, gradient = np.asarray(x, "float64"), np.asarray(gradient, "float64")
    inside = (x > LOW) & (x < HIGH)
    assert np.abs(gradient[inside]).max(initial=0) < tolerance
    assert gradient[x <= LOW].min(initial=0) > -tolerance
    assert gradient[x >= HIGH].max(initial=0) < tolerance


@pytest.mark.parametrize(("name", "evaluations"), [("lbfgs", 150), ("scipy_lbfgs", 150), ("adam", 300)])
@pytest.mark.parametrize("traceable", [True, False])
def test_the_minimum_within_bounds_is_found(name, evaluations, traceable):
    """A quadratic with coupled components, whose minimum lies outside in some of them."""
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 6)).astype("float32")
    matrix, target = root @ root.T + np.eye(6, dtype="float32"), 6 * rng.standard_normal(6).astype("float32")

    def value_and_grad(x):
        difference = np.asarray(x, "float64") - target
        return difference @ matrix @ difference / 2, (matrix @ difference).astype("float32")

    traced = differentiable(lambda x: ops.sum((x - target) * ops.matmul(matrix, x - target)) / 2)
    function, start = traced if traceable else on_host(value_and_grad), np.zeros(6, "float32")
    settings = {"learning_rate": 0.25} if name == "adam" else {}
    points, _ = run(name, function, start, evaluations, bounds=(LOW, HIGH), **settings)
    best = min(points, key=lambda point: point.value)
    assert all(np.asarray(point.x).min() >= LOW and np.asarray(point.x).max() <= HIGH for point in points)
    expected = optimize.minimize(value_and_grad, start, jac=True, method="L-BFGS-B", bounds=[(LOW, HIGH)] * 6)
    assert ((expected.x <= LOW) | (expected.x >= HIGH)).any()
    assert best.value == pytest.approx(expected.fun, rel=1e-3)
    np.testing.assert_allclose(np.asarray(best.x), expected.x, atol=0.05)


@pytest.mark.parametrize("seed", [1, 3])
def test_no_more_evaluations_than_scipy_where_bounds_hold_half_of_the_pixels(seed):
    """Of a coupled quadratic; a pair whose change counts components that cannot move makes steps too short."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.standard_normal((192, 192)))
    matrix, target = (rotation * np.geomspace(1, 1000, 192)) @ rotation.T, rng.normal(128, 200, 192)
    of_scipy, limits = [], [(0, 255)] * 192

    def value_and_grad(x):
        difference = x - target
        of_scipy.append(difference @ matrix @ difference / 2)
        return of_scipy[-1], matrix @ difference

    options = {"maxfun": 500, "ftol": 1e-12, "gtol": 1e-6}
    settings = {"jac": True, "method": "L-BFGS-B", "bounds": limits, "options": options}
    lowest = optimize.minimize(value_and_grad, np.full(192, 128.0), **settings)
    assert np.isin(lowest.x, [0, 255]).mean() > 0.5
    theirs = next(count for count, value in enumerate(of_scipy) if value < 1.001 * lowest.fun)

    def in_tensors(x):
        difference = ops.reshape(x, (1, -1)) - target.astype("float32")
        return ops.sum(ops.matmul(difference, matrix.astype("float32")) * difference) / 2

    points, _ = run(
        "lbfgs", differentiable(in_tensors), np.full((8, 8, 3), 128, "float32"), theirs + 1, bounds=(0, 255)
    )
    assert min(point.value for point in points) < 1.001 * lowest.fun


def test_a_picture_within_bounds_cannot_descend_further():
    value_and_grad, minimum = quadratic()
    low, high = np.percentile(minimum, [30, 70])
    scale, middle = (high - low) / (HIGH - LOW), low - LOW * (high - low) / (HIGH - LOW)

    def shifted(x):
        value, gradient = value_and_grad(np.asarray(x) * scale + middle)
        return value, (gradient * scale).astype("float32")

    points, _ = run("lbfgs", on_host(shifted), np.zeros(SHAPE, "float32"), 150, bounds=(LOW, HIGH))
    best = min(points, key=lambda point: point.value)
    gradient = shifted(best.x)[1]
    assert_no_descent(best.x, gradient, 0.02 * np.abs(shifted(np.zeros(SHAPE, "float32"))[1]).max())
    assert np.mean((np.asarray(best.x) <= LOW) | (np.asarray(best.x) >= HIGH)) > 0.3


@pytest.mark.parametrize("name", SOLVERS)
def test_the_start_is_clipped(name):
    points, _ = run(name, differentiable(lambda x: ops.sum(ops.square(x))), np.full(3, 99, "float32"), 1, bounds=(0, 9))
    np.testing.assert_array_equal(np.asarray(points[0].x), [9, 9, 9])


def test_a_minimum_in_a_corner_leaves_nothing_to_lower():
    found = minimise(lambda x: ops.sum(x), np.full(4, 5, "float32"), bounds=(1.0, 9.0), evaluations=50)
    np.testing.assert_array_equal(found.x, [1, 1, 1, 1])
    assert found.stopped == NOTHING_LEFT
    assert found.evaluations < 20


def test_bounds_far_away_change_nothing():
    value_and_grad, _ = quadratic()
    free, bounded = (
        [point.value for point in run("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 30, **settings)[0]]
        for settings in ({}, {"bounds": (-1e6, 1e6)})
    )
    assert bounded[:6] == pytest.approx(free[:6], rel=1e-3)  # rounding grows later


@pytest.mark.parametrize("units", [1e-9, 1e9])
def test_units_of_the_loss_change_no_step_within_bounds(units):
    """A gradient of 1e-9 would be lost in float32, one of 1e9 leads to the bounds everywhere."""
    target = np.linspace(20, 230, 12).reshape(2, 2, 3).astype("float32")

    def scaled(x):
        return float(units * np.square(x - target).sum()), (2 * units * (x - target)).astype(np.float64)

    points, _ = run("scipy_lbfgs", on_host(scaled), np.full((2, 2, 3), 128, "float32"), 12, bounds=(0, 255))
    assert np.sqrt(np.mean(np.square(points[1].x - points[0].x))) == pytest.approx(255 / 128, rel=1e-4)
    np.testing.assert_allclose(min(points, key=lambda point: point.value).x, target, atol=0.01)
