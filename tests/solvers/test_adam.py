"""Adam behind the interface of solvers."""

import numpy as np

from tests.solvers.problems import SHAPE, on_host, run


def test_the_run_ends_at_a_value_that_is_not_finite():
    def value_and_grad(x):
        return (np.nan if (x > 25).any() else 1.0), np.full_like(x, -1)

    points, reason = run("adam", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 50)
    assert [np.isnan(point.value) for point in points] == [False] * 3 + [True]
    assert "not finite" in reason
