"""Losses against the reference's numbers, against numbers computed by hand, and against the laws they obey."""

import keras
import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, backend
from neural_style.losses.content import content_loss_gatys2016, content_loss_titu1994, squared_error
from neural_style.losses.regions import region_gram_matrices, region_style_loss
from neural_style.losses.relative import relative_error, relative_to
from neural_style.losses.style import (
    aligned,
    cross_gram_matrix,
    gram_matrix,
    mean_gram_matrix,
    style_loss_gatys2016,
    style_loss_johnson2016,
    style_loss_titu1994,
)
from neural_style.losses.total_variation import total_variation

IMAGE_SIZE = (12, 16)  # of the golden unit cases


def batch(golden, name, dtype="float32"):
    return ops.convert_to_tensor(golden[name][None], dtype=dtype)


def value_and_grad(function, x):
    value, _, gradient = backend.value_and_grad(lambda x, _: (ops.sum(function(x)), 0.0))(x, 0.0)
    return float(value), np.asarray(gradient)


def number(loss):
    """The loss of a batch of one."""
    (value,) = np.asarray(loss)
    return float(value)


def style_loss_between(style, pastiche, shift=0.0):
    grams = (gram_matrix(features, shift=shift) for features in (pastiche, style))
    return style_loss_titu1994(*grams, image_size=IMAGE_SIZE)


@pytest.mark.parametrize(("script", "shift"), [("net", 0.0), ("inet", -1.0)])
def test_gram_matrix_is_the_references(golden, script, shift):
    for name in ("style", "comb"):
        (gram,) = np.asarray(gram_matrix(batch(golden, f"feat_{name}"), shift=shift))
        np.testing.assert_allclose(gram, golden[f"{script}_gram_{name}"], rtol=1e-5)


@pytest.mark.parametrize(("script", "shift", "expected"), [("net", 0.0, 0.062262911), ("inet", -1.0, 0.021753386)])
def test_style_loss_is_the_references(golden, script, shift, expected):
    style = batch(golden, "feat_style")
    value, gradient = value_and_grad(lambda x: style_loss_between(style, x, shift), batch(golden, "feat_comb"))
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(gradient[0], golden[f"{script}_style_loss_grad_comb"], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("script", ["net", "inet"])
@pytest.mark.parametrize(("loss_type", "expected"), [(0, 789.07526), (1, 12.733647), (2, 0.82195342)])
def test_content_loss_is_the_references(golden, script, loss_type, expected):
    target = batch(golden, "feat_base")
    value, gradient = value_and_grad(
        lambda x: content_loss_titu1994(x, target, image_size=IMAGE_SIZE, loss_type=loss_type),
        batch(golden, "feat_comb"),
    )
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(gradient[0], golden[f"{script}_content_loss_t{loss_type}_grad_comb"], rtol=1e-5)


@pytest.mark.parametrize("script", ["net", "inet"])
def test_total_variation_is_the_references(golden, script):
    value, gradient = value_and_grad(total_variation, ops.convert_to_tensor(golden["img"]))
    assert value == pytest.approx(1.50421536e8, rel=1e-5)
    np.testing.assert_allclose(gradient, golden[f"{script}_tv_loss_grad"], rtol=1e-5, atol=1e-2)


def test_units_of_gatys_and_johnson_by_hand():
    features = ops.convert_to_tensor(np.array([[[[1.0, 2.0], [3.0, 0.0]]]]))  # one row, two positions, two channels
    gram = np.array([[[10.0, 2.0], [2.0, 4.0]]])
    np.testing.assert_array_equal(np.asarray(gram_matrix(features)), gram)
    np.testing.assert_array_equal(np.asarray(mean_gram_matrix(features)), gram / 2)
    mean, zero = ops.convert_to_tensor(gram / 2), np.zeros((1, 2, 2))
    # mean over the four entries of (G - 0)^2, and of the same with G divided by two channels
    assert number(style_loss_gatys2016(mean, zero)) == (25 + 1 + 1 + 4) / 4
    assert number(style_loss_johnson2016(mean, zero)) == (25 + 1 + 1 + 4) / 4 / 4
    # mean over the four activations of (F - 1)^2
    assert number(content_loss_gatys2016(features, np.ones((1, 1, 2, 2)))) == (0 + 1 + 4 + 1) / 4


def test_johnson2016_is_the_mean_squared_error_of_gram_matrices_over_chw():
    """As jcjohnson/neural-style computes it: Gram matrices over the number of elements, then a mean squared error."""
    rng = np.random.default_rng(0)
    one, other = (rng.standard_normal((1, *size, 4)) for size in ((5, 7), (3, 2)))
    grams = (np.einsum("hwc,hwd->cd", each[0], each[0]) / each.size for each in (one, other))
    expected = np.mean(np.subtract(*grams) ** 2)
    found = style_loss_johnson2016(*(mean_gram_matrix(ops.convert_to_tensor(each)) for each in (one, other)))
    assert number(found) == pytest.approx(expected, rel=1e-5)


def test_an_image_of_any_size():
    """4 * 9 * (h w)^2 has 41 bits at 512 x 512, more than a whole number has in JAX."""
    gram = np.full((1, 2, 2), 1e9)
    value = number(style_loss_titu1994(ops.convert_to_tensor(gram), 0 * gram, image_size=(5000, 7000)))
    assert value == pytest.approx(4e18 / (36 * 35e6**2), rel=1e-6)


def test_total_variation_by_hand():
    image = np.zeros((1, 3, 3, 1))
    image[0, 1, 1, 0] = 2.0  # differs from the pixels above and to the left (4 each), and from two more (4 + 4)
    expected = 4**1.25 + 4**1.25 + 8**1.25
    assert number(total_variation(ops.convert_to_tensor(image))) == pytest.approx(expected)
    assert number(total_variation(ops.convert_to_tensor(image), exponent=1.0)) == pytest.approx(16.0)


def test_total_variation_of_one_colour_is_zero_and_so_is_its_gradient():
    value, gradient = value_and_grad(total_variation, ops.full((1, 6, 5, 3), 77.0))
    assert value == 0
    assert not gradient.any()


def test_gram_matrix_does_not_depend_on_where_things_are():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((1, 6, 7, 4))
    shuffled = rng.permutation(features.reshape(42, 4)).reshape(1, 7, 6, 4)
    np.testing.assert_allclose(
        np.asarray(gram_matrix(ops.convert_to_tensor(features))),
        np.asarray(gram_matrix(ops.convert_to_tensor(shuffled))),
        rtol=1e-12,
    )


LOSSES = {
    "content titu1994 0": lambda x, t: content_loss_titu1994(x, t, image_size=IMAGE_SIZE, loss_type=0),
    "content titu1994 1": lambda x, t: content_loss_titu1994(x, t, image_size=IMAGE_SIZE, loss_type=1),
    "content titu1994 2": lambda x, t: content_loss_titu1994(x, t, image_size=IMAGE_SIZE, loss_type=2),
    "content gatys2016": content_loss_gatys2016,
    "style titu1994": lambda x, t: style_loss_between(t, x),
    "style gatys2016": lambda x, t: style_loss_gatys2016(mean_gram_matrix(x), mean_gram_matrix(t)),
    "style johnson2016": lambda x, t: style_loss_johnson2016(mean_gram_matrix(x), mean_gram_matrix(t)),
    "relative": relative_error,
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_zero_at_their_target(golden, name):
    target = batch(golden, "feat_style")
    value, gradient = value_and_grad(lambda x: LOSSES[name](x, target), target)
    assert value == 0
    assert not gradient.any()


@pytest.mark.skipif(backend.NAME == "jax", reason="JAX computes in float32 unless JAX_ENABLE_X64 is set")
@pytest.mark.parametrize("name", [*LOSSES, "total variation"])
def test_gradients_are_those_of_finite_differences(golden, name):
    if name == "total variation":
        function, x = total_variation, golden["img"][:, :5, :6].astype("float64")
    else:
        target = batch(golden, "feat_style", "float64")
        function, x = (lambda x: LOSSES[name](x, target)), golden["feat_comb"][None].astype("float64")
    _, gradient = value_and_grad(function, ops.convert_to_tensor(x))
    rng = np.random.default_rng(1)
    for _ in range(5):
        direction = rng.standard_normal(x.shape)
        step = 1e-5 * np.abs(x).max()
        ahead, behind = (number(function(ops.convert_to_tensor(x + s * step * direction))) for s in (1, -1))
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)


RNG = np.random.default_rng(7)
FEATURES, TARGETS = (RNG.standard_normal((3, 6, 5, 4)).astype("float32") for _ in range(2))
DEEPER = RNG.standard_normal((3, 3, 2, 7)).astype("float32")
MASKS = RNG.uniform(0, 1, (3, 6, 5, 2)).astype("float32")

OF_A_BATCH = {
    **LOSSES,
    "gram": lambda x, _: gram_matrix(x, shift=-1.0),
    "mean gram": lambda x, _: mean_gram_matrix(x),
    "regions": lambda x, t: region_style_loss(
        *(region_gram_matrices(each, MASKS[:1], areas=(0.5, 0.3)) for each in (x, t))
    ),
    "total variation": lambda x, _: total_variation(x),
}


@pytest.mark.parametrize("name", OF_A_BATCH)
def test_a_batch_is_its_pictures_one_by_one(name):
    """With a target for each, and with one for all."""
    x, t = map(ops.convert_to_tensor, (FEATURES, TARGETS))
    alone = [np.asarray(OF_A_BATCH[name](x[i : i + 1], t[i : i + 1])) for i in range(3)]
    assert {each.shape[0] for each in alone} == {1}
    np.testing.assert_allclose(np.asarray(OF_A_BATCH[name](x, t)), np.concatenate(alone), rtol=1e-5)
    shared = [np.asarray(OF_A_BATCH[name](x[i : i + 1], t[:1])) for i in range(3)]
    np.testing.assert_allclose(np.asarray(OF_A_BATCH[name](x, t[:1])), np.concatenate(shared), rtol=1e-5)


def test_masks_and_pairs_of_layers_of_a_batch():
    """Each picture has its own masks and Gram matrices; `aligned` repeats the deeper map."""
    x, deeper, masks = map(ops.convert_to_tensor, (FEATURES, DEEPER, MASKS))
    regions = np.asarray(region_gram_matrices(x, masks))
    crossed = np.asarray(cross_gram_matrix(*aligned(x, deeper)))
    assert (regions.shape, crossed.shape) == ((3, 2, 4, 4), (3, 4, 7))
    for i in range(3):
        masked = FEATURES[i, :, :, None, :] * MASKS[i, :, :, :, None]
        expected = np.einsum("hwrc,hwrd->rcd", masked, masked) / (4 * MASKS[i].mean(axis=(0, 1))[:, None, None])
        np.testing.assert_allclose(regions[i], expected, rtol=1e-4, atol=1e-5)
        repeated = DEEPER[i].repeat(2, 0).repeat(2, 1)
        expected = np.einsum("hwc,hwd->cd", FEATURES[i, :6, :4], repeated)
        np.testing.assert_allclose(crossed[i], expected, rtol=1e-4, atol=1e-5)


def zeros(*shape):
    return np.zeros(shape, "float32")


IS_4D = r"features must have shape \(N, h, w, C\), received"
WRONG = {
    "features without a batch": (lambda: gram_matrix(zeros(7, 9, 5)), IS_4D + r" \(7, 9, 5\)"),
    "mean gram": (lambda: mean_gram_matrix(zeros(9, 5)), IS_4D),
    "cross gram": (lambda: cross_gram_matrix(zeros(1, 6, 5, 4), zeros(1, 3, 2, 7)), "must have one size"),
    "aligned": (lambda: aligned(zeros(1, 8, 8, 4), zeros(1, 2, 2, 4)), r"8 x 8 positions, or 4 x 4 .* received 2 x 2"),
    "a target that would broadcast": (
        lambda: content_loss_gatys2016(zeros(1, 7, 9, 8), zeros(1, 1, 1, 8)),
        r"target of features must have shape \(1, 7, 9, 8\), received \(1, 1, 1, 8\)",
    ),
    "a number as target": (lambda: squared_error(zeros(2, 7, 9, 8), 1.0), r"or \(1, 7, 9, 8\), received \(\)"),
    "content titu1994": (
        lambda: content_loss_titu1994(zeros(1, 7, 9, 8), zeros(1, 9, 7, 8), image_size=(7, 9)),
        r"received \(1, 9, 7, 8\)",
    ),
    "another batch": (lambda: squared_error(zeros(2, 7, 9, 8), zeros(3, 7, 9, 8)), r"received \(3, 7, 9, 8\)"),
    "more targets than pictures": (lambda: squared_error(zeros(1, 7, 9, 8), zeros(3, 7, 9, 8)), "received"),
    "grams without a batch": (
        lambda: style_loss_gatys2016(zeros(8, 8), zeros(8, 8)),
        r"Gram matrices must have shape \(N, C, C\), received \(8, 8\)",
    ),
    "style titu1994": (
        lambda: style_loss_titu1994(zeros(1, 8, 8), zeros(1, 1, 8), image_size=(7, 9)),
        r"target of Gram matrices must have shape \(1, 8, 8\), received \(1, 1, 8\)",
    ),
    "style gatys2016": (lambda: style_loss_gatys2016(zeros(1, 8, 8), zeros(1, 4, 4)), "received"),
    "style johnson2016": (lambda: style_loss_johnson2016(zeros(1, 8, 8), zeros(8, 8)), "received"),
    "relative": (lambda: relative_error(zeros(1, 8, 8), zeros(1, 8)), "target of the value must have shape"),
    "relative to": (lambda: relative_to(zeros(2), zeros(3)), r"\(2\) or \(1\), received \(3,\)"),
    "masks of another size": (
        lambda: region_gram_matrices(zeros(1, 6, 5, 4), zeros(1, 3, 5, 2)),
        r"masks must have shape \(1, 6, 5, any\), received \(1, 3, 5, 2\)",
    ),
    "areas": (lambda: region_gram_matrices(zeros(1, 6, 5, 4), zeros(1, 6, 5, 2), areas=(1.0,)), "areas must be 2"),
    "regions": (lambda: region_style_loss(zeros(1, 2, 4, 4), zeros(1, 3, 4, 4)), "target of Gram matrices of regions"),
    "total variation": (lambda: total_variation(zeros(6, 5, 3)), r"image must have shape \(N, H, W, C\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_shapes_are_refused(name):
    function, message = WRONG[name]
    with pytest.raises(InvalidInputError, match=message) as caught:
        function()
    assert "\n" not in str(caught.value)


def test_shapes_are_checked_while_a_program_is_traced():
    """Nothing but static shapes is needed, of which any extent may be unknown."""
    features, target = keras.KerasTensor((None, None, 9, 5)), keras.KerasTensor((1, 7, 9, 5))
    assert squared_error(features, target).shape == (None,)
    assert gram_matrix(features).shape == (None, 5, 5)
    with pytest.raises(InvalidInputError, match=r"must have shape \(any, any, 9, 5\) or \(1, any, 9, 5\)"):
        squared_error(features, keras.KerasTensor((1, 1, 1, 5)))
