"""Adam behind the interface of solvers."""

import numpy as np
import pytest

from neural_style.runs.settings import EVALUATIONS_PER_ITERATION
from neural_style.solvers import solver
from neural_style.solvers.adam import AVERAGED_EVERY
from tests.solvers.problems import SHAPE, on_host, quadratic, run


def test_the_run_ends_at_a_value_that_is_not_finite():
    def value_and_grad(x):
        return (np.nan if (x > 25).any() else 1.0), np.full_like(x, -1)

    points, reason = run("adam", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 50)
    assert [np.isnan(point.value) for point in points] == [False] * 3 + [True]
    assert "not finite" in reason


def test_steps_are_those_of_the_paper():
    """Algorithm 1 of Kingma & Ba 2015, with other rates than the default."""
    value_and_grad, _ = quadratic()
    rate, (first, second) = 0.5, (0.8, 0.95)
    points, _ = run(
        "adam", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 6, learning_rate=rate, betas=(0.8, 0.95)
    )
    x, m, v = (np.zeros(SHAPE) for _ in range(3))
    for n, point in enumerate(points, start=1):
        np.testing.assert_allclose(point.x, x, atol=1e-5)
        g = value_and_grad(x.astype("float32"))[1]
        m, v = first * m + (1 - first) * g, second * v + (1 - second) * g**2
        x = x - rate * (m / (1 - first**n)) / (np.sqrt(v / (1 - second**n)) + 1e-7)


def test_every_20th_point_is_the_average_of_the_iterates_before_it():
    """It lies in a narrow valley's middle, across which the iterates jump, and takes no step."""
    value_and_grad, _ = quadratic(1e4)
    start = np.zeros(SHAPE, "float32")
    settings = {"learning_rate": 10.0, "betas": (0.5, 0.9)}
    plain, _ = run("adam", on_host(value_and_grad), start, 60, **settings)
    points, _ = run("adam", on_host(value_and_grad), start, 60, averaging=0.8, **settings)
    iterates = [point for n, point in enumerate(points, start=1) if n % 20]
    np.testing.assert_array_equal([each.x for each in iterates], [each.x for each in plain[:57]])
    for n in (20, 40):
        before = np.stack([each.x for each in iterates[: n - n // 20 + 1]])  # x_0 to the result of the last step
        weights = 0.8 ** np.arange(len(before))[::-1]
        expected = np.tensordot(weights / weights.sum(), before, 1)
        np.testing.assert_allclose(points[n - 1].x, expected, rtol=1e-4, atol=1e-3)
    assert points[59].value < min(each.value for each in iterates[38:])


def test_the_average_of_iterates_at_a_bound_lies_within_it():
    """Rounding took it to 255.0004."""
    points, _ = run(
        "adam",
        on_host(lambda x: (1.0, np.full_like(x, -1))),
        np.full(SHAPE, 255, "float32"),
        100,
        averaging=0.99,
        bounds=(0, 255),
    )
    assert max(np.max(point.x) for point in points) == 255


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_a_resumed_run_is_the_same(averaging):
    value_and_grad, _ = quadratic()
    start = np.zeros(SHAPE, "float32")
    whole, _ = run("adam", on_host(value_and_grad), start, 45, averaging=averaging)
    generator = solver("adam")(on_host(value_and_grad), start, evaluations=45, averaging=averaging)
    state = [next(generator) for _ in range(23)][-1].state()
    rest, _ = run("adam", on_host(value_and_grad), start, 45, averaging=averaging, resume=state)
    np.testing.assert_array_equal([each.x for each in rest], [each.x for each in whole[23:]])
    assert state == {}


def test_every_iteration_ends_with_the_average():
    assert AVERAGED_EVERY == EVALUATIONS_PER_ITERATION
