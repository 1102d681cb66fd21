"""INetwork and masked styles against the reference's numbers and the laws they obey."""

import dataclasses
import itertools

import numpy as np
import pytest
from keras import ops

from neural_style import INetwork, InvalidInputError, Network, Style, read_mask
from neural_style.features.vgg import architecture
from neural_style.masks.guidance import Guides
from neural_style.objectives import terms
from neural_style.objectives.presets import PRESETS

IMAGE_SIZE = (12, 16)  # of the golden unit cases
LAYER = "conv1_1"
UNBOUNDED = "ignore:the loss became negative"


def unit(golden, monkeypatch, shift, style_mask=None, content_mask=None):
    """The reference's masked style loss on its own features."""
    features = {name: {LAYER: ops.convert_to_tensor(golden[f"feat_{name}"][None])} for name in ("style", "comb")}
    masks = [None if name is None else read_mask(golden[name]) for name in (style_mask, content_mask)]
    guides = Guides(architecture("mini"), normalization="titu1994", propagation="simple", dtype="float32")
    # The features are 7 x 9 where the image is 12 x 16: the reference's functions were called one by one.
    monkeypatch.setattr("neural_style.masks.guidance.size_at", lambda layer, size: (7, 9))
    monkeypatch.setattr("neural_style.objectives.terms.size_at", lambda layer, size: (7, 9))
    monkeypatch.setattr("neural_style.features.vgg.size_at", lambda layer, size: (7, 9))
    common = {"image_size": IMAGE_SIZE, "normalization": "titu1994"}
    of_style, of_pastiche = (
        terms.correlations(
            (LAYER,), size=IMAGE_SIZE, shift=shift, guide=guides.at(mask, (LAYER,), IMAGE_SIZE), **common
        )
        for mask in guides.masks(*masks)
    )
    term = terms.style(of_pastiche, of_style.of(features["style"]), name="style", weight=1.0, **common)
    return float(term.loss(term.statistic.of(features["comb"]), term.target)[0])


@pytest.mark.parametrize(("kind", "shift"), [("net", 0.0), ("inet", -1.0)])
def test_style_losses_with_and_without_masks_are_the_references(golden, monkeypatch, kind, shift):
    style, content = "mask_half_u8", "mask_u8"
    assert unit(golden, monkeypatch, shift) == pytest.approx(float(golden[f"{kind}_style_loss"]), rel=1e-5)
    for masks, name in [
        ({"style_mask": style}, "stylemask_only"),
        ({"content_mask": content}, "contentmask_only"),
        ({"style_mask": style, "content_mask": content}, "both_masks"),
    ]:
        assert unit(golden, monkeypatch, shift, **masks) == pytest.approx(
            float(golden[f"{kind}_style_loss_{name}"]), rel=1e-5
        )


def test_coefficients_of_the_reference():
    """facts/titu1994.md 3.6 for VGG-19: 6.1e-5, 6.1e-5, 1.2e-4, ..., 0.125, 0.25, 0.5, -1."""
    found = list(INetwork(model="vgg19").style_coefficients().values())
    assert len(found) == 16
    expected = [2.0**-14] + [2.0 ** (k - 15) for k in range(1, 15)] + [-1.0]
    assert found == pytest.approx(expected)
    assert sum(INetwork(model="vgg16").style_coefficients().values()) == pytest.approx(0.0)


@pytest.mark.parametrize("model", ["vgg16", "vgg19", "mini"])
def test_each_improvement_can_be_switched_off(model):
    layers = architecture(model).layers
    count = len(layers)
    plain = INetwork(
        model=model, variant="titu1994", chain=False, geometric_weights=False, all_layers=False, activation_shift=0.0
    )
    defaults = PRESETS[model].style_layers
    assert plain.style_coefficients() == {(layer,): 1 / len(defaults) for layer in defaults}
    geometric = INetwork(model=model, variant="titu1994", chain=False).style_coefficients()
    assert list(geometric.values()) == [2.0 ** (i - count + 1) for i in range(count)]
    paper = INetwork(model=model, variant="novak2016")
    assert list(paper.style_coefficients()) == list(itertools.pairwise(layers))
    assert list(paper.content_coefficients()) == list(layers)
    unchained = list(INetwork(model=model, variant="novak2016", chain=False).style_coefficients().values())
    content = list(paper.content_coefficients().values())
    assert unchained == pytest.approx(content[::-1])
    style = list(paper.style_coefficients().values())
    assert style[0] / style[1] == pytest.approx(2.0)
    assert sum(style) == pytest.approx(1.0)


def test_several_content_layers_have_geometric_weights_in_the_paper_only():
    """2^d of the layers named, divided by their sum, times weights of their own (section 3.1)."""
    layers = ("conv3_1", "conv1_2")  # in any order
    paper = INetwork(model="mini", content_layers=layers)
    assert paper.content_coefficients() == pytest.approx({"conv1_2": 1 / 3, "conv3_1": 2 / 3})
    weighted = dataclasses.replace(paper, content_layer_weights=(3, 6))
    assert weighted.content_coefficients() == pytest.approx({"conv1_2": 2, "conv3_1": 2})
    even = dataclasses.replace(paper, geometric_weights=False)
    weighted = dataclasses.replace(even, content_layer_weights=(3, 6))
    assert weighted.content_coefficients() == {"conv1_2": 3, "conv3_1": 1.5}
    reference = INetwork(model="vgg19", content_layers=layers)
    assert even.content_coefficients() == reference.content_coefficients() == {"conv3_1": 0.5, "conv1_2": 0.5}
    assert INetwork(model="mini", content_layer="conv2_1").content_coefficients() == {"conv2_1": 1}


def test_without_improvements_it_is_network(photo, painting):
    settings = {"model": "mini", "weights": "random", "pooling": "ave"}
    plain = INetwork(
        **settings, variant="titu1994", chain=False, geometric_weights=False, all_layers=False, activation_shift=0.0
    )
    network = Network(**settings, normalization="titu1994", total_variation_weight=8.5e-5, content_weight=0.0025)
    x = np.random.default_rng(0).uniform(0, 255, (24, 28, 3))
    one, other = (n.objective(photo, painting, image_size=24).evaluate(x) for n in (plain, network))
    assert one.value == pytest.approx(other.value, rel=1e-6)
    np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e-4, atol=1e-4 * np.abs(other.gradient).max())


def test_correlations_between_layers_by_hand():
    """5 x 7 positions over 2 x 3: the fifth row and the seventh column have nothing below them."""
    rng = np.random.default_rng(1)
    shallow, deep = rng.standard_normal((1, 5, 7, 2)), rng.standard_normal((1, 2, 3, 4))
    found = np.asarray(terms.CrossGram(1 / 24, shift=-1.0)(ops.convert_to_tensor(shallow), ops.convert_to_tensor(deep)))
    expected = np.zeros((1, 2, 4))
    for row in range(4):
        for column in range(6):
            expected += np.outer(shallow[0, row, column] - 1, deep[0, row // 2, column // 2] - 1) / 24
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("size", [6, 7, 9, 25])
def test_correlations_between_layers_are_means_at_any_size(size):
    pair = "conv1_2", "conv2_1"
    features = {"conv1_2": ops.ones((1, size, size, 2)), "conv2_1": ops.ones((1, size // 2, size // 2, 3))}

    def mean(guide=None):
        common = {"size": (size, size), "image_size": (size, size), "normalization": "relative"}
        return np.asarray(terms.correlations(pair, guide=guide, **common).of(features))

    np.testing.assert_allclose(mean(), 1.0, rtol=1e-6)
    for rule in ("titu1994", "gatys2017"):
        guides = Guides(architecture("mini"), normalization=rule, propagation="simple", dtype="float32")
        guide = guides.at(read_mask(np.full((9, 9), 255, "uint8")), pair, (size, size))
        np.testing.assert_allclose(mean(guide), 1.0, rtol=1e-5)


@pytest.mark.parametrize("variant", ["titu1994", "novak2016"])
def test_gradients_are_those_of_finite_differences(photo, painting, variant):
    mask = np.zeros((40, 48), bool)
    mask[:, :20] = True
    network = INetwork(model="mini", weights="random", pooling="ave", precision="float64", variant=variant)
    objective = network.objective(photo, [painting, Style(painting, mask=mask)], image_size=17)
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 255, (*objective.image_size, 3))
    gradient = objective.value_and_grad(x)[1]
    for _ in range(3):
        direction, step = rng.standard_normal(x.shape), 1e-4
        ahead, behind = (objective.value_and_grad(x + s * step * direction)[0] for s in (1, -1))
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("variant", ["titu1994", "novak2016"])
def test_the_objective_is_zero_where_content_style_and_pastiche_are_one(photo, variant):
    network = INetwork(model="mini", weights="random", variant=variant, total_variation_weight=0)
    objective = network.objective(photo, Style(photo), image_size=40)
    here, there = (objective.value_and_grad(image.astype("float32"))[0] for image in (photo, photo[::-1]))
    assert abs(here) < 1e-9 * abs(there)


def test_relative_terms_do_not_depend_on_the_size_of_the_image(photo, painting):
    """Larger by repeating pixels: every statistic of a paper's term changes little, whereas sums grow four times."""
    network = INetwork(model="mini", weights="random", variant="novak2016")
    values = []
    for factor in (1, 2):
        big = [np.repeat(np.repeat(image, factor, 0), factor, 1) for image in (photo, painting)]
        objective = network.objective(big[0], Style(big[1], resize="area"), image_size=40 * factor)
        values.append(objective.value_and_grad(np.full((*objective.image_size, 3), 100.0))[0])
    assert values[1] == pytest.approx(values[0], rel=0.5)


def test_a_run_ends_before_an_unbounded_loss_ruins_the_picture(photo, painting):
    network = INetwork(
        model="mini", variant="titu1994", weights="random", content_weight=1e-6, total_variation_weight=0
    )
    with pytest.warns(RuntimeWarning, match=r"became negative: style.0.conv3_4 has a negative weight .* chain=False"):
        result = network.transfer(photo, painting, image_size=16, iterations=3)
    assert result.loss >= 0
    assert "became negative" in result.stopped


@pytest.mark.filterwarnings(UNBOUNDED)
def test_a_record_makes_the_same_objective_again(photo, painting):
    for network in (
        INetwork(model="mini", variant="titu1994"),
        INetwork(model="mini", variant="novak2016"),
        INetwork(model="mini", variant="novak2016", chain=False, style_layers=("conv1_1",)),
        INetwork(model="mini", variant="novak2016", content_layer="conv2_1"),
        INetwork(model="mini", content_layers=("conv2_1", "conv1_2"), content_layer_weights=(1, 2)),
    ):
        network = dataclasses.replace(network, weights="random")
        settings = network.transfer(photo, painting, image_size=16, iterations=1).record["settings"]
        again = INetwork(**settings)
        assert again.style_coefficients() == network.style_coefficients()
        assert again.content_coefficients() == network.content_coefficients()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variant": "novak"}, 'did you mean "novak2016"'),
        ({"activation_shift": float("nan")}, "activation_shift must be a finite number"),
        ({"style_layers": ("conv1_1",)}, "a chain needs at least two style layers"),
        ({"guide_propagation": "inside"}, "belongs to mask_normalization gatys2017"),
        ({"variant": "novak2016", "content_loss_type": 1}, "belongs to variant titu1994"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        INetwork(**settings)


def test_the_default_variant_is_one_that_runs_with_the_network(photo, painting):
    assert [INetwork(model=model).variant for model in ("vgg16", "vgg19", "mini")] == [
        *("titu1994", "titu1994", "novak2016")
    ]
    assert INetwork(model="mini", variant="titu1994").normalization == "titu1994"
    result = INetwork(model="mini", weights="random").transfer(photo, painting, image_size=32, iterations=2)
    assert (result.stopped, len(result.history)) == ("", 2)
    assert result.record["settings"]["variant"] == "novak2016"
