"""Region losses and the mask pyramid against the reference's numbers and by hand."""

import numpy as np
import pytest
from keras import ops

from neural_style.backend import value_and_grad
from neural_style.features.vgg import architecture, weight_name
from neural_style.losses.regions import mask_pyramid, region_gram_matrices, region_style_loss

VARIANTS = pytest.mark.parametrize(("kind", "shift"), [("doodle", 0.0), ("idoodle", -1.0)])


def loss(features, style, style_masks, masks, shift):
    grams = [
        region_gram_matrices(each, masks=each_masks, shift=shift)
        for each, each_masks in ((features, masks), (style, style_masks))
    ]
    return region_style_loss(*grams)


def inputs(golden, dtype="float32"):
    """Features of pastiche and style, masks of style and target; batch first."""
    names = ("feat_comb", "feat_style", "doodle_style_masks", "doodle_target_masks")
    return [ops.convert_to_tensor(golden[name][None], dtype=dtype) for name in names]


@VARIANTS
def test_region_losses_are_the_references(golden, kind, shift):
    features, style, style_masks, masks = inputs(golden)
    value = float(loss(features, style, style_masks, masks, shift))
    assert value == pytest.approx(float(golden[f"{kind}_style_loss"]), rel=1e-5)
    first = float(loss(features, style, style_masks[..., :1], masks[..., :1], shift))
    assert first == pytest.approx(float(golden[f"{kind}_region_style_loss_label0"]), rel=1e-5)


@VARIANTS
def test_gradient_is_the_references(golden, kind, shift):
    features, *others = inputs(golden)

    def function(x, constants):
        value = loss(x, *constants, shift)
        return value, value

    _, _, gradient = value_and_grad(function)(features, others)
    expected = golden[f"{kind}_style_loss_grad_target"]
    assert np.linalg.norm(np.asarray(gradient)[0] - expected) < 1e-5 * np.linalg.norm(expected)


@VARIANTS
def test_gradient_is_that_of_finite_differences(golden, kind, shift):
    features, *others = inputs(golden, "float64")
    rng = np.random.default_rng(0)
    direction, step = rng.standard_normal(features.shape), 1e-5
    ahead, behind = (float(loss(features + s * step * direction, *others, shift)) for s in (1, -1))
    expected = (golden[f"{kind}_style_loss_grad_target"] * direction[0]).sum()
    assert (ahead - behind) / (2 * step) == pytest.approx(expected, rel=1e-4)


def test_masked_gram_matrices_by_hand():
    """Two regions, soft where they meet; what is masked out counts as the shift."""
    rng = np.random.default_rng(1)
    features, masks = rng.standard_normal((1, 4, 3, 2)), rng.uniform(0, 1, (1, 4, 3, 2))
    masks[:, :2, :, 0] = 0
    found = region_gram_matrices(ops.convert_to_tensor(features), masks=ops.convert_to_tensor(masks), shift=-1.0)
    for region in range(2):
        gram = np.zeros((2, 2))
        for row in range(4):
            for column in range(3):
                seen = features[0, row, column] * masks[0, row, column, region] - 1
                gram += np.outer(seen, seen)
        np.testing.assert_allclose(np.asarray(found)[region], gram / masks[0, ..., region].mean() / 2)


def test_mask_pyramid_is_the_references(golden):
    table = architecture("vgg16")
    found = mask_pyramid(golden["doodle_mask_in"][0], table, table.layers)
    assert list(found) == list(table.layers)
    for layer, masks in found.items():
        np.testing.assert_allclose(masks, golden[f"doodle_mask_feat_{weight_name(layer)}"][0], rtol=1e-5, atol=1e-7)


def test_mask_pyramid_keeps_what_it_is_made_of():
    """One-hot masks go on adding up to one, odd sizes included; what no position sees stays exactly nothing."""
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
