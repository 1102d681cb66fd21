"""NeuralDoodle against the reference's formulas and the laws it obeys."""

import dataclasses

import numpy as np
import pytest
from keras import ops
from PIL import Image

from neural_style import Content, InvalidInputError, Network, NeuralDoodle, Style
from neural_style.features.extractor import features_of, preprocess
from neural_style.features.vgg import architecture, build
from neural_style.features.weights import load
from neural_style.losses.content import content_loss_titu1994
from neural_style.losses.total_variation import total_variation
from neural_style.masks.propagation import mask_pyramid
from neural_style.objectives.presets import PRESETS
from neural_style.runs.settings import Run

TINY = NeuralDoodle(labels=3, model="mini", weights="random")
WHITE, GREEN, RED = (255, 255, 255), (0, 255, 0), (255, 0, 0)


def mask(rows, columns, colours=(WHITE, GREEN, RED), *, flip=False):
    """Sky, land, and a block in the lower left."""
    image = np.empty((rows, columns, 3), "uint8")
    image[:], image[rows // 2 :] = colours[:2]
    image[rows * 2 // 3 :, : columns // 2] = colours[2]
    return image[:, ::-1].copy() if flip else image


def noise(rows, columns, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (rows, columns, 3))


def of(painting, style_map, target_map, photo=None):
    """Content and style of a doodle."""
    style = painting if isinstance(painting, Style) else Style(painting)
    return Content(photo, label_map=target_map), dataclasses.replace(style, label_map=style_map)


@pytest.fixture
def masks():
    """For the painting (36 x 30) and for a target of 28 x 40."""
    return mask(36, 30), mask(28, 40, flip=True)


@pytest.mark.parametrize("variant", ["plain", "improved", "patches"])
def test_zero_at_the_style_where_target_mask_and_style_mask_are_one(painting, variant):
    network = dataclasses.replace(TINY, variant=variant, total_variation_weight=0)
    regions = mask(36, 30)
    objective = network.objective(*of(painting, regions, regions))
    assert objective.image_size == (36, 30)
    scale = objective.value_and_grad(noise(36, 30))[0]
    value, gradient = objective.value_and_grad(painting.astype("float32"))
    assert value == pytest.approx(0, abs=(1e-6 if variant == "patches" else 1e-9) * scale)  # a difference of sums
    assert np.abs(gradient).max() < 1e-6 * scale
    assert objective.value_and_grad(painting[:, ::-1].astype("float32"))[0] > 1e-4 * scale


@pytest.mark.parametrize(("variant", "shift"), [("plain", 0), ("improved", -1)])
def test_value_is_the_sum_of_the_reference_by_hand(photo, painting, variant, shift):
    """facts/titu1994.md 3.7 in float64 loops, with features of the same network and all weights different from one."""
    regions = mask(36, 30), mask(36, 30, flip=True)
    settings = dataclasses.replace(
        TINY,
        variant=variant,
        style_weight=0.5,
        region_style_weight=3.0,
        content_weight=0.2,
        total_variation_weight=1e-3,
        precision="float64",
        padding="none",
    )
    objective = settings.objective(*of(painting, *regions, photo[:36, :30].copy()))
    x = noise(36, 30)
    table = architecture("mini")
    network = build("mini", table.layers, load(table, "random", table.layers), dtype="float64")
    of_x, of_style, of_content = (features_of(each, network) for each in (x, painting, photo[:36, :30]))
    layers = dict.fromkeys(PRESETS["mini"].style_layers, 1 / 4)
    if variant == "improved":
        layers = {layer: 2.0 ** (i - 7) for i, layer in enumerate(table.layers)}
    expected = {
        "content.conv3_3": 0.2
        * float(content_loss_titu1994(of_x["conv3_3"], of_content["conv3_3"], image_size=(36, 30))[0]),
        "tv": 1e-3 * float(total_variation(preprocess(ops.convert_to_tensor(x)))[0]),
    }
    pyramids = [
        mask_pyramid(
            np.stack([(each == colour).all(axis=-1) for colour in (WHITE, GREEN, RED)], axis=-1).astype("float64"),
            table,
            layers,
        )
        for each in regions
    ]
    for layer, coefficient in layers.items():
        loss = 0.0
        for region in range(3):
            grams = []
            for features, pyramid in ((of_style, pyramids[0]), (of_x, pyramids[1])):
                weights = pyramid[layer][..., region]
                seen = np.asarray(features[layer])[0] * weights[..., None] + shift
                channels = seen.shape[-1]
                grams.append(np.einsum("ijc,ijd->cd", seen, seen) / weights.mean() / channels)
            loss += np.square(grams[0] - grams[1]).mean()
        expected[f"style.0.{layer}"] = 0.5 * 3.0 * coefficient * loss
    found = objective.evaluate(x)
    assert found.parts == pytest.approx(expected, rel=1e-5)
    assert found.value == pytest.approx(sum(expected.values()), rel=1e-5)


@pytest.mark.parametrize("variant", ["plain", "improved", "patches"])
def test_gradients_are_those_of_finite_differences(photo, painting, masks, variant):
    network = dataclasses.replace(TINY, variant=variant, pooling="ave", precision="float64")
    objective = network.objective(*of(painting, *masks, photo[:28, :40].copy()), image_size=17)
    rng = np.random.default_rng(2)
    x = noise(*objective.image_size)
    gradient = objective.value_and_grad(x)[1]
    for _ in range(3):
        direction, step = rng.standard_normal(x.shape), 1e-4
        ahead, behind = (objective.value_and_grad(x + s * step * direction)[0] for s in (1, -1))
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-4)


def test_swapped_colours_change_nothing(painting):
    colours = [(WHITE, GREEN, RED), (RED, WHITE, GREEN)]
    values = [
        TINY.objective(*of(painting, mask(36, 30, c), mask(28, 40, c, flip=True))).value_and_grad(noise(28, 40))[0]
        for c in colours
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_patches_of_a_doodle_with_equal_maps_become_the_paintings(painting):
    """From noise, towards zero loss; through the phases of alexjc/neural-doodle, of which one has 32 rows and more."""
    patches, (content, style) = dataclasses.replace(TINY, variant="patches"), of(painting, *[mask(36, 30)] * 2)
    found = patches.transfer(content, style, init="noise", iterations=1)
    assert found.record["run"]["sizes"] == (36,)
    assert set(found.losses) == {"style.0.conv3_1", "tv"}
    assert found.history[-1]["loss"] < 0.5 * patches.objective(content, style).value_and_grad(noise(36, 30))[0]
    for given, levels in (({"image_size": 128}, (32, 64, 128)), ({"sizes": (20, 30)}, (20, 30))):
        assert patches.run_settings(patches.inputs(content, style), given).levels == levels


def test_patches_keep_to_their_regions(painting):
    """Of a target upside down the painting upside down is nearer than the painting, unless the map does not count."""
    x, turned = painting[::-1].astype("float32"), painting.astype("float32")
    regions = mask(36, 30)
    patches = dataclasses.replace(TINY, variant="patches", total_variation_weight=0)
    objective = patches.objective(*of(painting, regions, regions[::-1].copy()))
    assert objective.value_and_grad(x)[0] < objective.value_and_grad(turned)[0]
    objective = dataclasses.replace(patches, semantic_weight=0).objective(*of(painting, regions, regions[::-1].copy()))
    assert objective.value_and_grad(turned)[0] == pytest.approx(0, abs=1e-5)


def test_a_region_may_vanish_among_patches(painting):
    speck = mask(36, 30)
    speck[4:8, 4:8] = (0, 0, 255)
    patches = dataclasses.replace(TINY, variant="patches", labels=4)
    assert np.isfinite(patches.objective(*of(painting, speck, speck), image_size=12).value_and_grad(noise(12, 10))[0])
    with pytest.raises(InvalidInputError, match="conv3_1 has no patch of 3 x 3 positions at 2 x"):
        dataclasses.replace(patches, padding="none").objective(*of(painting, speck, speck), image_size=9)


def test_layers_are_the_references():
    """facts/titu1994.md 3.7."""
    assert NeuralDoodle().style_coefficients() == {f"conv{block}_1": 1 / 5 for block in range(1, 6)}
    improved = NeuralDoodle(variant="improved").style_coefficients()
    assert list(improved) == list(architecture("vgg16").layers)
    assert list(improved.values()) == [2.0 ** (i - 12) for i in range(13)]
    assert NeuralDoodle().resolved().content_layer == "conv5_2"


def test_each_region_gets_its_own_texture(painting):
    """Black above and white below in the style, the other way round in the target."""
    style = np.clip(np.random.default_rng(0).normal(30, 10, (40, 40, 3)), 0, 255)
    style[20:] = 255 - style[20:]
    regions = np.zeros((40, 40, 3), "uint8")
    regions[20:] = RED
    result = dataclasses.replace(TINY, labels=2).transfer(*of(style, regions, regions[::-1].copy()), iterations=2)
    assert result.image.shape == (40, 40, 3)
    assert result.image[:17].mean() > result.image[23:].mean() + 100


def test_the_number_of_pixels_of_the_painting_does_not_count():
    """A painting twice as large, made of the same tile, is the same style; kept large by a scale of its own."""
    tile = np.random.default_rng(4).integers(0, 256, (16, 32, 3)).astype("uint8")
    small, large = np.tile(tile, (2, 1, 1)), np.tile(tile, (4, 2, 1))
    regions = mask(32, 32, (WHITE, WHITE, WHITE))
    network = dataclasses.replace(TINY, labels=1, style_layers=("conv1_1",), total_variation_weight=0)
    values = [
        network.objective(*of(Style(each, scale=scale), regions, regions)).value_and_grad(noise(32, 32))[0]
        for each, scale in ((small, 1.0), (large, 2.0))
    ]
    assert values[0] == pytest.approx(values[1], rel=0.2)  # borders differ; unscaled sums would, by a factor of 10


def test_sizes(photo, painting, masks):
    """The target mask's rows and shape, or the content's shape where there is one."""
    assert TINY.objective(*of(painting, *masks)).image_size == (28, 40)
    assert TINY.objective(*of(painting, *masks), image_size=20).image_size == (20, 28)
    square = mask(28, 28, flip=True)
    with pytest.warns(UserWarning, match="the content label map is 28 x 28 and the content 40 x 48"):
        assert TINY.objective(*of(painting, masks[0], square, photo)).image_size == (28, 33)
    with pytest.warns(UserWarning, match="the style label map is 28 x 40 and the style 36 x 30"):
        TINY.objective(*of(painting, masks[1], masks[1]))


def test_numbers_of_regions_are_no_colours(painting, masks):
    """0, 1, 2 ... of a segmentation look black, and were one region."""
    numbers = [np.where(each.sum(axis=-1) > 300, 2, 1).astype(np.uint8) for each in masks]
    with pytest.raises(InvalidInputError, match=r"numbers of regions \(1, 2 \.\.\. 2\).*multiply both by 127"):
        TINY.inputs(*of(painting, *numbers))


def test_without_content_it_starts_from_the_regions_and_has_no_content_term(photo, painting, masks):
    alone = TINY.transfer(*of(painting, *masks), image_size=16, iterations=1)
    assert set(alone.losses) == {"style.0.conv1_1", "style.0.conv2_1", "style.0.conv3_1", "style.0.conv3_3", "tv"}
    assert alone.record["run"]["init"] == "regions"
    assert "image" not in alone.record["content"]
    small = photo[:28, :40].copy()
    kept = TINY.transfer(*of(painting, *masks, small), image_size=16, iterations=1)
    assert "content.conv3_3" in kept.losses
    assert kept.record["run"]["init"] == "content"


def test_the_start_has_the_colours_of_each_region_at_a_quarter_of_their_contrast(painting, masks):
    inputs = TINY.inputs(*of(painting, *masks))
    start, again, other = (TINY.initial_picture(inputs, Run(init="regions", seed=seed)).rgb for seed in (0, 0, 1))
    np.testing.assert_array_equal(start, again)
    assert (start != other).any()
    assert start.shape == (28, 40, 3)
    labels = np.asarray(Image.fromarray(inputs.style_labels).resize((30, 36), Image.Resampling.NEAREST))
    for label in range(len(inputs.palette)):
        made, painted = start[inputs.target_labels == label], painting[labels == label]
        np.testing.assert_allclose(made.mean(axis=0), painted.mean(axis=0), atol=6)
        np.testing.assert_allclose(made.std(axis=0), painted.std(axis=0) / 4, rtol=0.3)
    with pytest.raises(InvalidInputError, match="init regions needs label maps"):
        Network(model="mini").transfer(painting, painting, init="regions")


@pytest.mark.parametrize("variant", ["plain", "improved"])
def test_invisible_parts_of_the_painting_do_not_count(masks, variant):
    """A flat painting with holes in each region is nearer to the flat painting than with white in the holes.

    It is not the same, as soft masks count by their squares, and a region with holes has longer edges.
    """
    flat = np.full((36, 30, 3), (60, 90, 30), "uint8")
    alpha = np.full((36, 30, 1), 255, "uint8")
    alpha[4:12, 4:20] = alpha[28:33, 20:27] = 0
    network = dataclasses.replace(TINY, variant=variant, total_variation_weight=0, style_layers=("conv1_1",))
    x = noise(28, 40)
    found, expected, white = (
        network.objective(*of(painting, *masks), image_size=28).value_and_grad(x)[0]
        for painting in (np.concatenate([flat, alpha], axis=-1), flat, np.where(alpha == 0, 255, flat).astype("uint8"))
    )
    assert abs(found - expected) < 0.5 * abs(white - expected)


def test_the_start_has_no_white_of_invisible_pixels(painting, masks):
    alpha = np.where(np.arange(30) < 15, 0, 255).astype("uint8")[None, :, None].repeat(36, axis=0)
    dark = np.concatenate([painting // 4, alpha], axis=-1)
    inputs = TINY.inputs(*of(dark, *masks))
    assert TINY.initial_picture(inputs, Run(init="regions")).rgb.max() < 70


def test_transparent_parts_of_a_mask_are_not_transparent_in_the_picture(painting, masks):
    alpha = np.full((28, 40, 1), 255, "uint8")
    alpha[:14] = 0
    target = np.concatenate([masks[1], alpha], axis=-1)  # over white, which the sky is
    assert TINY.transfer(*of(painting, masks[0], target), image_size=16, iterations=1).alpha is None


def test_steps_over_a_pyramid(painting, masks):
    steps = list(TINY.steps(*of(painting, *masks), sizes=(12, 20), iterations=1))
    assert [step.image.shape for step in steps] == [(12, 17, 3), (20, 28, 3)]
    result = TINY.transfer(*of(painting, *masks), sizes=(12, 20), iterations=1, preserve_color="none")
    np.testing.assert_array_equal(result.image, steps[-1].image)


def test_a_region_that_vanishes_is_named(painting):
    regions = mask(36, 30)
    speck = regions.copy()
    speck[4:8, 4:8] = (0, 0, 255)
    four = dataclasses.replace(TINY, labels=4)
    with pytest.raises(InvalidInputError, match=r"#0000ff \(blue\), 1\.48% of the style's label map, is too small"):
        four.objective(*of(painting, speck, speck), image_size=5)
    with pytest.raises(InvalidInputError, match=r"the style mask has nothing of #0000ff"):
        four.objective(*of(painting, regions, speck))


def test_regions_are_counted_where_their_number_is_not_given(painting, masks):
    assert len(dataclasses.replace(TINY, labels=None).inputs(*of(painting, *masks)).palette) == 3


MASK = np.ones((9, 9), bool)


@pytest.mark.parametrize(
    ("labels", "changes", "run", "message"),
    [
        (5, {}, {}, "5 labels, but the masks hold 3 colours"),
        (3, {}, {"init": "content"}, "init content needs a photo"),
        (3, {}, {"preserve_color": "luminance"}, "preserve_color needs a photo"),
        (3, {"styles": 2}, {}, "a doodle has one style, received 2"),
        (3, {"style": {"mask": MASK}}, {}, "remove the masks from style and content"),
        (3, {"content": {"mask": MASK}}, {}, "remove the masks from style and content"),
        (3, {"style": {"label_map": None}}, {}, r"give Style\(label_map=\.\.\.\)"),
        (3, {"content": {"label_map": None, "image": np.zeros((28, 40, 3))}}, {}, r"give Content\(label_map"),
        (3, {"content": {"label_map": None}}, {}, "no content was given"),
        (3, {}, {"image_size": 2}, "the deepest layer needs at least 4"),
    ],
)
@pytest.mark.usefixtures("idle")
def test_impossible_inputs_are_refused(painting, masks, labels, changes, run, message):
    content, style = of(painting, *masks)
    content = dataclasses.replace(content, **changes.get("content", {}))
    style = dataclasses.replace(style, **changes.get("style", {}))
    with pytest.raises(InvalidInputError, match=message):
        dataclasses.replace(TINY, labels=labels).transfer(content, [style] * changes.get("styles", 1), **run)


def test_label_maps_belong_to_doodles(photo, painting):
    with pytest.raises(InvalidInputError, match="network has no label maps"):
        Network().transfer(Content(photo, label_map=mask(40, 48)), painting)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "improve"}, 'did you mean "improved"'),
        ({"model": "vgg"}, "unknown model"),
        ({"style_layers": ()}, "at least one"),
        ({"style_layers": ("conv9_1",)}, "has no layer"),
        ({"semantic_weight": 3}, "belongs to variant patches"),
        ({"region_style_weight": -1}, "region_style_weight must be a finite number of at least 0"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        NeuralDoodle(**settings)


def test_nothing_to_optimise(painting, masks):
    nothing = dataclasses.replace(TINY, style_weight=0, total_variation_weight=0)
    with pytest.raises(InvalidInputError, match="every weight is zero"):
        nothing.objective(*of(painting, *masks))
