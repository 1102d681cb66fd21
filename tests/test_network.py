"""Network against the reference's numbers, finite differences and its own promises."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from neural_style import Content, InvalidInputError, Network, Style
from neural_style.features.vgg import ARCHITECTURES, BGR_MEAN
from neural_style.objectives.presets import PRESETS

TINY = Network(model="mini", weights="random")


def rgb_of(preprocessed):
    """The image (H, W, 3), RGB in 0..255, that the reference's preprocessing makes (1, H, W, 3) of."""
    return (preprocessed[0] + np.array(BGR_MEAN, "float32"))[..., ::-1]


@pytest.fixture(scope="module")
def hybrid_weights(tmp_path_factory, real_weights):
    """VGG-19 with real blocks 1-3 and random blocks 4-5, as in facts/titu1994.md 7 B."""
    weights, rng, channels = dict(np.load(real_weights)), np.random.default_rng(0), 256
    for block in (4, 5):
        for index in (1, 2, 3, 4):
            kernel = rng.standard_normal((3, 3, channels, 512)) * np.sqrt(2 / (9 * channels))
            weights[f"block{block}_conv{index}_kernel"] = kernel.astype("float32")
            weights[f"block{block}_conv{index}_bias"] = np.zeros(512, "float32")
            channels = 512
    path = tmp_path_factory.mktemp("weights") / "hybrid.npz"
    np.savez(path, **weights)
    return path


@pytest.mark.parametrize(
    ("precision", "value_error", "gradient_error"),
    [
        ("float64", 1e-5, 1e-5),
        # One ReLU of the case is zero up to rounding: in float32 the processor decides whether it is open, and with it
        # 0.3 % of the gradient.
        ("float32", 1e-4, 1e-2),
    ],
)
@pytest.mark.parametrize("given", ["files at their own size", "arrays at the working size"])
def test_end_to_end_is_the_reference(golden, hybrid_weights, given, precision, value_error, gradient_error):
    network = Network(model="vgg19", weights=hybrid_weights, pooling="ave", precision=precision)
    if given == "arrays at the working size":
        content, *styles = (rgb_of(golden[f"e2e_{name}_pre"]) for name in ("content", "style", "style2"))
        resize = "area"
    else:
        content, *styles = (golden[f"e2e_{name}_u8"] for name in ("content", "style", "style2"))
        resize = "stretch"
    several = [Style(image, weight=w, resize=resize) for image, w in zip(styles, (1.0, 0.5), strict=True)]
    objective = network.objective(content, several, image_size=32)
    x = rgb_of(golden["e2e_x"])

    value, gradient = objective.value_and_grad(x)
    expected = golden["e2e_net_ave_grad"][0][..., ::-1]
    assert value == pytest.approx(float(golden["e2e_net_ave_loss"]), rel=value_error)
    assert np.linalg.norm(gradient - expected) < gradient_error * np.linalg.norm(expected)

    parts = objective.parts(x)
    assert sum(parts.values()) == pytest.approx(value, rel=1e-6)
    assert parts["content.conv5_2"] == pytest.approx(
        0.025 * float(golden["e2e_net_ave_content_loss_t0"]), rel=value_error
    )
    assert parts["tv"] == pytest.approx(8.5e-5 * float(golden["e2e_net_ave_tv_loss"]), rel=value_error)
    for layer, losses in zip(golden["e2e_net_ave_layer_names"], golden["e2e_net_ave_layer_style_losses"], strict=True):
        for index, weight in enumerate((1.0, 0.5)):
            assert parts[f"style.{index}.{layer}"] == pytest.approx(losses[index] * weight / 5, rel=value_error)


@pytest.mark.parametrize(("normalization", "pooling"), [("titu1994", "max"), ("gatys2016", "ave"), ("gatys2016", "l2")])
def test_gradient_of_every_term_is_that_of_finite_differences(photo, painting, normalization, pooling):
    network = Network(
        model="mini",
        weights="random",
        pooling=pooling,
        precision="float64",
        normalization=normalization,
        total_variation_weight=1e-3,
    )
    alone = {
        "content": {"style_scale": 0.0, "total_variation_weight": 0.0},
        "style": {"content_weight": 0.0, "total_variation_weight": 0.0},
        "tv": {"content_weight": 0.0, "style_scale": 0.0},
    }
    rng = np.random.default_rng(2)
    for name, zero in alone.items():
        objective = type(network)(**{**vars(network), **zero}).objective(photo, painting, image_size=16)
        x = rng.uniform(0, 255, (*objective.image_size, 3))
        _, gradient = objective.value_and_grad(x)
        assert all(part.startswith(name) for part in objective.parts(x))
        for _ in range(3):
            # Small enough to cross hardly a kink of a ReLU or a maximum, large enough for the sum's last digits.
            direction, step = rng.standard_normal(x.shape), 1e-4
            ahead, behind = (objective.value_and_grad(x + s * step * direction)[0] for s in (1, -1))
            slope = (ahead - behind) / (2 * step)
            assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-5)


def test_a_paintings_own_size_counts_by_its_mean_only(photo, painting):
    """The target is the painting's mean over positions times the pastiche's number of positions."""
    layer, scale = "conv2_1", 1.5
    units = {"normalization": "titu1994", "padding": "none"}
    weights = {"content_weight": 0, "total_variation_weight": 0}
    network = Network(model="mini", weights="random", style_layers=(layer,), **weights, **units)
    objective = network.objective(photo, Style(painting, scale=scale), image_size=20)
    x = np.random.default_rng(3).uniform(0, 255, (20, 24, 3))

    side = np.sqrt(20 * 24 / (36 * 30)) * scale
    seen = np.array(Image.fromarray(painting).resize((round(30 * side), round(36 * side)), Image.Resampling.BILINEAR))
    of_style, of_pastiche = (
        np.asarray(objective.extractor.network((image[..., ::-1] - np.array(BGR_MEAN))[None].astype("float32"))[layer])[
            0
        ]
        for image in (seen, x)
    )
    assert of_style.shape[:2] != of_pastiche.shape[:2]
    mean = np.einsum("hwi,hwj->ij", of_style, of_style) / np.prod(of_style.shape[:2])
    gram = np.einsum("hwi,hwj->ij", of_pastiche, of_pastiche)
    expected = np.square(gram - mean * 10 * 12).sum() / (4 * 9 * (20 * 24) ** 2)
    assert objective.value_and_grad(x)[0] == pytest.approx(expected, rel=1e-4)


def test_style_weights_and_scale_are_factors(photo, painting):
    def style_loss(network, style):
        objective = network.objective(photo, style, image_size=16)
        parts = objective.parts(np.full((*objective.image_size, 3), 90.0))
        return sum(value for name, value in parts.items() if name.startswith("style"))

    one = style_loss(TINY, Style(painting))
    assert style_loss(TINY, Style(painting, weight=3.0)) == pytest.approx(3 * one, rel=1e-5)
    assert style_loss(Network(model="mini", weights="random", style_scale=0.5), painting) == pytest.approx(
        one / 2, rel=1e-5
    )
    assert style_loss(TINY, [painting, painting]) == pytest.approx(2 * one, rel=1e-5)


def test_everything_that_may_be_an_image_is_one(photo, photo_file, painting):
    values = [
        TINY.objective(content, [painting], image_size=16).value_and_grad(np.zeros((16, 19, 3)))[0]
        for content in (photo, str(photo_file), photo_file, Image.open(photo_file), Content(photo_file))
    ]
    assert len(set(values)) == 1


def test_a_terms_weight_of_zero_leaves_the_term_out(photo, painting):
    network = Network(model="vgg16", weights="random", content_weight=0.0, style_layers=("conv1_1", "conv2_1"))
    assert network.used_layers == ("conv1_1", "conv2_1")
    assert network.extractor_spec.stride == 2
    names = [term.name for term in network.objective(photo, painting, image_size=16).terms]
    assert names == ["style.0.conv1_1", "style.0.conv2_1", "tv"]
    nothing = Network(model="mini", weights="random", content_weight=0, total_variation_weight=0)
    with pytest.raises(InvalidInputError, match="every weight is zero"):
        nothing.objective(photo, Style(painting, weight=0), image_size=16)


def test_the_content_error_is_the_mean_or_the_weighted_sum_of_several_layers(photo, painting):
    def content_of(**settings):
        network = Network(model="mini", weights="random", style_layers="conv1_1", padding="none", **settings)
        parts = network.objective(photo, painting, image_size=16).parts(image)
        return {name: value for name, value in parts.items() if name.startswith("content")}

    image = np.random.default_rng(0).uniform(0, 255, (16, 19, 3)).astype("float32")
    deep, shallow = (content_of(content_layer=layer) for layer in ("conv2_1", "conv1_2"))
    both = content_of(content_layers=("conv2_1", "conv1_2"))
    assert both == pytest.approx({name: value / 2 for name, value in {**deep, **shallow}.items()}, rel=1e-5)
    weighted = content_of(content_layers=("conv2_1", "conv1_2"), content_layer_weights=(3, 0.25))
    assert weighted == pytest.approx(
        {"content.conv2_1": 3 * deep["content.conv2_1"], "content.conv1_2": shallow["content.conv1_2"] / 4}, rel=1e-5
    )
    assert content_of(content_layers={"conv2_1": 3, "conv1_2": 0.25}) == weighted
    assert list(content_of(content_layers=("conv2_1", "conv1_2"), content_layer_weights=(0, 2))) == ["content.conv1_2"]


def test_the_content_error_is_raised_to_a_power(photo, painting):
    """`w E^p`, whose slope along a line through the photo's error is `w p E^(p - 1)` times that of the error."""
    image = np.random.default_rng(0).uniform(0, 255, (16, 19, 3)).astype("float32")
    settings = {"content_layer": "conv1_2", "style_layers": "conv1_1", "normalization": "relative", "content_weight": 1}
    plain, squared = (
        replace(TINY, **settings, total_variation_weight=0, style_scale=0, content_power=power).objective(
            photo, painting, image_size=16
        )
        for power in (1, 2)
    )
    (error, gradient), (raised, of_raised) = (each.value_and_grad(image) for each in (plain, squared))
    assert raised == pytest.approx(error**2, rel=1e-5)
    np.testing.assert_allclose(of_raised, 2 * error * gradient, atol=1e-5 * np.abs(of_raised).max())


def test_presets_name_layers_of_their_network():
    assert set(PRESETS) == set(ARCHITECTURES)
    for name, preset in PRESETS.items():
        ARCHITECTURES[name].check_layers([preset.content_layer, *preset.style_layers])


@pytest.mark.parametrize("model", ["vgg16", "vgg19", "mini"])
def test_defaults_follow_the_model(model):
    network = Network(model=model).resolved()
    assert network.content_weight == (0.011 if model == "mini" else 0.025)
    assert network.total_variation_weight == (1e-6 if model == "mini" else 8.5e-5)
    assert network.normalization == ("relative" if model == "mini" else "titu1994")
    assert Network(model=model, normalization="relative").resolved().content_weight == (
        0.011 if model == "mini" else 0.05
    )
    assert Network(model="mini", normalization="titu1994").resolved().content_weight == 0.0025
    if model == "mini":
        assert (network.content_layer, network.weights) == ("conv3_3", "embedded")
        assert network.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv3_3")
    else:
        assert (network.content_layer, network.weights) == ("conv5_2", "imagenet")
        assert network.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "vgg18"}, 'unknown model "vgg18": did you mean "vgg1'),
        ({"content_layer": "conv6_1"}, 'vgg16 has no layer "conv6_1": did you mean'),
        ({"content_layers": ("conv6_1",)}, 'vgg16 has no layer "conv6_1": did you mean'),
        ({"content_layers": ("conv3_1", "conv3_1")}, "different layers"),
        (
            {"content_layer": "conv3_1", "content_layers": ("conv2_1",)},
            "content_layers replace content_layer",
        ),
        ({"content_layer_weights": (1, 2)}, "has 2 values for 1 content layers"),
        (
            {"normalize_gradients": True, "normalization": "relative", "content_power": 2},
            "content_power scales grad.*use 1",
        ),
        ({"normalize_gradients": True, "content_loss_type": 1}, "content_loss_type scales gradients, .*use 0"),
        ({"mask_normalization": "gatys2017", "guide_dilation": "3"}, "guide_dilation must be a whole number"),
        ({"content_layers": ("conv3_1",), "content_layer_weights": "gatys2016"}, "a number for each content layer"),
        ({"content_layers": ("conv3_1",), "content_layer_weights": (-1,)}, "each of content_layer_weights must be"),
        ({"model": "mini", "style_layers": ("conv4_1",)}, 'mini has no layer "conv4_1"'),
        ({"style_layers": ()}, "at least one"),
        ({"style_layers": ("conv1_1", "conv1_1")}, "different layers"),
        ({"pooling": "avg"}, 'did you mean "ave"'),
        ({"content_loss_type": 3}, "must be 0, 1 or 2, received 3"),
        ({"content_loss_type": 1, "normalization": "gatys2016"}, "belongs to normalization titu1994"),
        ({"normalization": "gatys2015"}, 'did you mean "gatys2016"'),
        ({"content_power": 0.5, "normalization": "relative"}, "content_power must be at least 1, received 0.5"),
        ({"content_power": 2}, "content_power belongs to normalization relative"),
        ({"content_loss_type": 1.0}, "must be 0, 1 or 2, received 1.0"),
        ({"content_weight": -1}, "content_weight must be a finite number of at least 0, received -1"),
        ({"total_variation_weight": float("nan")}, "received nan"),
        ({"style_scale": float("inf")}, "received inf"),
        ({"precision": "float16"}, "unknown precision"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        Network(**settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 0}, "image_size must be a whole number of at least 1"),
        ({"image_size": 10**6}, "more than fits into memory: choose at most"),
        ({"image_size": 3}, "needs at least 4 on a side"),
        ({"image_size": 16.5}, "whole number"),
        ({"image_size": 10**400}, "whole number"),
    ],
)
def test_impossible_sizes_are_refused(photo, painting, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        TINY.objective(photo, painting, **arguments)


@pytest.mark.parametrize("size", [(49, 32), (400, 113), (33, 47)])
def test_an_array_at_the_working_size_is_taken_as_it_is(size):
    """`int(49 * (32 / 49))` is 31."""
    content = np.random.default_rng(4).uniform(0, 255, (*size, 3)).astype("float32")
    network = Network(model="mini", weights="random", style_layers=("conv1_1",), content_layer="conv1_1")
    objective = network.objective(content, Style(content), image_size=size[0])
    assert objective.image_size == size
    parts, others = objective.parts(content), objective.parts(content[::-1])
    assert parts.pop("tv") > 0
    for name, value in parts.items():  # zero but for rounding, which need not be that of the targets
        assert value <= 1e-9 * others[name]


def test_impossible_inputs_are_refused(photo, painting):
    with pytest.raises(InvalidInputError, match="no style was given"):
        TINY.objective(photo, [])
    with pytest.raises(InvalidInputError, match="weight of a style must be"):
        Style(painting, weight=-1)
    with pytest.raises(InvalidInputError, match="scale of a style must be more than 0"):
        Style(painting, scale=0)
    with pytest.raises(InvalidInputError, match="scale of a style must be a finite number"):
        Style(painting, scale="2")
    with pytest.raises(InvalidInputError, match='did you mean "area"'):
        Style(painting, resize="aera")
    with pytest.raises(InvalidInputError, match="the image must have shape"):
        TINY.objective(photo, painting, image_size=16).value_and_grad(np.zeros((16, 16, 3)))
