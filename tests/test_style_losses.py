"""Network's style losses: the objective against the losses' own values, and what they refuse."""

import numpy as np
import pytest
from keras import ops

from neural_style import Content, InvalidInputError, Network, Run, Style
from neural_style.backend import compilation
from neural_style.images import Picture
from neural_style.losses.patches import patch_loss, patch_power
from neural_style.objectives.matched_terms import variants
from neural_style.objectives.transfer_loss import BY_TILES, STYLE_LOSSES
from neural_style.runs.memory_plan import estimates, fit_to_memory

STYLE_ONLY = {"model": "mini", "weights": "random", "content_weight": 0.0, "total_variation_weight": 0.0}
OTHERS = [name for name in STYLE_LOSSES if name != "gram"]


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Operation by operation: each program is used once here, and its compilation takes longer than its use."""
    monkeypatch.setattr(compilation, "_graph", lambda function, arguments: function)


def network(name, **settings):
    layers = ("conv1_2", "conv2_1") if name == "neighbours" else ("conv1_2",)
    return Network(**{**STYLE_ONLY, "padding": "none", "style_loss": name, "style_layers": layers, **settings})


@pytest.mark.parametrize("name", OTHERS)
def test_a_painting_has_its_own_style_and_a_grey_picture_has_another(painting, name):
    small = painting[:12, :16]
    objective = network(name).objective(small, small, image_size=12)
    value, gradient = objective.value_and_grad(small)
    other, slope = objective.value_and_grad(np.full((12, 16, 3), 100.0, "float32"))
    assert abs(value) < 1e-4
    assert 0.05 < other < 3  # in parts of features that are zero
    assert np.abs(gradient).max() < 0.05 * np.abs(slope).max()


@pytest.mark.parametrize("name", OTHERS)
def test_gradient_is_that_of_finite_differences(photo, painting, name):
    objective = network(name, precision="float64").objective(photo, painting, image_size=12)
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, (12, 14, 3))
    direction, step = rng.standard_normal(x.shape), 1e-5
    ahead, behind = (objective.value_and_grad(x + s * step * direction)[0] for s in (1, -1))
    _, gradient = objective.value_and_grad(x)
    assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-4)


def test_patches_are_a_mean_in_parts_of_the_paintings(photo, painting):
    objective = network("patches").objective(photo, Style(painting, weight=2.0), image_size=12)
    x = np.random.default_rng(0).uniform(0, 255, (12, 14, 3)).astype("float32")
    own, given = (
        ops.convert_to_tensor(objective.extractor.features(each, ["conv1_2"])["conv1_2"])
        for each in (x, Style(painting).at((12, 14)))
    )
    expected = 2 * float(patch_loss(own, given)[0]) / (10 * 12) / float(patch_power(given)[0])
    assert objective.value_and_grad(x)[0] == pytest.approx(expected, rel=1e-4)


def test_copies_of_a_painting_are_searched_too(painting):
    copies = list(variants(painting, rotations=1, scales=1))
    assert len(copies) == 9
    assert copies[3].shape == (38, 32, 3)  # 5 % larger
    white = variants(np.full_like(painting, 255), rotations=2, scales=0)
    assert all(each.min() > 200 for each in white)  # without the black corners of a rotated picture
    objective = network("patches", painting_rotations=1).objective(painting, painting, image_size=12)
    (term,) = objective.terms
    assert len(term.statistic.constants) == 3


@pytest.mark.parametrize("name", ["wasserstein", "moments"])
def test_tiles_and_masks_where_statistics_are_sums(photo, painting, name):
    at = network(name).objective_at(network(name).inputs(photo, painting))
    whole, tiled = at((12, 24)), at((12, 24), 16)
    x = np.random.default_rng(0).uniform(0, 255, (12, 24, 3)).astype("float32")
    (value, gradient), (same, slope) = whole.value_and_grad(x), tiled.value_and_grad(x)
    assert same == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose(slope, gradient, atol=1e-3 * np.abs(gradient).max())

    mask = np.zeros((40, 48), "uint8")
    mask[:, :24] = 255
    masked = network(name, mask_normalization="gatys2017").objective(photo, Style(painting, mask=mask), image_size=12)
    _, gradient = masked.value_and_grad(x[:, :14])
    assert np.abs(gradient[:, 10:]).max() == 0
    assert np.abs(gradient[:, :5]).max() > 0


@pytest.mark.parametrize("name", [each for each in STYLE_LOSSES if each not in BY_TILES])
def test_the_others_refuse_tiles_masks_and_transparency(photo, painting, name):
    with pytest.raises(InvalidInputError, match="not additive over positions, so it cannot be computed by tiles"):
        network(name).objective_at(network(name).inputs(photo, painting))((12, 14), 64)
    with pytest.raises(InvalidInputError, match="network need the whole picture: leave tile out"):  # before any size
        network(name).steps(photo, painting, sizes=(12, 90), tile=64)
    mask = np.full((40, 48), 255, "uint8")
    for content, style in ((Content(photo, mask=mask), painting), (photo, Style(painting, mask=mask))):
        with pytest.raises(InvalidInputError, match=f"style_loss {name} compares whole pictures: leave masks out"):
            network(name).objective(content, style, image_size=12)
    transparent = np.dstack([painting, np.full((36, 30), 99, "uint8")])
    with pytest.raises(InvalidInputError, match="is transparent: put it on a background"):
        network(name).objective(photo, transparent, image_size=12)


def test_memory_without_tiles_is_refused_with_the_size_that_fits(photo, painting):
    for name in ("sliced", "patches", "neighbours"):
        spec = network(name).extractor_spec
        assert spec.held > network("gram").extractor_spec.held == 0
        if name != "sliced":
            assert network(name, painting_rotations=1).extractor_spec.held > spec.held
        (estimate,) = estimates(spec, Picture(photo, None, "photo", None), (), Run(image_size=2000))
        with pytest.raises(InvalidInputError, match=r"without tiles, but only .* is free: choose at most \d+ rows"):
            fit_to_memory(estimate, 2 * 2**30)


def test_presets_belong_to_the_loss():
    assert Network(model="vgg19", style_loss="patches").used_layers == ("conv3_1", "conv4_1", "conv4_2")
    assert Network(model="vgg19").used_layers[-1] == "conv5_2"
    for name in OTHERS:
        assert Network(model="vgg19", style_loss=name).units == "relative"
    gram, patches = (Network(model="mini", style_loss=name).transfer_loss for name in ("gram", "patches"))
    assert patches.content_weight == 10 * gram.content_weight
    assert tuple(patches.style) == (("conv3_1",),)


def test_impossible_settings_are_refused(photo, painting):
    with pytest.raises(InvalidInputError, match='unknown style_loss "patch": did you mean "patches"'):
        network("patch")
    with pytest.raises(InvalidInputError, match="is a relative error: leave normalization gatys2016 out"):
        network("sliced", normalization="gatys2016")
    with pytest.raises(InvalidInputError, match="painting_scales belongs to style_loss patches or neighbours"):
        network("moments", painting_scales=1)
    with pytest.raises(InvalidInputError, match="conv3_1 has no patch of 3 x 3 positions"):
        network("patches", style_layers=("conv3_1",)).objective(photo, painting, image_size=8)
    with pytest.raises(InvalidInputError, match="painting_rotations must be at most 12, received 13"):
        network("patches", painting_rotations=13)
    with pytest.raises(InvalidInputError, match=r"a copy of the painting has \d x \d pixels.*fewer painting_rot"):
        network("neighbours", painting_rotations=6, painting_scales=12).objective(photo, painting[:8, :8], image_size=8)
