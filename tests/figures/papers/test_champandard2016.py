"""Settings of the figure of Champandard 2016, arXiv:1603.01768."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neural_style.doodle import NeuralDoodle
from neural_style.figures import plan
from neural_style.figures.panels import InputPanel, StyleInput, TransferPanel
from neural_style.figures.recipe import Cell, Figure
from neural_style.reconstruction import Reconstruction


def made_of(figure: Figure) -> list[TransferPanel]:
    """Without regions, plain, improved and patches."""
    pictures = (slot.picture for slot in figure.rows[1] if isinstance(slot, Cell))
    return [picture for picture in pictures if isinstance(picture, TransferPanel)]


def doodle(panel: TransferPanel) -> NeuralDoodle:
    assert isinstance(panel.technique, NeuralDoodle)
    return panel.technique


def test_settings_at_the_scale_of_the_paper() -> None:
    setup, figure = plan("champandard2016", scale="paper")
    texture, plain, improved, patches = made_of(figure)
    for panel in (plain, improved, patches):
        assert panel.styles == (StyleInput(InputPanel("style"), label_map=InputPanel("style_map")),)
        assert (panel.content, panel.label_map) == (None, InputPanel("doodle"))
        assert (doodle(panel).labels, panel.technique.model) == (None, "vgg19")
        assert (panel.run.sizes, panel.run.iterations, panel.run.init) == ((128, 256, 512), 5, "noise")
    assert (doodle(plain).variant, doodle(improved).variant) == ("plain", "improved")
    assert doodle(plain).style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert len(doodle(improved).style_layers or ()) == 16
    assert (doodle(patches).variant, doodle(patches).style_layers) == ("patches", ("conv3_1", "conv4_1"))
    assert isinstance(texture.technique, Reconstruction)
    assert (texture.technique.of, texture.content, texture.run) == ("style", InputPanel("style"), plain.run)
    assert not setup.differences


@pytest.mark.parametrize(
    ("model", "last", "improved_layers"), [("mini", None, 8), ("vgg19", None, 16), ("vgg19", "conv3_4", 8)]
)
def test_recipe_builds_for_every_network(
    model: str, last: str | None, improved_layers: int, cut: Callable[[str], str]
) -> None:
    setup, figure = plan("champandard2016", scale="draft", model=model, weights=cut(last) if last is not None else None)
    _, plain, improved, _ = made_of(figure)
    assert (plain.run.sizes, plain.run.iterations) == ((64, 128), 5)
    assert len(doodle(improved).style_layers or ()) == improved_layers
    assert "rows" in setup.differences
