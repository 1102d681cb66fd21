"""The canvas: what the network sees of a pastiche, and the gradient that comes back."""

import numpy as np
import pytest
from keras import ops

from neural_style import Content, InvalidInputError, Network, NeuralDoodle, Reconstruction, Style, read_mask
from neural_style.objectives.canvas import Canvas

DEEP = {"model": "mini", "weights": "random", "content_layer": "conv3_1", "style_layers": ("conv1_1", "conv2_1")}


def test_a_mirror_to_the_next_multiple_of_the_stride():
    canvas = Canvas.of("reflect", (9, 6), 4)  # too small for a margin
    assert (canvas.rows, canvas.columns) == ((1, 2), (1, 1))
    assert canvas.size((9, 6)) == (12, 8)
    assert Canvas.of("reflect", (8, 12), 4) == Canvas.of("none", (9, 6), 4) == Canvas()
    assert Canvas.of("reflect", (40, 41), 4) == Canvas((8, 8), (9, 10))
    rows = np.arange(9.0)[:, None].repeat(6, 1)
    np.testing.assert_array_equal(canvas.padded(rows)[:, 0], [1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6])
    with pytest.raises(InvalidInputError, match='unknown padding "zero"'):
        Canvas.of("zero", (9, 6), 4)


@pytest.mark.parametrize("canvas", [Canvas((2, 3), (1, 0)), Canvas((0, 1), (3, 2), is_grey=True), Canvas()])
def test_the_gradient_comes_back_by_the_transpose(canvas):
    """`<P x, g> = <x, P^T g>` for any x and g."""
    rng = np.random.default_rng(0)
    image, gradient = rng.normal(size=(9, 7, 3)), rng.normal(size=(*canvas.size((9, 7)), 3))
    seen = ops.convert_to_numpy(canvas.seen(ops.convert_to_tensor(image, dtype="float32")))
    assert np.sum(seen * gradient) == pytest.approx(np.sum(image * canvas.adjoint(gradient)), rel=1e-5)
    if not canvas.is_grey:
        np.testing.assert_allclose(seen, canvas.padded(image), rtol=1e-6)


@pytest.mark.parametrize("padding", ["none", "reflect"])
def test_the_edges_have_the_gradient_of_the_inside(photo, painting, padding):
    """At 39 x 47 poolings drop the last three rows and columns, which only shallow layers and halos reach."""
    net = Network(**DEEP, normalization="relative", padding=padding, content_weight=0.0, total_variation_weight=0.0)
    image = np.random.default_rng(0).uniform(0, 255, (39, 47, 3))
    gradient = np.abs(net.objective(photo[:39, :47], painting, image_size=39).value_and_grad(image)[1])
    for edge in (gradient[-1], gradient[:, -1]):
        assert (np.median(edge) > 0.7 * np.median(gradient)) == (padding == "reflect")


def test_tiles_and_masks_on_a_mirrored_canvas(photo, painting):
    net = Network(**DEEP, normalization="relative", mask_normalization="gatys2017", pooling="ave")
    half = np.zeros((77, 92), bool)
    half[:, :46] = True
    large = np.kron(photo, np.ones((2, 2, 1), np.uint8))[:77, :91]
    settings = {"content": Content(large), "styles": Style(painting, mask=read_mask(half)), "image_size": 77}
    image = np.random.default_rng(0).uniform(0, 255, (77, 91, 3))
    whole, tiled = (net.objective(**settings, tile=tile) for tile in (None, 64))
    assert whole.canvas.size((77, 91)) == (96, 108)
    for one, other in ((whole, tiled), (whole.in_grey(), tiled.in_grey())):
        (value, gradient), (again, by_tiles) = one.value_and_grad(image), other.value_and_grad(image)
        assert again == pytest.approx(value, rel=1e-4)
        np.testing.assert_allclose(by_tiles, gradient, atol=1e-3 * np.abs(gradient).max())
    # A function of the mean of the channels alone.
    grey = image.mean(axis=2, keepdims=True).repeat(3, 2)
    assert whole.in_grey().value_and_grad(image)[0] == pytest.approx(whole.value_and_grad(grey)[0], rel=1e-5)
    assert np.ptp(gradient, axis=2).max() <= 1e-6 * np.abs(gradient).max()


def test_every_technique_mirrors_with_mini_and_none_does_with_vgg(photo, painting):
    labels = np.zeros((39, 46, 3), np.uint8)
    labels[:, 20:] = 255
    doodle = NeuralDoodle(labels=2, **DEEP)
    target, style = Content(photo, label_map=labels), Style(painting, label_map=labels[:36, :30])
    for technique, inputs in (
        (Network(**DEEP), (photo, painting)),
        (Reconstruction(model="mini", weights="random", layers="conv3_1"), (photo,)),
        (doodle, (target, style)),
    ):
        assert technique.resolved().padding == "reflect"
        objective = technique.objective(*inputs, image_size=39)
        assert objective.canvas.size(objective.image_size) == (56, 64)
        assert np.isfinite(objective.value_and_grad(np.full((39, 46, 3), 99.0))[1]).all()
    assert {Network(model=model).resolved().padding for model in ("vgg16", "vgg19")} == {"none"}
    assert Network(model="vgg19", padding="reflect").resolved().padding == "reflect"
