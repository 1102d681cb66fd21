"""Region losses against the reference's numbers and by hand."""

import numpy as np
import pytest
from keras import ops

from neural_style.backend import value_and_grad
from neural_style.losses.regions import region_gram_matrices, region_style_loss

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
    value = np.asarray(loss(features, style, style_masks, masks, shift)).item()
    assert value == pytest.approx(float(golden[f"{kind}_style_loss"]), rel=1e-5)
    first = np.asarray(loss(features, style, style_masks[..., :1], masks[..., :1], shift)).item()
    assert first == pytest.approx(float(golden[f"{kind}_region_style_loss_label0"]), rel=1e-5)


@VARIANTS
def test_gradient_is_the_references(golden, kind, shift):
    features, *others = inputs(golden)

    def function(x, constants):
        value = ops.sum(loss(x, *constants, shift))
        return value, value

    _, _, gradient = value_and_grad(function)(features, others)
    expected = golden[f"{kind}_style_loss_grad_target"]
    assert np.linalg.norm(np.asarray(gradient)[0] - expected) < 1e-5 * np.linalg.norm(expected)


@VARIANTS
def test_gradient_is_that_of_finite_differences(golden, kind, shift):
    features, *others = inputs(golden, "float64")
    rng = np.random.default_rng(0)
    direction, step = rng.standard_normal(features.shape), 1e-5
    ahead, behind = (np.asarray(loss(features + s * step * direction, *others, shift)).item() for s in (1, -1))
    expected = (golden[f"{kind}_style_loss_grad_target"] * direction[0]).sum()
    assert (ahead - behind) / (2 * step) == pytest.approx(expected, rel=1e-4)


def test_masked_gram_matrices_by_hand():
    """Two regions with soft edges; a position outside the mask has the shift as its activation."""
    rng = np.random.default_rng(1)
    features, masks = rng.standard_normal((1, 4, 3, 2)), rng.uniform(0, 1, (1, 4, 3, 2))
    masks[:, :2, :, 0] = 0
    found = region_gram_matrices(ops.convert_to_tensor(features), masks=ops.convert_to_tensor(masks), shift=-1.0)
    for region in range(2):
        gram = np.zeros((2, 2))
        for row in range(4):
            for column in range(3):
                masked = features[0, row, column] * masks[0, row, column, region] - 1
                gram += np.outer(masked, masked)
        np.testing.assert_allclose(np.asarray(found)[0, region], gram / masks[0, ..., region].mean() / 2)
