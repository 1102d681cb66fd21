"""The library's own L-BFGS."""

from itertools import pairwise

import numpy as np
import pytest
from keras import ops
from scipy import optimize

from neural_style import backend
from neural_style.solvers import NO_DESCENT, differentiable, lbfgs, lbfgs_device
from neural_style.solvers.preconditioner import octaves
from tests.solvers.problems import SHAPE, on_host, quadratic, rosenbrock, run
from tests.solvers.test_solvers import state_after


@pytest.mark.parametrize("traceable", [True, False])
def test_it_needs_no_more_evaluations_than_scipy_on_rosenbrock(traceable):
    """At most a third more than SciPy needs to 1e-6 on the twelve-dimensional function."""
    start = np.linspace(-1.5, 2, 12).reshape(2, 2, 3)
    host = on_host(lambda x: (float(optimize.rosen(x.ravel())), optimize.rosen_der(x.ravel()).reshape(x.shape)))
    function = differentiable(rosenbrock) if traceable else host
    if traceable and backend.NAME == "jax":
        pytest.skip("JAX computes in float32 here")
    needed = {}
    for name in ("scipy_lbfgs", "lbfgs"):
        points, _ = run(name, host if name == "scipy_lbfgs" else function, start, 200)
        needed[name] = next(i for i, point in enumerate(points) if point.value < 1e-6)
        if name == "lbfgs":
            best = min(points, key=lambda point: point.value)
            np.testing.assert_allclose(np.asarray(best.x), 1, atol=1e-2)
    assert needed["lbfgs"] < 1.34 * needed["scipy_lbfgs"]


def test_the_first_step_has_its_length():
    value_and_grad, _ = quadratic()
    for factor in (1e-22, 1e-12, 1.0, 1e12):
        scaled = on_host(lambda x, f=factor: tuple(f * part for part in value_and_grad(x)))
        points, _ = run("lbfgs", scaled, np.zeros(SHAPE, "float32"), 2, first_step=3.0)
        assert np.sqrt(np.square(np.asarray(points[1].x)).mean()) == pytest.approx(3, rel=1e-4)


def test_no_step_up_is_accepted():
    """A function with walls: after an evaluation above the lowest value, the next one is closer to the best point."""

    def value_and_grad(x):
        z = x - 3
        return float((z**4 - 8 * z**2 + z**8 / 100).sum()), 4 * z**3 - 16 * z + 8 * z**7 / 100

    start = np.random.default_rng(0).normal(3, 2, (5, 6, 3)).astype("float32")
    points, _ = run("lbfgs", on_host(value_and_grad), start, 20, first_step=50.0)
    best = points[0]
    for before, after in pairwise(points[1:]):
        if not before.value < best.value:
            distances = [np.abs(np.asarray(p.x) - np.asarray(best.x)).max() for p in (before, after)]
            assert distances[1] < distances[0]
        best = min(best, before, key=lambda point: point.value)
    assert best.value < points[0].value
    assert any(after.value >= before.value for before, after in pairwise(points))  # the walls were met


def test_it_recovers_from_values_that_are_not_finite():
    """A step of 1000 leaves the domain of the function."""

    def value_and_grad(x):
        inside = np.abs(x).max() < 100
        return float(np.square(x - 7).sum()) if inside else np.nan, 2 * (x - 7)

    points, _ = run("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 40, first_step=1000.0)
    assert np.isnan(points[1].value)
    assert min(point.value for point in points) < 1e-3


def test_a_memory_of_one_is_enough():
    value_and_grad, _ = quadratic()
    points, _ = run("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 60, memory=1)
    assert min(point.value for point in points) < 0.01 * points[0].value


def test_a_colour_axis_without_gradient_does_no_harm():
    """The picture stays grey, so that nothing is learned about colours."""
    target = np.random.default_rng(0).normal(128, 30, (8, 9, 1)).astype("float32")
    value_and_grad = on_host(lambda x: (float(np.square(x - target).sum()), 2 * (x - target)))
    points, _ = run("lbfgs", value_and_grad, np.full((8, 9, 3), 128, "float32"), 20)
    assert min(point.value for point in points) < 1e-4 * points[0].value


def walls(x):
    """Not finite beyond 100, which makes line searches long; beyond the minimum the slope is a cliff."""
    inside = np.abs(x).max() < 100
    z = x - 7
    return float(np.abs(z).sum() + np.square(z).sum()) if inside else np.nan, np.where(z > 0, 1001, -1) + 2 * z


def test_a_run_resumes_at_any_evaluation_of_a_line_search_and_after_its_end():
    function, start = on_host(walls), np.zeros(SHAPE, "float32")
    settings = {"evaluations": 200, "first_step": 1000.0, "memory": 3}
    values, states = [], []
    for point in lbfgs.minimise(function, start, **settings):
        values.append(point.value)
        states.append({name: array.copy() for name, array in point.state().items()})
    assert any(state["is_fresh"] for state in states[20:])  # the memory was cleared on the way
    for count in (*range(1, len(states), 5), len(states)):
        after, reason = run("lbfgs", function, start, resume=states[count - 1], **settings)
        np.testing.assert_array_equal(values[:count] + [point.value for point in after], values)
        assert reason == NO_DESCENT


def walls_of_tensors(x):
    """Like `walls`, without the cliff."""
    z = x - 7
    return ops.where(ops.max(ops.abs(x)) < 100, ops.sum(ops.abs(z)) + ops.sum(ops.square(z)), float("nan"))


@pytest.mark.parametrize(("function", "first_step"), [(rosenbrock, 1.0), (walls_of_tensors, 1000.0)])
def test_evaluations_started_ahead_change_nothing(function, first_step, monkeypatch):
    """As on a GPU: points and states are the same to the bit, also where the guess is wrong and the memory cleared."""
    start, found, guesses = np.linspace(-1.5, 2, 60).reshape(SHAPE).astype("float32"), [], []
    for ahead in (False, True):
        monkeypatch.setattr(lbfgs, "is_waited_for", lambda ahead=ahead: ahead)
        points = lbfgs.minimise(differentiable(function), start, evaluations=60, first_step=first_step, memory=3)
        found.append([(point.value, np.asarray(point.x), point.state()) for point in points])
        guesses.append([tuple(state["command"]) for *_, state in found[-1]])
    assert len(set(guesses[0])) > 2  # lengths other than 1
    assert len(found[0]) == len(found[1]) > 10
    for (value, x, state), (other, same, again) in zip(*found, strict=True):
        np.testing.assert_array_equal(value, other)
        np.testing.assert_array_equal(x, same)
        assert state.keys() == again.keys()
        for name in state:
            np.testing.assert_array_equal(state[name], again[name], err_msg=name)


def test_an_interruption_leaves_a_state_that_goes_on_alike():
    """Raised by the function itself, in the middle of an evaluation."""
    calls = []

    def interrupted(x):
        calls.append(0)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return walls(x)

    start, settings = np.zeros(SHAPE, "float32"), {"evaluations": 20, "first_step": 1000.0, "memory": 3}
    values = [point.value for point in run("lbfgs", on_host(walls), start, **settings)[0]]
    points = lbfgs.minimise(on_host(interrupted), start, **settings)
    state = [next(points) for _ in range(7)][-1].state
    with pytest.raises(KeyboardInterrupt):
        next(points)
    after, _ = run("lbfgs", on_host(walls), start, resume=state(), **settings)
    np.testing.assert_array_equal([point.value for point in after], values[7:])


def test_an_empty_memory_takes_no_space():
    value_and_grad, _ = quadratic()
    sizes = []
    for count in (1, 3, 30):
        _, state = state_after("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), count, memory=4)
        sizes.append(sum(array.size for array in state.values() if array.ndim >= 3) // np.prod(SHAPE))
    assert sizes[0] == 4  # image, gradient, direction, ahead
    assert sizes[0] < sizes[1] < sizes[2] == 4 + 2 * 4


def test_the_state_shares_its_arrays_with_the_solver():
    points = lbfgs.minimise(differentiable(rosenbrock), np.zeros(SHAPE, "float32"), evaluations=9)
    for point in points:
        one, other = point.state(), point.state()
    arrays = [name for name, array in one.items() if array.shape == SHAPE]
    assert len(arrays) == 4 + 2 * one["pairs"] > 8
    assert all(np.shares_memory(one[name], other[name]) for name in arrays)


def test_a_smaller_memory_resumes_with_the_latest_pairs():
    """As on a machine with less memory free."""
    start = np.linspace(-1.5, 2, 36).reshape(3, 4, 3).astype("float32")
    _, state = state_after("lbfgs", differentiable(rosenbrock), start, 12, memory=5)
    _, same = state_after("lbfgs", differentiable(rosenbrock), start, 12, memory=5)
    pairs = int(state["pairs"])
    points = lbfgs.minimise(differentiable(rosenbrock), start, evaluations=13, memory=2, resume=state)
    found = next(points).state()
    assert not state
    assert found["pairs"] == 2
    # One pair was added by the evaluation.
    np.testing.assert_array_equal(found["steps.0"], same[f"steps.{pairs - 1}"])


def test_a_direction_that_is_not_finite_does_not_spoil_the_point():
    bands = ops.convert_to_tensor(octaves(SHAPE[:2]).astype("float32"))
    state = lbfgs._initial(np.full(SHAPE, 5, "float32"), 3, (len(bands), 3))
    broken = state._replace(direction=state.direction * np.inf, gradient=state.x)
    again = lbfgs_device.advanced(lbfgs._cleared(broken, 3), ops.convert_to_tensor(False), 0.0, bands, 2.0, None)
    np.testing.assert_array_equal(np.asarray(again.x), 5)
    np.testing.assert_allclose(np.asarray(again.direction), -2)
