"""`minimise`: any function of an array, against minima that are known or SciPy's. Runs on the backend in use."""

import numpy as np
import pytest
from keras import ops
from scipy import optimize

from neural_style import InvalidInputError, Network, backend
from neural_style.errors import BrokenRunError
from neural_style.solvers import NOTHING_LEFT, minimise
from tests.solvers.problems import rosenbrock


def has_float64():
    try:
        backend.check_precision("float64")
    except InvalidInputError:
        return False
    return True


PRECISIONS = ["float32", pytest.param("float64", marks=pytest.mark.skipif(not has_float64(), reason="float32 only"))]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("start", [[-1.2, 1.0], np.linspace(-1.5, 2, 10)], ids=["2", "10"])
@pytest.mark.parametrize("solver", ["lbfgs", "scipy_lbfgs"])
def test_rosenbrock_ends_in_the_minimum_of_scipy(start, solver, precision):
    expected = optimize.minimize(optimize.rosen, start, jac=optimize.rosen_der, method="BFGS", options={"gtol": 1e-9})
    found = minimise(rosenbrock, np.array(start, precision), solver=solver, evaluations=300)
    tolerance = 1e-8 if precision == "float64" else 1e-3
    np.testing.assert_allclose(found.x, expected.x, atol=tolerance)
    assert found.x.dtype == precision
    assert found.value == min(found.history) == pytest.approx(optimize.rosen(found.x.astype("f8")), abs=tolerance**2)
    assert found.evaluations == len(found.history) < 300
    assert found.history[0] == pytest.approx(optimize.rosen(np.asarray(start)), rel=1e-5)
    assert found.stopped


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4, 5), (6, 7, 3)])
def test_a_quadratic_of_any_shape(shape):
    """`1/2 (x - b)^T A (x - b)` with a dense A of condition 30: the minimum is b, the auxiliary output x."""
    rng = np.random.default_rng(0)
    size = int(np.prod(shape))
    axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
    matrix = ((axes * np.geomspace(1, 30, size)) @ axes.T).astype("float32")
    minimum = rng.standard_normal(shape).astype("float32")

    def quadratic(x):
        difference = ops.reshape(x - minimum, (size, 1))
        return ops.sum(difference * ops.matmul(matrix, difference)) / 2, {"x": x}

    found = minimise(quadratic, np.full(shape, 5, "float32"))
    np.testing.assert_allclose(found.x, minimum, atol=1e-4)
    assert found.x.shape == shape
    np.testing.assert_array_equal(np.asarray(found.auxiliary["x"]), found.x)


def test_integers_and_constants():
    found = minimise(lambda x: ops.sum(ops.square(x - 3)), [0, 1])
    assert found.x.dtype == "float32"
    np.testing.assert_array_equal(found.x, [3, 3])
    found = minimise(lambda x: 1.5, np.zeros(3, "f4"))
    assert (found.value, found.evaluations, found.stopped) == (1.5, 1, NOTHING_LEFT)


def test_settings_are_those_of_the_solver():
    """Adam's first step has the size of its learning rate; lbfgs' a given root mean square, SciPy's the length 1."""
    steps = {}
    for name, settings in {
        "adam": {"learning_rate": 0.25},
        "lbfgs": {"first_step": 2.0, "memory": 1},
        "scipy_lbfgs": {"memory": 1},
    }.items():
        steps[name] = -minimise(ops.sum, np.zeros(4, "f4"), solver=name, evaluations=2, **settings).x
    np.testing.assert_allclose(steps["adam"], 0.25, rtol=1e-5)
    np.testing.assert_allclose(steps["lbfgs"], 2, rtol=1e-5)
    np.testing.assert_allclose(steps["scipy_lbfgs"], 0.5, rtol=1e-5)


def test_an_objective_is_a_function():
    technique = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
    rng = np.random.default_rng(0)
    objective = technique.objective(*rng.uniform(0, 255, (2, 16, 16, 3)).astype("float32"), image_size=16)
    start = rng.uniform(0, 255, (16, 16, 3)).astype("float32")
    found = minimise(objective.function, start, evaluations=10)
    assert found.history[0] == pytest.approx(objective.value_and_grad(start)[0], rel=1e-5)
    assert found.value == pytest.approx(objective.value_and_grad(found.x)[0], rel=1e-5)
    assert found.value < 0.5 * found.history[0]


@pytest.mark.parametrize(
    ("function", "start", "settings", "message"),
    [
        (ops.square, np.zeros(3, "f4"), {}, r"must return a scalar, received shape \(3,\)"),
        (ops.sum, np.zeros(3, "complex64"), {}, r"float32 or float64 .* received complex64 of shape \(3,\)"),
        (ops.sum, np.zeros((0, 3), "float32"), {}, "at least one element"),
        (ops.sum, ["a"], {}, "received <U1"),
        (ops.sum, [[1.0], [1.0, 2.0]], {}, "start must be an array of numbers"),
        (ops.sum, [1.0, np.nan], {}, "start holds NaN"),
        (ops.sum, np.zeros(3, "f4"), {"solver": "bfgs"}, 'unknown solver "bfgs": did you mean'),
        (ops.sum, np.zeros(3, "f4"), {"evaluations": 0}, "evaluations must be a whole number of at least 1"),
        (ops.sum, np.zeros(3, "f4"), {"memory": 0}, "memory must be a whole number of at least 1"),
        (ops.sum, np.zeros(3, "f4"), {"solver": "adam", "averaging": 1.0}, "averaging must be a number such as 0.99"),
        (ops.sum, np.zeros(3, "f4"), {"first_step": -1.0}, "first_step must be a positive number, received -1.0"),
        (ops.sum, np.zeros(3, "f4"), {"learning_rate": 1}, 'unknown setting of lbfgs "learning_rate": choose one of'),
        (ops.sum, np.zeros(3, "f4"), {"resume": {}}, 'unknown setting of lbfgs "resume"'),
    ],
)
def test_what_cannot_be_minimised_is_refused(function, start, settings, message):
    with pytest.raises(InvalidInputError, match=message):
        minimise(function, start, **settings)


@pytest.mark.parametrize("solver", ["lbfgs", "scipy_lbfgs", "adam"])
def test_a_function_that_is_not_finite_at_the_start_is_an_error(solver):
    for function in (lambda x: ops.sum(ops.log(x)), lambda x: ops.sum(ops.sqrt(x))):  # a value, a slope without bound
        with pytest.raises(BrokenRunError, match=r"not finite at the start \(value (-inf|0)\)"):
            minimise(function, np.zeros(3, "float32"), solver=solver)
