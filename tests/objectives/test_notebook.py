"""The objective of the authors' notebook, and that of neural-style, by NumPy alone: network, loss and gradient.

leongatys/PytorchNeuralStyleTransfer minimises

    sum_l w_l mean (G_l / M_l - A_l / M_l)^2 + mean (F - P)^2,    w_l = 1000 / C_l^2,

and jcjohnson/neural-style the same with Gram matrices divided by the C_l channels as well, and a weight for all layers.
Nothing here but the weights of the network comes from the package: convolutions are sums over nine shifts, and
gradients are propagated by hand.
"""

import numpy as np
import pytest

from neural_style import InvalidInputError, backend
from neural_style.features import vgg, weights
from neural_style.features.extractor import FeatureExtractor
from neural_style.objectives import terms
from neural_style.objectives.layer_weights import style_layer_weights
from neural_style.objectives.objective import Objective

TABLE = vgg.architecture("mini")
STYLE, CONTENT = ("conv1_1", "conv2_1", "conv3_1"), "conv2_2"
LAYERS = TABLE.up_to_deepest(STYLE)
SIZE, PAINTING = (15, 18), (13, 12)
BLOCKS = ("conv1_1", "conv1_2"), ("conv2_1", "conv2_2"), ("conv3_1",)

pytestmark = pytest.mark.skipif(backend.NAME == "jax", reason="JAX computes in float32 unless JAX_ENABLE_X64 is set")


@pytest.fixture(scope="module")
def loaded():
    rng = np.random.default_rng(4)
    found = weights.random(TABLE, LAYERS)
    return {k: rng.normal(0, 20, v.shape).astype("float32") if v.ndim == 1 else v for k, v in found.items()}


@pytest.fixture(scope="module")
def pictures():
    """Pastiche, photo and painting."""
    rng = np.random.default_rng(5)
    return [rng.uniform(0, 255, (*size, 3)) for size in (SIZE, SIZE, PAINTING)]


def shifts(kernel, rows, columns):
    """Each of a kernel's nine matrices, with the part of a padded image that it multiplies."""
    for i in range(3):
        for j in range(3):
            yield kernel[i, j], (slice(i, i + rows), slice(j, j + columns))


def forward(image, loaded):
    """Activations after each convolution, after its ReLU, by layer; pools average."""
    x, found = image[..., ::-1] - np.array([103.939, 116.779, 123.68]), {}
    for number, block in enumerate(BLOCKS, start=1):
        if number > 1:
            rows, columns = (side // 2 for side in x.shape[:2])
            x = x[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, -1).mean(axis=(1, 3))
        for index, layer in enumerate(block, start=1):
            kernel, bias = (loaded[f"block{number}_conv{index}_{part}"].astype(float) for part in ("kernel", "bias"))
            padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
            x = np.maximum(sum(padded[part] @ matrix for matrix, part in shifts(kernel, *x.shape[:2])) + bias, 0)
            found[layer] = x
    return found


def backward(features, slopes, loaded):
    """The gradient of the image, given those of the losses in the features of some layers."""
    slope = np.zeros_like(features["conv3_1"])
    for number, block in reversed(list(enumerate(BLOCKS, start=1))):
        for index, layer in reversed(list(enumerate(block, start=1))):
            slope = (slope + slopes.get(layer, 0.0)) * (features[layer] > 0)
            rows, columns = slope.shape[:2]
            kernel = loaded[f"block{number}_conv{index}_kernel"].astype(float)
            padded = np.zeros((rows + 2, columns + 2, kernel.shape[2]))
            for matrix, part in shifts(kernel, rows, columns):
                padded[part] += slope @ matrix.T
            slope = padded[1:-1, 1:-1]
        if number > 1:
            before = np.zeros_like(features[BLOCKS[number - 2][-1]])
            before[: 2 * slope.shape[0], : 2 * slope.shape[1]] = slope.repeat(2, 0).repeat(2, 1) / 4
            slope = before
    return slope[..., ::-1]


def gram(features):
    """G / M of (h, w, C)."""
    flat = features.reshape(-1, features.shape[-1])
    return flat.T @ flat / len(flat)


def expected(pictures, loaded, layer_weights):
    """Value and gradient, given the weight of each layer's `mean (G / M - A / M)^2`."""
    x, photo, painting = (forward(picture, loaded) for picture in pictures)
    difference = x[CONTENT] - photo[CONTENT]
    value, slopes = np.mean(difference**2), {CONTENT: 2 * difference / difference.size}
    for layer, weight in zip(STYLE, layer_weights, strict=True):
        distance = gram(x[layer]) - gram(painting[layer])
        value += weight * np.mean(distance**2)
        positions = x[layer].shape[0] * x[layer].shape[1]
        slopes[layer] = weight * 4 / (positions * distance.size) * x[layer] @ distance
    return value, backward(x, slopes, loaded)


def objective(pictures, loaded, normalization, layer_weights):
    network = vgg.build("mini", (*STYLE, CONTENT), loaded, pooling="ave", dtype="float64")
    extractor = FeatureExtractor(TABLE, network)
    _, photo, painting = pictures
    common = {"image_size": SIZE, "normalization": normalization}
    chosen = [terms.content(CONTENT, extractor.features(photo, [CONTENT])[CONTENT], weight=1.0, **common)]
    for layer, weight in zip(STYLE, layer_weights, strict=True):
        of_painting, of_pastiche = (terms.correlations((layer,), size=size, **common) for size in (PAINTING, SIZE))
        (target,) = extractor.sums(painting, [of_painting])
        chosen.append(terms.style(of_pastiche, target, name=layer, weight=weight, **common))
    return Objective(chosen, extractor, SIZE)


CHANNELS = (32, 64, 128)


@pytest.mark.parametrize(
    ("normalization", "given", "equivalent"),
    [
        ("gatys2016", style_layer_weights("gatys2016", TABLE, STYLE), [1e3 / c**2 for c in CHANNELS]),
        ("johnson2016", (100.0, 100.0, 100.0), [100.0 / c**2 for c in CHANNELS]),
    ],
)
def test_value_and_gradient_are_those_of_the_notebook(pictures, loaded, normalization, given, equivalent):
    value, gradient = expected(pictures, loaded, equivalent)
    found = objective(pictures, loaded, normalization, given).evaluate(pictures[0])
    assert found.value == pytest.approx(value, rel=3e-9)
    assert np.linalg.norm(found.gradient - gradient) < 3e-9 * np.linalg.norm(gradient)
    assert min(found.parts.values()) > 1e-3 * value  # so that every term is part of the comparison


def test_presets_of_layer_weights():
    """As the notebook prints them: 1e3/n**2 for n in [64, 128, 256, 512, 512]."""
    table = vgg.architecture("vgg19")
    found = style_layer_weights("gatys2016", table, ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"])
    assert found == (0.244140625, 0.06103515625, 0.0152587890625, 0.003814697265625, 0.003814697265625)
    with pytest.raises(InvalidInputError, match=r'unknown preset .* "gatys2015": did you mean "gatys2016"'):
        style_layer_weights("gatys2015", table, ["conv1_1"])
    with pytest.raises(InvalidInputError, match="vgg19 has no layer"):
        style_layer_weights("gatys2016", table, ["conv1_9"])


@pytest.mark.parametrize("make", ["content", "correlations", "style"])
def test_unknown_normalization(make):
    common = {"image_size": SIZE, "normalization": "jonson2016"}
    calls = {
        "content": lambda: terms.content(CONTENT, np.ones((1, 7, 9, 64)), weight=1.0, **common),
        "correlations": lambda: terms.correlations((CONTENT,), size=SIZE, **common),
        "style": lambda: terms.style(None, np.ones((1, 64, 64)), name="style", weight=1.0, **common),
    }
    with pytest.raises(InvalidInputError, match='unknown normalization "jonson2016": did you mean "johnson2016"'):
        calls[make]()
