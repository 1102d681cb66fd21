"""What L-BFGS learns from its pairs: directions against dense algebra."""

import numpy as np
import pytest
from keras import ops

from neural_style.backend.program import Function
from neural_style.solvers import lbfgs, lbfgs_device
from neural_style.solvers.line_search import StepCommand
from neural_style.solvers.preconditioner import octaves, preconditioner_of


def test_octaves():
    """Of 6 x 16 pixels: 1/2, 1/4, 1/8 and 1/16 cycles per pixel."""
    shares = octaves((6, 16))
    assert shares.shape == (4, 6, 16)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    for octave, place in enumerate([(0, 8), (0, 4), (0, 2), (0, 1)]):
        assert shares[octave][place] == pytest.approx(1)
    assert shares[0, 3, 8] == 1  # above the highest
    assert shares[3, 0, 0] == 1  # the mean
    assert shares[1, 0, 6] == pytest.approx(1 - np.log2(1.5))
    np.testing.assert_allclose(shares[:, 1:], shares[:, :0:-1])  # real images stay real
    np.testing.assert_allclose(shares[:, :, 1:], shares[:, :, :0:-1])
    assert (octaves((2, 2)) == 1).all()
    assert (octaves((1, 1)) == 1).all()


def spectrum(image):
    """Orthonormal Fourier transform of brightness, red - blue and green - both, (H, W, 3)."""
    red, green, blue = np.moveaxis(image, -1, 0)
    colours = (red + green + blue) / 3**0.5, (red - blue) / 2**0.5, (red - 2 * green + blue) / 6**0.5
    return np.stack([np.fft.fft2(colour, norm="ortho") for colour in colours], axis=-1)


def with_spectrum(values):
    """The image whose spectrum is `values`."""
    brightness, red_blue, green = (np.fft.ifft2(values[..., i], norm="ortho").real for i in range(3))
    sides = brightness / 3**0.5 + green / 6**0.5
    middle = brightness / 3**0.5 - 2 * green / 6**0.5
    return np.stack([sides + red_blue / 2**0.5, middle, sides - red_blue / 2**0.5], axis=-1)


def filled(gradient, pairs, memory):
    """The state of a solver at this gradient after these pairs."""
    preconditioner = preconditioner_of(gradient.shape)
    bands = ops.convert_to_tensor(preconditioner.bands(gradient.shape).astype("float32"))

    def tensor(x):
        return ops.convert_to_tensor(x.astype("float32"))

    start = np.zeros(gradient.shape, "float32")
    state = lbfgs._initial(start, memory, (len(bands), preconditioner.colours))
    advance = lbfgs_device.programs_of(Function(lambda x, constants: None), 1.0, None).advance
    for step, change in pairs:
        ahead = tensor(gradient)
        state = state._replace(direction=tensor(step), gradient=ahead - tensor(change), ahead=ahead)
        state = lbfgs_device.moved(state, StepCommand(True, True, 1.0, 1.0), advance, bands)
    return state


def test_the_direction_is_that_of_the_dense_update():
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


def test_a_hessian_of_frequency_and_colour_is_learned_from_one_pair():
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


def test_other_arrays_have_the_usual_first_hessian():
    """Nocedal & Wright 2006, equations 6.17 and 7.20: BFGS updates of `s^T y / y^T y`, in their dense form."""
    rng = np.random.default_rng(2)
    shape = (2, 3, 1, 2)
    gradient = rng.standard_normal(shape)
    steps = [rng.standard_normal(shape) for _ in range(3)]
    pairs = [(step, step * rng.uniform(0.5, 3, shape)) for step in steps]
    step, change = pairs[-1]
    inverse = np.eye(gradient.size) * (step * change).sum() / (change * change).sum()
    for step, change in ((step.ravel(), change.ravel()) for step, change in pairs):
        left = np.eye(len(step)) - np.outer(step, change) / (step @ change)
        inverse = left @ inverse @ left.T + np.outer(step, step) / (step @ change)
    direction = filled(gradient, pairs, memory=5).direction
    np.testing.assert_allclose(np.asarray(direction).ravel(), -inverse @ gradient.ravel(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6, 3), (5,), (3, 4), (2, 4, 6, 3)])
def test_powers_are_the_sum_of_squares(shape):
    array = np.random.default_rng(3).standard_normal(shape).astype("float32")
    preconditioner = preconditioner_of(shape)
    bands = preconditioner.bands(shape)
    powers = np.asarray(preconditioner.powers(ops.convert_to_tensor(array), ops.convert_to_tensor(bands, "float32")))
    assert powers.shape == (len(bands), preconditioner.colours) == ((3, 3) if shape == (4, 6, 3) else (1, 1))
    assert powers.sum() == pytest.approx(np.square(array).sum(), rel=1e-5)
