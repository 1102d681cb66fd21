"""What masks become at a layer, against the reference's numbers, by hand, and against the network itself."""

import numpy as np

from neural_style.features.extractor import feature_extractor
from neural_style.features.vgg import architecture, weight_name
from neural_style.masks.propagation import inside, mask_pyramid


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


def test_inside_is_where_changing_the_outside_changes_nothing():
    """By the network: its features inside depend on no pixel outside of the mask, and all others do, at odd sizes."""
    rng = np.random.default_rng(0)
    mask = np.zeros((29, 35), "float32")
    mask[3:, 9:] = 1
    extractor = feature_extractor("mini", "random", ("conv1_2", "conv2_2", "conv3_1"), pooling="ave")
    images = rng.uniform(0, 255, (2, 29, 35, 3)).astype("float32")
    images[1] = np.where(mask[..., None] == 1, images[0], images[1])
    for layer, (one, other) in extractor.features(images, extractor.layers).items():
        is_same = np.abs(one - other).max(axis=-1) < 1e-5 * one.max()  # rounding may depend on pixels nearby
        np.testing.assert_array_equal(is_same, inside(mask, extractor.architecture, layer))
        assert 0 < is_same.sum() < is_same.size
