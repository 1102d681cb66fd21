"""Laws of masked styles, in Network and in INetwork."""

import dataclasses

import numpy as np
import pytest

from neural_style import Content, INetwork, InvalidInputError, Network, Style, read_mask
from neural_style.features.vgg import architecture
from neural_style.images.transparency import filled
from neural_style.masks.guidance import Guides

NETWORKS = {
    "Network": Network(model="mini", weights="random"),
    "Network, gatys2016": Network(model="mini", weights="random", normalization="gatys2016"),
    "INetwork": INetwork(model="mini", weights="random", variant="titu1994"),
    "INetwork, novak2016": INetwork(model="mini", weights="random", variant="novak2016"),
}


def with_masks(network, rule):
    return dataclasses.replace(network, mask_normalization=rule)


@pytest.mark.parametrize("rule", ["titu1994", "gatys2017"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_mask_of_ones_is_no_mask(photo, painting, name, rule):
    network, white = with_masks(NETWORKS[name], rule), np.full((9, 9), 255, "uint8")
    x = np.random.default_rng(3).uniform(0, 255, (25, 30, 3))
    plain = network.objective(photo, painting, image_size=25).evaluate(x)
    for content, style in (
        (photo, Style(painting, mask=white)),
        (Content(photo, mask=white), painting),
        (Content(photo, mask=white), Style(painting, mask=white)),
    ):
        masked = network.objective(content, style, image_size=25).evaluate(x)
        assert masked.value == pytest.approx(plain.value, rel=1e-4)
        assert np.linalg.norm(masked.gradient - plain.gradient) < 1e-4 * np.linalg.norm(plain.gradient)


@pytest.mark.parametrize("rule", ["titu1994", "gatys2017"])
def test_complementary_masks_are_two_objectives_added(photo, painting, rule):
    left = np.zeros((40, 48), bool)
    left[:, :24] = True
    network = Network(
        model="mini", weights="random", mask_normalization=rule, content_weight=0, total_variation_weight=0
    )
    styles = [Style(painting, mask=left), Style(painting[::-1].copy(), mask=~left)]
    x = np.random.default_rng(4).uniform(0, 255, (24, 28, 3))
    both = network.objective(photo, styles, image_size=24).value_and_grad(x)
    alone = [network.objective(photo, style, image_size=24).value_and_grad(x) for style in styles]
    assert both[0] == pytest.approx(sum(value for value, _ in alone), rel=1e-5)
    np.testing.assert_allclose(both[1], alone[0][1] + alone[1][1], rtol=1e-3, atol=1e-4 * np.abs(both[1]).max())


# ---- transparent paintings


def on_canvas(painting, noise=0):
    """The painting on a transparent canvas with noise under it."""
    canvas = np.zeros((60, 50, 4), "uint8")
    canvas[..., :3] = np.random.default_rng(9).integers(0, noise + 1, (60, 50, 3))
    canvas[10:46, 15:45] = np.dstack([painting, np.full((36, 30), 255, "uint8")])
    return canvas


@pytest.mark.parametrize("name", NETWORKS)
def test_a_painting_on_a_transparent_canvas_is_the_painting(photo, painting, name):
    x = np.random.default_rng(3).uniform(0, 255, (25, 30, 3))
    alone, on_nothing = (
        NETWORKS[name].objective(photo, style, image_size=25).evaluate(x)
        for style in (painting, on_canvas(painting, noise=255))
    )
    assert on_nothing.value == pytest.approx(alone.value, rel=1e-6)
    np.testing.assert_array_equal(on_nothing.gradient, alone.gradient)


@pytest.mark.parametrize("name", NETWORKS)
def test_transparency_is_a_mask_of_the_painting(photo, painting, name):
    """The Gram matrices of the visible part, as a mask of the painting gives them where the content has one as well."""
    network, x = with_masks(NETWORKS[name], "gatys2017"), np.random.default_rng(3).uniform(0, 255, (25, 30, 3))
    rows, columns = np.mgrid[:36, :30]
    disc = np.hypot(rows - 18, columns - 15) < 14
    cut = Style(np.dstack([painting, np.where(disc, 255, 0).astype("uint8")]), resize="stretch")
    whole = Style(filled(painting, disc), mask=disc, resize="stretch")
    found = network.objective(photo, cut, image_size=25).evaluate(x)
    expected = network.objective(Content(photo, mask=np.ones((9, 9), bool)), whole, image_size=25).evaluate(x)
    assert found.parts == pytest.approx(expected.parts, rel=1e-4)
    assert np.linalg.norm(found.gradient - expected.gradient) < 1e-4 * np.linalg.norm(expected.gradient)


@pytest.mark.parametrize("normalization", ["titu1994", "relative"])
def test_style_acts_where_a_transparent_content_can_be_seen(photo, painting, normalization):
    """By as much as on an opaque one: at the painting itself, repeated where it is visible, the loss is nearly none."""
    network = Network(
        model="mini",
        weights="random",
        normalization=normalization,
        style_layers=("conv1_1",),
        content_weight=0,
        total_variation_weight=0,
    )
    alpha = np.zeros((40, 48), "uint8")
    alpha[2:38, 9:39] = 255
    objective = network.objective(np.dstack([photo, alpha]), painting, image_size=40)
    x = np.random.default_rng(3).uniform(0, 255, (40, 48, 3))
    at_noise, gradient = objective.value_and_grad(x)
    hidden = np.ones((40, 48), bool)
    hidden[1:39, 8:40] = False  # conv1_1 sees one pixel more
    assert not gradient[hidden].any()
    x[2:38, 9:39] = painting
    same_size = Style(painting, scale=(36 * 30 / (40 * 48)) ** 0.5)
    at_painting = network.objective(np.dstack([photo, alpha]), same_size, image_size=40).value_and_grad(x)[0]
    assert at_painting < 1e-2 * at_noise


@pytest.mark.parametrize("rule", ["titu1994", "gatys2017"])
def test_a_mask_on_a_transparent_painting_keeps_its_energy(rule):
    guides = Guides(architecture("mini"), normalization=rule, propagation="simple", dtype="float32")
    left, top = np.tile(np.arange(32) < 16, (32, 1)), np.tile((np.arange(32) < 8)[:, None], 32)
    masked, both = (
        guides.at(read_mask(left), ("conv1_1",), (32, 32), visible=visible).weights.values[0, ..., 0]
        for visible in (None, read_mask(top))
    )
    np.testing.assert_array_equal(both > 0, left & top)
    assert np.square(both).sum() == pytest.approx(np.square(masked).sum(), rel=1e-6)
    with pytest.raises(InvalidInputError, match="selects only pixels that are transparent"):
        guides.at(read_mask(left), ("conv1_1",), (32, 32), visible=read_mask(~left))


REACH = {"simple": 32 + 17, "inside": 32}
"""Columns that a mask which ends at column 32 may act on: the receptive field of conv2_2, and bilinear resizing."""


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        (Network, {}),
        (INetwork, {}),
        (INetwork, {"variant": "novak2016"}),
        (INetwork, {"variant": "novak2016", "chain": False}),
    ],
)
@pytest.mark.parametrize("rule", ["titu1994", "simple", "inside"])
def test_a_masked_style_moves_its_region_only(photo, painting, network, settings, rule):
    """The gradient of a masked style is zero outside the receptive fields of masked positions."""
    left = np.zeros((48, 96), bool)
    left[:, :32] = True
    guides = {"mask_normalization": "gatys2017", "guide_propagation": rule} if rule != "titu1994" else {}
    technique = network(
        model="mini",
        weights="random",
        style_layers=("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
        content_weight=0,
        total_variation_weight=0,
        **guides,
        **settings,
    )
    wide = np.tile(photo, (2, 2, 1))[:48, :96]
    gradient = technique.objective(wide, Style(painting, mask=left), image_size=48).value_and_grad(wide.astype(float))[
        1
    ]
    assert np.abs(gradient[:, :24]).max() > 0
    assert not gradient[:, REACH["inside" if rule == "inside" else "simple"] :].any()


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({"propagation": "all"}, 18),
        ({"propagation": "inside"}, 14),
        ({"propagation": "inside", "dilation": 3}, 17),
        ({"propagation": "simple", "dilation": -2}, 14),
        ({"propagation": "zoom"}, None),
    ],
)
def test_guides_of_each_propagation(settings, columns):
    """Of a mask of 32 columns at conv2_1, whose receptive field reaches 4 pixels beyond its own 2 to each side."""
    guides = Guides(architecture("mini"), normalization="gatys2017", dtype="float32", **settings)
    left = read_mask(np.tile(np.arange(96) < 32, (48, 1)))
    weights = guides.at(left, ("conv2_1",), (48, 96)).weights.values[0, ..., 0]
    assert np.square(weights).sum() == pytest.approx(1, rel=1e-5)
    if columns is None:
        assert weights.min() < 0
        return
    np.testing.assert_array_equal(weights[0] > 0, np.arange(48) < columns)


@pytest.mark.parametrize("normalization", ["relative", "gatys2016"])
def test_guided_sums_are_means_over_the_region_beside_gram_matrices_of_all(photo, painting, normalization):
    """By hand from the features; each half has half of the style's weight."""
    network = Network(
        model="mini",
        weights="random",
        padding="none",
        normalization=normalization,
        mask_normalization="gatys2017",
        style_layers=("conv1_2", "conv2_1"),
        content_weight=0,
        total_variation_weight=0,
    )
    left = np.zeros((24, 28), bool)
    left[:, :8] = True
    summed = dataclasses.replace(network, guided_statistic="sums")
    x = np.random.default_rng(4).uniform(0, 255, (24, 28, 3)).astype("float32")
    masked, plain = Style(painting, weight=3, mask=left, resize="stretch"), Style(painting, weight=3, resize="stretch")
    objective = summed.objective(photo, masked, image_size=24)
    found, whole = objective.parts(x), network.objective(photo, plain, image_size=24).parts(x)
    seen = np.asarray(plain.at((24, 28)), "float32")
    own, target = (objective.extractor.features(image, network.style_layers) for image in (x, seen))
    for layer, columns in (("conv1_2", 8), ("conv2_1", 4)):
        assert found[f"style.0.{layer}"] == pytest.approx(whole[f"style.0.{layer}"] / 2, rel=1e-5)
        mean, aim = own[layer][0, :, :columns].mean((0, 1)), target[layer][0].mean((0, 1))
        error = np.square(mean - aim).sum() / np.square(aim).sum()
        error = error if normalization == "relative" else 1e5 * np.square(mean - aim).mean()
        assert found[f"style.0.sums.{layer}"] == pytest.approx(3 / 2 / 2 * error, rel=1e-4)
    several = summed.objective(photo, [masked, dataclasses.replace(masked, image=painting[::-1])], image_size=24)
    assert len({term.statistic for term in several.terms}) == len(objective.terms)  # shared by styles of one mask


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "guided_statistic belongs to mask_normalization gatys2017"),
        ({"mask_normalization": "gatys2017", "style_loss": "moments"}, "belongs to style_loss gram"),
        ({"mask_normalization": "gatys2017", "normalization": "titu1994"}, "and normalization relative or gatys2016"),
    ],
)
def test_guided_sums_are_refused_where_they_do_nothing(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        Network(model="mini", guided_statistic="sums", **settings)


def test_guided_sums_need_a_mask(photo, painting):
    network = Network(model="mini", weights="random", guided_statistic="sums", mask_normalization="gatys2017")
    with pytest.raises(InvalidInputError, match="guided_statistic has no effect without a mask"):
        network.objective(photo, painting, image_size=24)
    network = dataclasses.replace(network, guided_statistic="gram", guide_dilation=-1)
    with pytest.raises(InvalidInputError, match="guide_dilation has no effect without a mask"):
        network.objective(photo, painting, image_size=24)


def test_a_soft_mask_keeps_its_greys(photo, painting):
    """Black does not act at all, and grey less than white; with `inside`, too."""
    soft = np.full((48, 96), 5, "uint8")
    soft[:, :32], soft[:, 32:64] = 255, 160
    wide = np.tile(photo, (2, 2, 1))[:48, :96]
    for propagation in ("simple", "inside"):
        network = Network(
            model="mini",
            weights="random",
            style_layers=("conv1_1", "conv2_1"),
            mask_normalization="gatys2017",
            guide_propagation=propagation,
            content_weight=0,
            total_variation_weight=0,
        )
        style = Style(painting, mask=read_mask(soft, soft=True))
        gradient = np.abs(network.objective(wide, style, image_size=48).value_and_grad(wide.astype(float))[1])
        white, grey, black = (gradient[:, part].mean() for part in (slice(4, 28), slice(36, 60), slice(72, 96)))
        assert black < 1e-2 * white
        assert 0.1 * white < grey < white
    with pytest.raises(InvalidInputError, match="soft masks need mask_normalization gatys2017"):
        Network(model="mini", weights="random").objective(wide, style, image_size=48)
    for settings in ({"guide_propagation": "all"}, {"guide_dilation": 1}):
        with pytest.raises(InvalidInputError, match="make every mask hard"):
            dataclasses.replace(network, **{"guide_propagation": "simple", **settings}).objective(wide, style)
    with pytest.raises(InvalidInputError, match="guide_dilation belongs to mask_normalization gatys2017"):
        Network(guide_dilation=3)


def test_k_styles_share_the_statistics_of_the_pastiche(photo, painting):
    mask = np.zeros((40, 48), "uint8")
    mask[:, :20] = 255
    for network in (NETWORKS["Network"], NETWORKS["INetwork"], NETWORKS["INetwork, novak2016"]):
        counts = []
        for styles in (1, 3):
            several = [Style(painting, weight=1 + i, mask=mask.copy()) for i in range(styles)]
            objective = network.objective(photo, several, image_size=24)
            statistics = {term.statistic for term in objective.terms if term.name.startswith("style")}
            counts.append(len(statistics))
        assert counts[0] == counts[1]


def test_a_small_region_gets_its_style_as_strongly_as_a_large_one(photo, painting):
    """With guides of unit energy, not with the reference's masks."""
    values = {}
    for rule in ("titu1994", "gatys2017"):
        network = Network(
            model="mini",
            weights="random",
            normalization="titu1994",
            mask_normalization=rule,
            content_weight=0,
            total_variation_weight=0,
        )
        for columns in (12, 48):
            mask = np.zeros((40, 48), bool)
            mask[:, :columns] = True
            objective = network.objective(photo, Style(painting, mask=mask), image_size=40)
            values[rule, columns] = objective.value_and_grad(np.full((40, 48, 3), 60.0))[0]
    assert values["gatys2017", 12] == pytest.approx(values["gatys2017", 48], rel=0.3)
    assert values["titu1994", 12] < 0.2 * values["titu1994", 48]


def test_a_region_that_vanishes_at_a_layer_is_named(photo, painting):
    mask = np.zeros((40, 48), bool)
    mask[:3, :3] = True
    network = Network(model="mini", weights="random", mask_normalization="gatys2017", guide_propagation="inside")
    with pytest.raises(InvalidInputError, match=r"is too small for conv\d_\d: no position is left there"):
        network.objective(photo, Style(painting, mask=mask), image_size=40)
    with pytest.raises(InvalidInputError, match="all black"):
        network.objective(photo, Style(painting, mask=np.zeros((40, 48), bool)), image_size=40)


def test_a_thin_soft_mask_acts_where_borders_are_mirrored(photo, painting):
    """Resized to the pastiche it has greys only, which are parts of white."""
    grey = np.zeros((400, 480), np.uint8)
    grey[:, 200] = 255
    network = Network(model="mini", weights="random", mask_normalization="gatys2017", style_layers="conv1_1")
    style = Style(painting, mask=read_mask(grey, soft=True))
    assert network.objective(photo, style, image_size=40).evaluate(photo).parts["style.0.conv1_1"] > 0
