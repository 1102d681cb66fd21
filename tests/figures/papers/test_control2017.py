"""Settings of the figures of Gatys et al. 2017, arXiv:1611.07865, and regions that are painted."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from neural_style.figures import RECIPES, control2017, plan
from neural_style.figures.builder import PanelBuilder, Sample
from neural_style.figures.panels import InputPanel, TransferPanel, TransformPanel, in_order
from neural_style.figures.recipe import Cell, Figure
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction

MASK = InputPanel("building")


def painted_of(figure: Figure) -> list[TransferPanel]:
    """Painted pictures in the order of the cells."""
    return [
        slot.picture for slot in figure.slots() if isinstance(slot, Cell) and isinstance(slot.picture, TransferPanel)
    ]


def test_styles_in_regions() -> None:
    _, figure = plan("control2017-2", scale="paper")
    free, one, two = painted_of(figure)
    assert [(style.picture, style.mask) for style in free.styles] == [(InputPanel("painting"), None)]
    for panel, of_sky in ((one, "painting"), (two, "second_painting")):
        technique = panel.technique
        assert isinstance(technique, Network)
        assert (technique.mask_normalization, technique.guide_propagation) == ("gatys2017", "simple")
        ground, sky = panel.styles
        assert (ground.mask, sky.mask) == (MASK, TransformPanel("inverted", (MASK,)))
        assert (ground.weight, sky.weight) == (0.5, 0.5)
        for style, name in ((ground, "painting"), (sky, of_sky)):
            assert isinstance(style.picture, TransformPanel)
            assert style.picture.pictures == (InputPanel(name),)
            top, left, bottom, right = dict(style.picture.settings)["box"]
            assert (left, right) == (0, 1)
            # Resizing a part to the area of the whole stretches its sides by the inverse of this scale.
            assert style.scale == pytest.approx(sqrt(bottom - top))
        assert dict(sky.picture.settings)["box"][0] == 0  # type: ignore[union-attr]
        assert dict(ground.picture.settings)["box"][2] == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("name", control2017.FIGURES)
def test_settings_at_the_scale_of_the_paper(name: str) -> None:
    setup, figure = plan(name, scale="paper")
    for panel in in_order(*figure.panels()):
        if isinstance(panel, TransferPanel):
            technique = panel.technique
            assert (technique.model, technique.weights) == ("vgg19", "normalised")
            if isinstance(technique, Reconstruction):
                continue
            assert isinstance(technique, Network)
            assert technique.normalization == "gatys2016"
            ratio = 1e-3
            assert (technique.content_layer, technique.content_weight) == ("conv4_2", ratio)
            assert technique.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
            assert panel.run.init == "content"
    assert not setup.differences


def test_new_paintings_have_the_structures_of_one_and_the_strokes_of_another() -> None:
    """A run from one painting that matches Gram matrices of the other's shallow layers; then an ordinary transfer."""
    _, figure = plan("control2017-4", scale="paper")
    one, two = InputPanel("painting"), InputPanel("second_painting")
    first, second, *results = painted_of(figure)
    for mixture, coarse, strokes in ((first, one, two), (second, two, one)):
        matched = TransformPanel("matched_colours", (strokes, coarse), (("method", "pca"),))
        assert (mixture.init, mixture.content) == (coarse, matched)
        assert isinstance(mixture.technique, Reconstruction)
        assert (mixture.technique.of, mixture.technique.layers) == ("style", ("conv1_1", "conv2_1"))
    assert [panel.styles[0].picture for panel in results] == [one, two, first, second]


def test_coarse_to_fine_at_the_scale_of_the_paper() -> None:
    direct, fine, coarse = painted_of(plan("control2017-5", scale="paper")[1])
    assert (coarse.run.image_size, coarse.run.iterations, coarse.init) == (512, 25, None)
    assert (fine.run.image_size, fine.run.iterations, fine.init) == (1024, 10, coarse)
    assert (direct.run.image_size, direct.run.iterations, direct.init) == (1024, 35, None)
    assert fine.technique == direct.technique


def test_coarse_to_fine_shrinks_with_the_scale() -> None:
    direct, fine, coarse = painted_of(plan("control2017-5", scale="draft")[1])
    assert [panel.run.image_size for panel in (coarse, fine, direct)] == [64, 192, 192]
    assert [panel.run.iterations for panel in (coarse, fine, direct)] == [8, 3, 11]


def test_regions_are_painted_and_follow_the_mask(tmp_path: Path) -> None:
    """A figure with real runs. With the mask inverted the guided pictures are others; the plain one is found again."""
    setup, figure = plan("control2017-2", scale="draft", weights="random", image_size=32, iterations=1)
    samples = {name: Sample(default) for name, default in RECIPES["control2017-2"].inputs.items()}
    half = np.zeros((32, 48), np.uint8)
    half[16:] = 255
    builders = [PanelBuilder(setup, {**samples, "building": mask}, tmp_path) for mask in (half, 255 - half)]
    for builder in builders:
        builder.make(figure.panels())
    assert [len(builder.made) for builder in builders] == [3, 2]
    (free, one, two), (same, _, other) = (
        [builder.picture(panel).astype(int) for panel in painted_of(figure)] for builder in builders
    )
    np.testing.assert_array_equal(free, same)
    assert np.abs(two - other).mean() > 1
    assert np.abs(two - one).mean() > 1
