"""Losses against the reference's numbers, against numbers computed by hand, and against the laws they obey."""

import numpy as np
import pytest
from keras import ops

from neural_style import backend
from neural_style.losses.content import content_loss_gatys2016, content_loss_titu1994
from neural_style.losses.style import gram_matrix, mean_gram_matrix, style_loss_gatys2016, style_loss_titu1994
from neural_style.losses.total_variation import total_variation

IMAGE_SIZE = (12, 16)  # of the golden unit cases


def batch(golden, name, dtype="float32"):
    return ops.convert_to_tensor(golden[name][None], dtype=dtype)


def value_and_grad(function, x):
    value, _, gradient = backend.value_and_grad(lambda x, _: (function(x), 0.0))(x, 0.0)
    return float(value), np.asarray(gradient)


def style_loss_between(style, pastiche, shift=0.0):
    grams = (gram_matrix(features, shift=shift) for features in (pastiche, style))
    return style_loss_titu1994(*grams, image_size=IMAGE_SIZE)


@pytest.mark.parametrize(("script", "shift"), [("net", 0.0), ("inet", -1.0)])
def test_gram_matrix_is_the_references(golden, script, shift):
    for name in ("style", "comb"):
        gram = np.asarray(gram_matrix(batch(golden, f"feat_{name}"), shift=shift))
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


def test_units_of_gatys_by_hand():
    features = np.array([[[[1.0, 2.0], [3.0, 0.0]]]])  # one row, two positions, two channels
    gram = np.array([[10.0, 2.0], [2.0, 4.0]])
    np.testing.assert_array_equal(np.asarray(gram_matrix(ops.convert_to_tensor(features))), gram)
    np.testing.assert_array_equal(np.asarray(mean_gram_matrix(ops.convert_to_tensor(features))), gram / 2)
    # mean over the four entries of (G - 0)^2
    assert float(style_loss_gatys2016(ops.convert_to_tensor(gram / 2), 0.0)) == (25 + 1 + 1 + 4) / 4
    # mean over the four activations of (F - 1)^2
    assert float(content_loss_gatys2016(ops.convert_to_tensor(features), 1.0)) == (0 + 1 + 4 + 1) / 4


def test_total_variation_by_hand():
    image = np.zeros((1, 3, 3, 1))
    image[0, 1, 1, 0] = 2.0  # seen from above and from the left (4 each), and from its own pixel (4 + 4)
    expected = 4**1.25 + 4**1.25 + 8**1.25
    assert float(total_variation(ops.convert_to_tensor(image))) == pytest.approx(expected)
    assert float(total_variation(ops.convert_to_tensor(image), exponent=1.0)) == pytest.approx(16.0)


def test_total_variation_of_one_colour_is_zero_and_so_is_its_gradient():
    value, gradient = value_and_grad(total_variation, ops.full((1, 6, 5, 3), 77.0))
    assert value == 0
    assert not gradient.any()


def test_gram_matrix_does_not_see_where_things_are():
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
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_zero_at_their_target(golden, name):
    target = batch(golden, "feat_style")
    value, gradient = value_and_grad(lambda x: LOSSES[name](x, target), target)
    assert value == 0
    assert not gradient.any()


@pytest.mark.skipif(backend.NAME == "jax", reason="JAX computes in float32 unless told otherwise at its start")
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
        ahead, behind = (float(function(ops.convert_to_tensor(x + s * step * direction))) for s in (1, -1))
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)
