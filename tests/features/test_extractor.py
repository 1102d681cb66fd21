"""Batches of pictures: features, Gram matrices and losses are those of the pictures one by one."""

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, backend
from neural_style.features.extractor import feature_extractor, features_of, preprocess
from neural_style.features.tiling import IMAGE
from neural_style.losses.content import content_loss_gatys2016
from neural_style.losses.style import mean_gram_matrix, style_loss_gatys2016
from neural_style.objectives import terms

LAYERS = ("conv1_1", "conv2_1")


@pytest.fixture(scope="module")
def extractor():
    return feature_extractor("mini", "random", LAYERS, pooling="ave")


@pytest.fixture(scope="module")
def batch():
    return np.random.default_rng(3).uniform(0, 255, (3, 27, 34, 3)).astype("float32")


@pytest.mark.parametrize("tile", [None, 12])
def test_features_of_a_batch(extractor, batch, tile):
    found = extractor.features(batch, LAYERS, tile=tile)
    assert {layer: values.shape for layer, values in found.items()} == {
        "conv1_1": (3, 27, 34, 32),
        "conv2_1": (3, 13, 17, 64),
    }
    for index, image in enumerate(batch):
        alone = extractor.features(image, LAYERS)
        for layer in LAYERS:
            scale = np.abs(alone[layer]).max()
            np.testing.assert_allclose(found[layer][index], alone[layer][0], rtol=1e-4, atol=1e-5 * scale)


def test_tensors_of_a_batch(extractor, batch):
    """What becomes part of a larger program: the same features, and the preprocessed pictures."""
    found = extractor(ops.convert_to_tensor(batch))
    assert set(found) == {*LAYERS, IMAGE}
    assert extractor.layers == LAYERS
    for layer, values in features_of(batch, extractor.network).items():
        np.testing.assert_array_equal(np.asarray(found[layer]), np.asarray(values))
    mean = np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(np.asarray(found[IMAGE]), batch[..., ::-1] - mean, atol=1e-4)


def test_sums_and_gradients_of_a_batch_are_those_of_its_pictures(extractor, batch):
    statistics = [
        terms.correlations(("conv2_1",), size=(27, 34), image_size=(27, 34), normalization="gatys2016"),
        terms.total_variation(weight=1.0).statistic,
    ]
    whole = extractor.sums(batch, statistics)
    slopes = [np.ones((1, 64, 64), "float32"), np.ones(1, "float32")]
    of_batch = [np.repeat(slope, 3, axis=0) for slope in slopes]
    tiled, vjp = extractor.vjp(batch, statistics, tile=17)
    gradient = vjp(of_batch)
    assert gradient.shape == batch.shape
    for index, image in enumerate(batch):
        for one, other, alone in zip(whole, tiled, extractor.sums(image, statistics), strict=True):
            expected = np.asarray(alone)[0]
            tolerance = {"rtol": 1e-4, "atol": 1e-6 * np.abs(expected).max()}  # sums that almost cancel are rounding
            np.testing.assert_allclose(np.asarray(one)[index], expected, **tolerance)
            np.testing.assert_allclose(np.asarray(other)[index], expected, **tolerance)
        alone = extractor.vjp(image, statistics, tile=17)[1](slopes)
        np.testing.assert_allclose(gradient[index], alone, rtol=1e-3, atol=1e-4 * np.abs(alone).max())


def test_a_loss_per_picture_trains_each_by_itself(extractor, batch):
    """The gradient of the summed losses at each picture is that of its own loss, compiled as in training."""
    painting, photos = batch[0], batch[1:]
    style = mean_gram_matrix(extractor(ops.convert_to_tensor(painting))["conv1_1"])
    content = extractor(ops.convert_to_tensor(photos))["conv2_1"]

    def losses(images, constants):
        features, (style, content) = extractor(images), constants
        each = content_loss_gatys2016(features["conv2_1"], content)
        each += 10.0 * style_loss_gatys2016(mean_gram_matrix(features["conv1_1"]), style)
        return ops.sum(each), each

    evaluate = backend.compiled(backend.value_and_grad(losses))
    start = photos[::-1].copy()
    value, each, gradient = evaluate(ops.convert_to_tensor(start), (style, content))
    assert np.asarray(each).shape == (2,)
    assert float(value) == pytest.approx(np.asarray(each).sum(), rel=1e-6)
    for index in range(2):
        one = ops.convert_to_tensor(start[index : index + 1]), (style, content[index : index + 1])
        alone, _, slope = evaluate(*one)
        assert np.asarray(each)[index] == pytest.approx(float(alone), rel=1e-5)
        slope = np.asarray(slope)[0]
        np.testing.assert_allclose(np.asarray(gradient)[index], slope, rtol=1e-3, atol=1e-4 * np.abs(slope).max())


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4), (1, 1, 8, 8, 3)])
def test_what_is_no_picture(shape):
    with pytest.raises(InvalidInputError, match=r"shape \(H, W, 3\) or \(N, H, W, 3\), received"):
        preprocess(np.zeros(shape, "float32"))
