"""What masks become at a layer, against the reference's numbers, by hand, and against the network itself."""

import numpy as np
import pytest
from scipy import ndimage

from neural_style.features.extractor import feature_extractor
from neural_style.features.vgg import architecture, weight_name
from neural_style.masks.propagation import dilated, inside, mask_pyramid, overlapping, zoomed


def test_mask_pyramid_is_the_references(golden):
    table = architecture("vgg16")
    found = mask_pyramid(golden["doodle_mask_in"][0], table, table.layers)
    assert list(found) == list(table.layers)
    for layer, masks in found.items():
        np.testing.assert_allclose(masks, golden[f"doodle_mask_feat_{weight_name(layer)}"][0], rtol=1e-5, atol=1e-7)


def test_mask_pyramid_is_a_partition():
    """One-hot masks add up to one at every layer, odd sizes included; beyond the receptive field they are exactly 0."""
    masks = np.random.default_rng(2).integers(0, 3, (37, 29))[..., None] == np.arange(3)
    found = mask_pyramid(masks.astype("float32"), architecture("mini"), ("conv3_4", "conv1_2"))
    assert {layer: each.shape for layer, each in found.items()} == {"conv1_2": (37, 29, 3), "conv3_4": (9, 7, 3)}
    for each in found.values():
        np.testing.assert_allclose(each.sum(axis=-1), 1, rtol=1e-6)
    corner = np.zeros((16, 16, 1), "float32")
    corner[0, 0] = 1
    at = mask_pyramid(corner, architecture("mini"), ("conv1_1",))["conv1_1"][..., 0]
    np.testing.assert_allclose(at[:2, :2], [[1 / 4, 1 / 6], [1 / 6, 1 / 9]])
    assert np.count_nonzero(at) == 4


def test_inside_and_overlapping_are_what_changes_of_the_image_change():
    """By the network, at odd sizes: features inside depend on no pixel outside of the mask, and all others do; those
    that depend on a pixel of the mask overlap it."""
    rng = np.random.default_rng(0)
    mask = np.zeros((29, 35), "float32")
    mask[3:, 9:] = 1
    extractor = feature_extractor("mini", "random", ("conv1_2", "conv2_2", "conv3_1"), pooling="ave")
    images = rng.uniform(0, 255, (3, 29, 35, 3)).astype("float32")
    images[1] = np.where(mask[..., None] == 1, images[0], images[1])  # another outside
    images[2] = np.where(mask[..., None] == 0, images[0], images[2])  # another inside
    for layer, (one, *others) in extractor.features(images, extractor.layers).items():
        # Rounding may depend on pixels nearby.
        is_same, is_blind = (np.abs(one - other).max(axis=-1) < 1e-5 * one.max() for other in others)
        np.testing.assert_array_equal(is_same, inside(mask, extractor.architecture, layer))
        np.testing.assert_array_equal(~is_blind, overlapping(mask, extractor.architecture, layer))
        assert 0 < is_same.sum() < (~is_blind).sum() <= is_same.size


@pytest.mark.parametrize("distance", [1, 3, -1, -3])
def test_guides_are_dilated_as_by_the_authors(distance):
    """They compare means over a square with that of a single position: here half of one, as rounding decides theirs."""
    guide = (ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(23, 31)), 3) > 0).astype("float32")
    side = 2 * abs(distance) + 1
    means, one = ndimage.uniform_filter(guide.astype(float), side), 1 / side**2
    expected = means > one / 2 if distance > 0 else means > 1 - one / 2
    np.testing.assert_array_equal(dilated(guide, distance), expected)
    assert dilated(guide, 0) is guide
    np.testing.assert_array_equal(dilated(guide, 2**31 - 1), np.ones_like(guide))


def test_zoomed_guides_are_cubic_splines_whose_corners_lie_on_one_another():
    mask = np.zeros((33, 40), "float32")
    mask[10:, 17:] = 1
    size = (8, 10)
    at = np.meshgrid(
        *(np.linspace(0, extent - 1, n) for extent, n in zip(mask.shape, size, strict=True)), indexing="ij"
    )
    mask[::2, -2:] = 0  # at the border, too, they are the authors', who leave SciPy its default mode
    found = zoomed(mask, size)
    np.testing.assert_allclose(found, ndimage.map_coordinates(mask.astype(float), at, order=3), atol=1e-6)
    np.testing.assert_allclose(
        found[:-1, :-1], ndimage.zoom(mask.astype(float), (8 / 33, 10 / 40))[:-1, :-1], atol=1e-6
    )
    finer = zoomed(mask, (90, 77))
    assert finer.min() < -0.1
    assert finer.max() > 1.1
