"""The normalised network: its mean activations are one, and its features are the same up to a factor."""

import numpy as np
import pytest

from neural_style.errors import InvalidInputError
from neural_style.features import vgg, weights
from neural_style.features.calibration import normalised
from neural_style.features.extractor import features_of

LAYERS = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")


@pytest.fixture
def loaded():
    """Random weights with biases that are not zero, so that a missing factor of a bias shows."""
    found = weights.random(vgg.architecture("mini"), LAYERS)
    rng = np.random.default_rng(1)
    return {k: rng.normal(0, 20, v.shape).astype("float32") if v.ndim == 1 else v for k, v in found.items()}


def means(images, network):
    """Mean activations over all positions of all images, by layer: (C,)."""
    found = [features_of(image, network) for image in images]
    return {
        layer: np.concatenate([np.asarray(each[layer], "float64").reshape(-1, each[layer].shape[-1]) for each in found])
        .mean(axis=0)
        for layer in LAYERS
    }  # fmt: skip


@pytest.mark.parametrize("pooling", ["max", "ave", "l2"])
def test_means_are_one_and_features_the_same_up_to_a_factor(photo, painting, loaded, pooling):
    images = [photo, painting]
    network, scaled = (
        vgg.build("mini", LAYERS, each, pooling=pooling)
        for each in (loaded, normalised(loaded, images, model="mini", pooling=pooling))
    )
    before, after = means(images, network), means(images, scaled)
    other = np.random.default_rng(0).uniform(0, 255, (21, 18, 3))  # not one of those calibrated on
    was, now = features_of(other, network), features_of(other, scaled)
    for layer in LAYERS:
        silent = before[layer] == 0
        assert silent.mean() < 0.5
        np.testing.assert_allclose(after[layer][~silent], 1, rtol=1e-3)
        factor = np.where(silent, 1, before[layer])
        np.testing.assert_allclose(
            np.asarray(now[layer]) * factor, np.asarray(was[layer]), rtol=1e-3, atol=1e-3 * before[layer].max()
        )


def test_of_real_weights(photo, painting, real_weights):
    table = vgg.architecture("vgg19")
    trained = weights.load(table, str(real_weights), LAYERS)
    scaled = normalised(trained, [photo, painting], model="vgg19", pooling="ave")
    assert {name: (v.shape, v.dtype) for name, v in scaled.items()} == {
        name: (v.shape, v.dtype) for name, v in trained.items()
    }
    after = means([photo, painting], vgg.build("vgg19", LAYERS, scaled, pooling="ave"))
    for layer in LAYERS:
        live = after[layer][after[layer] > 0]
        assert len(live) > 0.9 * len(after[layer])
        np.testing.assert_allclose(live, 1, rtol=1e-3)


def test_a_silent_filter_is_left_as_it_is(photo, loaded):
    loaded["block1_conv1_bias"][3] = -1e6
    scaled = normalised(loaded, [photo], model="mini")
    assert scaled["block1_conv1_bias"][3] == -1e6
    np.testing.assert_array_equal(scaled["block1_conv1_kernel"][..., 3], loaded["block1_conv1_kernel"][..., 3])
    assert all(np.isfinite(each).all() for each in scaled.values())


def test_by_tiles_and_again(photo, loaded):
    large = np.tile(photo, (2, 2, 1))
    whole = normalised(loaded, [large], model="mini")
    tiled = normalised(loaded, [large], model="mini", tile=64)
    again = normalised(whole, [large], model="mini")
    for name in whole:
        scale = np.abs(whole[name]).max()
        np.testing.assert_allclose(tiled[name], whole[name], rtol=1e-3, atol=1e-4 * scale)
        np.testing.assert_allclose(again[name], whole[name], rtol=1e-3, atol=1e-4 * scale)


def test_what_cannot_be_calibrated(photo, loaded):
    with pytest.raises(InvalidInputError, match="no image was given"):
        normalised(loaded, [], model="mini")
    with pytest.raises(InvalidInputError, match="did you mean"):
        normalised(loaded, [photo], model="minni")
    gap = {name: value for name, value in loaded.items() if "block1_conv2" not in name}
    with pytest.raises(InvalidInputError, match="without a gap"):
        normalised(gap, [photo], model="mini")
