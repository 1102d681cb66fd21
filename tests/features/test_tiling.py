"""Tiles: value and gradient are those of the whole image, however it is cut."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from neural_style import Content, INetwork, Network, NeuralDoodle, Style, backend
from neural_style.backend import compilation
from neural_style.features.extractor import feature_extractor
from neural_style.features.tiling import halo_width, tiles_of
from neural_style.features.vgg import ARCHITECTURES, architecture
from neural_style.inputs import working_size
from neural_style.objectives import terms

NETWORKS = {
    "Network": Network(model="mini", weights="random", pooling="ave"),
    "Network, gatys2016": Network(model="mini", weights="random", normalization="gatys2016", pooling="l2"),
    "INetwork": INetwork(model="mini", weights="random", variant="titu1994"),
    "INetwork, novak2016": INetwork(model="mini", weights="random", variant="novak2016", pooling="ave"),
}


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Operation by operation: each program is used once here, and its compilation takes three times its use."""
    monkeypatch.setattr(compilation, "_graph", lambda function, arguments: function)


def mask_of(rows, columns):
    """An off-centre ellipse that tiles cut through."""
    row, column = np.mgrid[0:rows, 0:columns]
    return (row / rows - 0.4) ** 2 + (column / columns - 0.6) ** 2 < 0.1


def assert_equal_by_tiles(technique, content, styles, rows, tile):
    """Compare value, terms and gradient of the whole image with those by tiles."""

    inputs = technique.inputs(content, styles)
    objective_at, size = technique.objective_at(inputs), working_size(inputs.content.picture, rows)
    whole, tiled = (objective_at(size, side) for side in (None, tile))
    x = np.random.default_rng(0).uniform(0, 255, (*whole.image_size, 3)).astype("float32")
    expected, found = whole.evaluate(x), tiled.evaluate(x)
    assert found.value == pytest.approx(expected.value, rel=1e-5)
    largest = max(map(abs, expected.parts.values()))
    assert found.parts == pytest.approx(expected.parts, rel=1e-4, abs=1e-5 * largest)
    difference = np.linalg.norm(found.gradient - expected.gradient)
    assert difference <= 1e-4 * np.linalg.norm(expected.gradient)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("tile", [40])
def test_an_evaluation_by_tiles_is_that_of_the_whole(photo, painting, name, tile):
    large = np.tile(photo, (2, 2, 1))[:79, :93]
    assert_equal_by_tiles(NETWORKS[name], large, [painting, Style(painting[::-1], weight=0.5)], 79, tile)


@pytest.mark.parametrize("rule", ["titu1994", "simple", "inside"])
@pytest.mark.parametrize("name", ["Network", "INetwork, novak2016"])
def test_masks_are_cut_with_the_picture(photo, painting, name, rule):

    guides = {} if rule == "titu1994" else {"mask_normalization": "gatys2017", "guide_propagation": rule}
    guides |= {"guided_statistic": "sums"} if (name, rule) == ("Network", "inside") else {}
    layers = ("conv1_1", "conv2_1", "conv2_2")
    technique = dataclasses.replace(NETWORKS[name], style_layers=layers, **guides)
    large = np.tile(photo, (2, 2, 1))[:79, :93]
    content = Content(large, mask=mask_of(79, 93))
    styles = [Style(painting, mask=mask_of(36, 30)), Style(painting[::-1].copy())]
    assert_equal_by_tiles(technique, content, styles, 79, 40)


@pytest.mark.parametrize("variant", ["plain", "improved"])
def test_regions_of_a_doodle_are_cut_with_the_picture(painting, variant):
    doodle = NeuralDoodle(labels=2, model="mini", weights="random", variant=variant)
    regions = (mask_of(*size)[..., None] for size in ((36, 30), (61, 47)))
    maps = [np.where(region, [255, 0, 0], [0, 0, 255]).astype("uint8") for region in regions]
    inputs = doodle.inputs(Content(label_map=maps[1]), Style(painting, label_map=maps[0]))
    objective_at = doodle.objective_at(inputs)
    whole, tiled = (objective_at((61, 47), side) for side in (None, 24))
    x = np.random.default_rng(0).uniform(0, 255, (61, 47, 3)).astype("float32")
    expected, found = whole.evaluate(x), tiled.evaluate(x)
    assert found.value == pytest.approx(expected.value, rel=1e-5)
    assert np.linalg.norm(found.gradient - expected.gradient) <= 1e-4 * np.linalg.norm(expected.gradient)


@settings(max_examples=6, deadline=None)
@given(rows=st.integers(9, 70), columns=st.integers(9, 70), tile=st.integers(5, 40), seed=st.integers(0, 99))
def test_any_size_and_any_tile(rows, columns, tile, seed):
    rng = np.random.default_rng(seed)
    content, painting = (rng.integers(0, 256, (*size, 3), "uint8") for size in ((rows, columns), (24, 20)))
    technique = Network(
        model="mini",
        weights="random",
        content_layer="conv2_1",
        style_layers=("conv1_1", "conv2_1", "conv3_1"),
        precision="float64",
    )

    objective_at = technique.objective_at(technique.inputs(content, painting))
    whole, tiled = (objective_at((rows, columns), side) for side in (None, tile))
    x = rng.uniform(0, 255, (rows, columns, 3))
    expected, found = whole.evaluate(x), tiled.evaluate(x)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-8, atol=1e-10 * abs(expected.gradient).max())


@settings(max_examples=100, deadline=None)
@given(
    rows=st.integers(16, 600),
    columns=st.integers(16, 600),
    side=st.integers(20, 400),
    layer=st.sampled_from(ARCHITECTURES["vgg19"].layers),
)
def test_cores_are_the_image_and_halos_are_wide_enough(rows, columns, side, layer):
    table = architecture("vgg19")
    tiles = tiles_of((rows, columns), side, table, [layer])
    stride, halo = table.stride([layer]), halo_width(table, [layer])
    assert sum((r.stop - r.start) * (c.stop - c.start) for r, c in (tile.core for tile in tiles)) == rows * columns
    for tile in tiles:
        for core, window, extent in zip(tile.core, tile.window, (rows, columns), strict=True):
            assert core.start % stride == window.start % stride == 0
            assert window.start == 0 or core.start - window.start >= halo
            assert window.stop == extent or window.stop - core.stop >= halo
            assert core.stop - core.start < max(side, stride) + 2 * stride
    # At every layer the cores are the whole map: no position is counted twice, none is left out.
    at = [tile.place_at(layer) for tile in tiles]
    counted = sum((r.stop - r.start) * (c.stop - c.start) for r, c in at)
    assert counted == (rows // stride) * (columns // stride)
    assert min(min(r.stop - r.start, c.stop - c.start) for r, c in at) > 0


def test_the_halo_is_as_wide_as_the_receptive_field():
    """conv3_2 of mini, by its gradient; and the receptive field of conv5_1 of VGG-19, 156 pixels, is 16 + 2 x 70."""

    extractor = feature_extractor("mini", "random", ("conv3_2",), pooling="ave")
    image = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype("float32")
    differentiated = backend.value_and_grad(lambda x, _: (ops.sum(extractor(x)["conv3_2"][0, 8, 8]), ()))
    gradient = np.asarray(differentiated(ops.convert_to_tensor(image), ())[2])
    (rows,) = np.nonzero(np.abs(gradient).sum(axis=(1, 2)))
    pixels = halo_width(extractor.architecture, ["conv3_2"])
    assert (rows.min(), rows.max()) == (32 - pixels, 35 + pixels)
    assert halo_width(architecture("vgg19"), ["conv1_1", "conv5_1"]) == 70


def test_total_variation_alone_has_a_halo_of_its_own(photo, painting):
    technique = Network(model="mini", weights="random", content_weight=0, style_scale=0, total_variation_weight=1.0)
    assert_equal_by_tiles(technique, photo, painting, 40, 16)


def test_a_chain_over_maps_of_three_rows_and_one():
    """24 to 31 rows: conv4_1 has three rows, and conv5_1 one, which is repeated to two."""
    shallow, deep = np.ones((1, 3, 3, 2), "float32"), np.ones((1, 1, 1, 4), "float32")
    statistic = terms.correlations(("conv4_4", "conv5_1"), size=(27, 27), image_size=(27, 27), normalization="relative")
    np.testing.assert_allclose(np.asarray(statistic.of({"conv4_4": shallow, "conv5_1": deep})), 1.0)
