"""Solvers on functions whose minimum is known."""

import io
import threading
from itertools import pairwise

import numpy as np
import pytest
from keras import ops
from scipy import optimize

from neural_style import InvalidInputError, backend
from neural_style.backend.program import Evaluated, Function
from neural_style.solvers import RESUMABLE, SOLVERS, lbfgs, scipy_lbfgs, solver

SHAPE = (4, 5, 3)


def on_host(value_and_grad):
    """A function in NumPy, which nothing can trace."""

    def evaluate(x, _):
        value, gradient = value_and_grad(np.asarray(x))
        return Evaluated(value, gradient, ())

    return Function(evaluate, traceable=False)


def traced(function):
    """A function of a tensor in `keras.ops`."""

    def evaluate(x, constants):
        value, auxiliary, gradient = backend.value_and_grad(lambda x, _: (function(x), ()))(x, constants)
        return Evaluated(value, gradient, auxiliary)

    return Function(evaluate)


def quadratic(condition=100.0, shape=SHAPE):
    """`sum_i a_i (x_i - i)^2`, a from 1 to `condition`."""
    minimum = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    factors = np.geomspace(1, condition, minimum.size).astype("float32").reshape(shape)
    return lambda x: (float((factors * (x - minimum) ** 2).sum()), 2 * factors * (x - minimum)), minimum


def rosenbrock(x):
    """As `scipy.optimize.rosen`, of a tensor."""
    x = ops.reshape(x, (-1,))
    return ops.sum(100 * ops.square(x[1:] - ops.square(x[:-1])) + ops.square(1 - x[:-1]))


def run(name, function, start, evaluations, **settings):
    """All points, and what the solver returned."""
    points, generator = [], solver(name)(function, start, evaluations=evaluations, **settings)
    while True:
        try:
            points.append(next(generator))
        except StopIteration as end:
            return points, end.value


@pytest.mark.parametrize(("name", "evaluations"), [("lbfgs", 60), ("scipy_lbfgs", 60), ("adam", 800)])
def test_a_quadratic_is_minimised(name, evaluations):
    value_and_grad, minimum = quadratic()
    points, _ = run(name, on_host(value_and_grad), np.zeros(SHAPE, "float32"), evaluations)
    best = min(points, key=lambda point: point.value)
    assert best.value < 1e-3 * points[0].value
    np.testing.assert_allclose(np.asarray(best.image), minimum, atol=2)


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
    np.testing.assert_array_equal(points[0].image, start)
    for point, (x, value) in zip(points, seen, strict=True):
        np.testing.assert_array_equal(np.asarray(point.image), x)
        assert point.value == pytest.approx(value, rel=1e-6)
        assert np.asarray(point.image).dtype == np.float32


def test_scipy_takes_its_own_steps_with_one_memory():
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
    points, _ = run("scipy_lbfgs", on_host(value_and_grad), start, 60)
    assert [point.value for point in points] == expected[:60]


@pytest.mark.parametrize("traceable", [True, False])
def test_lbfgs_needs_no_more_evaluations_than_scipy_on_rosenbrock(traceable):
    """SciPy's evaluations to 1e-6 on the twelve-dimensional function are the yardstick, with a third to spare."""
    start = np.linspace(-1.5, 2, 12).reshape(2, 2, 3)
    host = on_host(lambda x: (float(optimize.rosen(x.ravel())), optimize.rosen_der(x.ravel()).reshape(x.shape)))
    function = traced(rosenbrock) if traceable else host
    if traceable and backend.NAME == "jax":
        pytest.skip("JAX computes in float32 here")
    needed = {}
    for name in ("scipy_lbfgs", "lbfgs"):
        points, _ = run(name, host if name == "scipy_lbfgs" else function, start, 200)
        needed[name] = next(i for i, point in enumerate(points) if point.value < 1e-6)
        if name == "lbfgs":
            best = min(points, key=lambda point: point.value)
            np.testing.assert_allclose(np.asarray(best.image), 1, atol=1e-2)
    assert needed["lbfgs"] < 1.34 * needed["scipy_lbfgs"]


def spectrum(image):
    """Orthonormal Fourier transform of brightness, red - blue and green - both, (H, W, 3)."""
    red, green, blue = np.moveaxis(image, -1, 0)
    colours = (red + green + blue) / 3**0.5, (red - blue) / 2**0.5, (red - 2 * green + blue) / 6**0.5
    return np.stack([np.fft.fft2(colour, norm="ortho") for colour in colours], axis=-1)


def with_spectrum(values):
    """The image that has it, where `values` are those of a real image."""
    brightness, red_blue, green = (np.fft.ifft2(values[..., i], norm="ortho").real for i in range(3))
    sides = brightness / 3**0.5 + green / 6**0.5
    middle = brightness / 3**0.5 - 2 * green / 6**0.5
    return np.stack([sides + red_blue / 2**0.5, middle, sides - red_blue / 2**0.5], axis=-1)


def filled(gradient, pairs, memory):
    """A state of the solver with that gradient and those pairs, which it has gone along one after the other."""
    shape = gradient.shape
    bands = ops.convert_to_tensor(lbfgs.octaves(shape[:2]).astype("float32"))

    def tensor(x):
        return ops.convert_to_tensor(x.astype("float32"))

    state = lbfgs._initial(np.zeros(shape, "float32"), memory, len(bands))
    for step, change in pairs:
        ahead = tensor(gradient)
        state = state._replace(direction=tensor(step), gradient=ahead - tensor(change), ahead=ahead)
        state = lbfgs._accepted(state, True, 1.0, bands, 1.0)
    return state


def test_lbfgs_direction_is_that_of_the_dense_update():
    """After k pairs: -H g with H from k BFGS updates (Nocedal & Wright 2006, equation 6.17) of H_0."""
    rng = np.random.default_rng(0)
    shape = (3, 4, 3)
    gradient = rng.standard_normal(shape)
    steps = [rng.standard_normal(shape) for _ in range(4)]
    pairs = [(step, step * rng.uniform(0.5, 3, shape)) for step in steps]
    # Octaves at 1/2 and 1/4 cycles per pixel; half way between them, in logarithms, a frequency belongs to both.
    distance = np.hypot(*np.meshgrid([0, 1 / 3, 1 / 3], [0, 1 / 4, 1 / 2, 1 / 4], indexing="ij"))
    first = np.interp(np.log(np.maximum(distance, 1e-9)), np.log([1 / 4, 1 / 2]), [0, 1])
    powers = np.zeros((2, 2, 3))
    for step, change in pairs:
        for total, image in zip(powers, (step, change), strict=True):
            power = np.abs(spectrum(image)) ** 2 / (step * change).sum()
            last = np.array([np.einsum("hw,hwc->c", share, power) for share in (first, 1 - first)])
            total += last
    scales = np.sqrt(powers[0] / powers[1])
    response = np.exp(first[..., None] * np.log(scales[0]) + (1 - first)[..., None] * np.log(scales[1]))
    units = np.eye(gradient.size).reshape(-1, *shape)
    scale = 1 / np.sqrt((scales * last).sum())
    inverse = scale * np.array([with_spectrum(spectrum(unit) * response).ravel() for unit in units])
    np.testing.assert_allclose(inverse, inverse.T, atol=1e-12)
    for step, change in ((step.ravel(), change.ravel()) for step, change in pairs):
        left = np.eye(len(step)) - np.outer(step, change) / (step @ change)
        inverse = left @ inverse @ left.T + np.outer(step, step) / (step @ change)
    direction = filled(gradient, pairs, memory=6).direction
    np.testing.assert_allclose(np.asarray(direction).ravel(), -inverse @ gradient.ravel(), rtol=1e-3, atol=1e-4)


def test_lbfgs_learns_a_hessian_of_frequency_and_colour_from_one_pair():
    """Curvatures that are the same within an octave, spread over three decades: the next step is Newton's."""
    rng = np.random.default_rng(1)
    shape = (16, 16, 3)
    size = np.hypot(*np.meshgrid(np.fft.fftfreq(16), np.fft.fftfreq(16), indexing="ij"))
    octave = np.log2(np.maximum(size, 1 / 16))
    is_pure = (octave == np.round(octave)) | (octave > -1)  # at the centre of an octave, or above the highest
    curvature = 2.0 ** np.minimum(octave, -1)[..., None] * np.array([1.0, 30.0, 0.1])

    def pure(image):
        return with_spectrum(spectrum(image) * is_pure[..., None])

    step, gradient = (pure(rng.standard_normal(shape)) for _ in range(2))
    change = with_spectrum(spectrum(step) * curvature)
    newton = -with_spectrum(spectrum(gradient) / curvature)
    direction = np.asarray(filled(gradient, [(step, change)], memory=3).direction)
    np.testing.assert_allclose(direction, newton, atol=1e-3 * np.abs(newton).max())


def test_the_first_step_of_lbfgs_has_its_length():
    value_and_grad, _ = quadratic()
    for factor in (1e-22, 1e-12, 1.0, 1e12):
        scaled = on_host(lambda x, f=factor: tuple(f * part for part in value_and_grad(x)))
        points, _ = run("lbfgs", scaled, np.zeros(SHAPE, "float32"), 2, first_step=3.0)
        assert np.sqrt(np.square(np.asarray(points[1].image)).mean()) == pytest.approx(3, rel=1e-4)


def test_lbfgs_accepts_no_step_up():
    """A function with walls: what follows an evaluation that is higher than the best is closer to the best."""

    def value_and_grad(x):
        z = x - 3
        return float((z**4 - 8 * z**2 + z**8 / 100).sum()), 4 * z**3 - 16 * z + 8 * z**7 / 100

    start = np.random.default_rng(0).normal(3, 2, (5, 6, 3)).astype("float32")
    points, _ = run("lbfgs", on_host(value_and_grad), start, 20, first_step=50.0)
    best = points[0]
    for before, after in pairwise(points[1:]):
        if not before.value < best.value:
            distances = [np.abs(np.asarray(p.image) - np.asarray(best.image)).max() for p in (before, after)]
            assert distances[1] < distances[0]
        best = min(best, before, key=lambda point: point.value)
    assert best.value < points[0].value
    assert any(after.value >= before.value for before, after in pairwise(points))  # the walls were met


def test_lbfgs_comes_back_from_where_nothing_is_finite():
    """A step of 1000 leaves what the function is defined on."""

    def value_and_grad(x):
        inside = np.abs(x).max() < 100
        return float(np.square(x - 7).sum()) if inside else np.nan, 2 * (x - 7)

    points, _ = run("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 40, first_step=1000.0)
    assert np.isnan(points[1].value)
    assert min(point.value for point in points) < 1e-3


def test_a_memory_of_one_is_enough_to_go_on():
    value_and_grad, _ = quadratic()
    points, _ = run("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 60, memory=1)
    assert min(point.value for point in points) < 0.01 * points[0].value


def test_octaves():
    """Of 6 x 16 pixels: 1/2, 1/4, 1/8 and 1/16 cycles per pixel."""
    shares = lbfgs.octaves((6, 16))
    assert shares.shape == (4, 6, 16)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    for octave, place in enumerate([(0, 8), (0, 4), (0, 2), (0, 1)]):
        assert shares[octave][place] == pytest.approx(1)
    assert shares[0, 3, 8] == 1  # beyond the highest
    assert shares[3, 0, 0] == 1  # the mean
    assert shares[1, 0, 6] == pytest.approx(1 - np.log2(1.5))
    np.testing.assert_allclose(shares[:, 1:], shares[:, :0:-1])  # real images stay real
    np.testing.assert_allclose(shares[:, :, 1:], shares[:, :, :0:-1])
    assert (lbfgs.octaves((2, 2)) == 1).all()
    assert (lbfgs.octaves((1, 1)) == 1).all()


def test_lbfgs_goes_on_where_a_colour_has_no_gradient():
    """Nothing is known of what has never moved."""
    target = np.random.default_rng(0).normal(128, 30, (8, 9, 1)).astype("float32")
    value_and_grad = on_host(lambda x: (float(np.square(x - target).sum()), 2 * (x - target)))
    points, _ = run("lbfgs", value_and_grad, np.full((8, 9, 3), 128, "float32"), 20)
    assert min(point.value for point in points) < 1e-4 * points[0].value


@pytest.mark.parametrize("name", ["lbfgs", "scipy_lbfgs"])
def test_it_is_said_when_no_descent_is_left(name):
    value_and_grad, minimum = quadratic(condition=2.0)
    points, reason = run(name, on_host(value_and_grad), minimum + np.float32(0.5), 500)
    assert len(points) < 500
    assert min(point.value for point in points) == pytest.approx(0, abs=1e-6)
    assert reason == "no further descent is possible in the precision of the loss"


@pytest.mark.parametrize("leave", ["close", "error in the loss"])
def test_scipy_leaves_no_thread_behind(leave):
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


def state_after(name, function, start, count, **settings):
    """The values of the first `count` points, and the state behind them, read from a file."""
    points = solver(name)(function, start, evaluations=10**6, **settings)
    values = [next(points)]
    values += [next(points) for _ in range(count - 1)]
    file = io.BytesIO()
    np.savez(file, **values[-1].snapshot())
    file.seek(0)
    with np.load(file) as stored:
        return [point.value for point in values], dict(stored)


@pytest.mark.parametrize("name", RESUMABLE)
@pytest.mark.parametrize("traceable", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 9, 25])
def test_a_solver_that_is_taken_up_goes_on_as_if_nothing_had_happened(name, traceable, count):
    def value_and_grad(x):
        return float(optimize.rosen(x.ravel())), optimize.rosen_der(x.ravel()).reshape(x.shape)

    function = traced(rosenbrock) if traceable else on_host(value_and_grad)
    start = np.linspace(-1.5, 2, 36).reshape(3, 4, 3).astype("float32")
    whole, _ = run(name, function, start, 40)
    before, state = state_after(name, function, start, count)
    after, _ = run(name, function, np.zeros_like(start), 40, resume=state)
    assert before + [point.value for point in after] == [point.value for point in whole]
    np.testing.assert_array_equal(np.asarray(after[-1].image), np.asarray(whole[-1].image))
    assert not state  # nothing is held twice


def walls(x):
    """Nothing is finite beyond 100, so that a line search has much to do; beyond the minimum the slope is a cliff."""
    inside = np.abs(x).max() < 100
    z = x - 7
    return float(np.abs(z).sum() + np.square(z).sum()) if inside else np.nan, np.sign(z) * (1 + 1e3 * (z > 0)) + 2 * z


def test_lbfgs_is_taken_up_at_any_moment_of_a_line_search_and_after_its_end():
    whole, reason = run("lbfgs", on_host(walls), np.zeros(SHAPE, "float32"), 200, first_step=1000.0, memory=3)
    assert reason.startswith("no further descent")
    forgotten = False
    for count in range(1, len(whole) + 1):
        before, state = state_after(
            "lbfgs", on_host(walls), np.zeros(SHAPE, "float32"), count, first_step=1000.0, memory=3
        )
        forgotten |= bool(state["is_fresh"]) and count > 20
        after, again = run(
            "lbfgs", on_host(walls), np.zeros(SHAPE, "float32"), 200, first_step=1000.0, memory=3, resume=state
        )
        np.testing.assert_array_equal(before + [point.value for point in after], [point.value for point in whole])
        assert again == reason
    assert forgotten


def test_an_empty_memory_takes_no_space():
    value_and_grad, _ = quadratic()
    sizes = []
    for count in (1, 3, 30):
        _, state = state_after("lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), count, memory=4)
        sizes.append(sum(array.size for array in state.values() if array.ndim >= 3) // np.prod(SHAPE))
    assert sizes[0] == 4  # image, gradient, direction, ahead
    assert sizes[0] < sizes[1] < sizes[2] == 4 + 2 * 4


def test_a_snapshot_of_lbfgs_copies_no_picture():
    points = lbfgs.minimise(traced(rosenbrock), np.zeros(SHAPE, "float32"), evaluations=9)
    for point in points:
        one, other = point.snapshot(), point.snapshot()
    pictures = [name for name, array in one.items() if array.shape == SHAPE]
    assert len(pictures) == 4 + 2 * one["pairs"] > 8
    assert all(np.shares_memory(one[name], other[name]) for name in pictures)


def test_fewer_steps_may_be_taken_up_than_were_kept():
    """The latest: what a machine with less memory goes on with is what that memory would hold."""
    start = np.linspace(-1.5, 2, 36).reshape(3, 4, 3).astype("float32")
    _, state = state_after("lbfgs", traced(rosenbrock), start, 12, memory=5)
    _, same = state_after("lbfgs", traced(rosenbrock), start, 12, memory=5)
    pairs = int(state["pairs"])
    points = lbfgs.minimise(traced(rosenbrock), start, evaluations=13, memory=2, resume=state)
    found = next(points).snapshot()
    assert not state
    assert found["pairs"] == 2
    # One pair was added by the evaluation.
    np.testing.assert_array_equal(found["steps.0"], same[f"steps.{pairs - 1}"])


def test_adam_ends_where_nothing_is_finite():
    def value_and_grad(x):
        return (np.nan if (x > 25).any() else 1.0), np.full_like(x, -1)

    points, reason = run("adam", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 50)
    assert [np.isnan(point.value) for point in points] == [False] * 3 + [True]
    assert "not finite" in reason


def test_scipy_tells_no_state():
    value_and_grad, _ = quadratic()
    points, _ = run("scipy_lbfgs", on_host(value_and_grad), np.zeros(SHAPE, "float32"), 1)
    assert points[0].snapshot is None


def test_unknown_solver():
    with pytest.raises(InvalidInputError, match='unknown solver "lbfsg": did you mean "lbfgs"'):
        solver("lbfsg")


def test_a_direction_that_is_not_finite_does_not_cost_the_place():
    state = lbfgs._initial(np.full(SHAPE, 5, "float32"), 3, len(lbfgs.octaves(SHAPE[:2])))
    bands = ops.convert_to_tensor(lbfgs.octaves(SHAPE[:2]).astype("float32"))
    broken = state._replace(direction=state.direction * np.inf, gradient=state.image)
    again = lbfgs._accepted(lbfgs._forgotten(broken, 3), False, 0.0, bands, 2.0)
    np.testing.assert_array_equal(np.asarray(again.image), 5)
    np.testing.assert_allclose(np.asarray(again.direction), -2)
