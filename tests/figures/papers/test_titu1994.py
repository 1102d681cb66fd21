"""The figures of the reference scripts: settings against a table written by hand from its README and flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_style import figures
from neural_style.figures import titu1994
from neural_style.figures.builder import PanelBuilder, Sample
from neural_style.figures.estimate import transfer_panels
from neural_style.figures.panels import InputPanel, TransferPanel
from neural_style.network import Network


def at_paper(name: str) -> list[TransferPanel]:
    return transfer_panels(figures.plan(name, scale="paper")[1])


def network(panel: TransferPanel) -> Network:
    assert isinstance(panel.technique, Network)
    return panel.technique


@pytest.mark.parametrize("name", titu1994.FIGURES)
def test_at_the_scale_paper_all_else_is_the_references(name: str) -> None:
    """The flags' defaults: 400 rows, VGG-16, five style layers, content at conv5_2, total variation 8.5e-5."""
    for panel in at_paper(name):
        technique = network(panel)
        assert panel.run.image_size == 400
        assert panel.run.iterations == (50 if name == "titu1994-styles" else 10)
        assert (technique.model, technique.content_layer) == ("vgg16", "conv5_2")
        assert technique.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
        assert technique.total_variation_weight == 8.5e-5
        assert technique.normalization == "titu1994"
        if name != "titu1994-ratios":
            assert technique.content_weight == 0.025
        if name != "titu1994-pooling":
            assert technique.pooling == "max"


def test_ratios() -> None:
    found = [(panel.styles[0].weight, network(panel).content_weight) for panel in at_paper("titu1994-ratios")]
    assert found == [(1, 1000), (1, 1), (1000, 1)]


def test_two_styles() -> None:
    found = [tuple(style.weight for style in panel.styles) for panel in at_paper("titu1994-styles")]
    assert found == [(1, 0.2), (1, 0.4), (1, 1)]


def test_pooling() -> None:
    assert [panel.technique.pooling for panel in at_paper("titu1994-pooling")] == ["max", "ave", "max", "ave"]


def test_initial_images() -> None:
    found = [panel.init or panel.run.init for panel in at_paper("titu1994-init")]
    assert found == ["content", "gray", "noise", InputPanel("second_painting")]


def test_sums_over_fewer_pixels_weigh_as_much() -> None:
    """At 80 rows instead of 400 there are 25 times fewer pixels."""
    setup, figure = figures.plan("titu1994-pooling", model="vgg16", image_size=80)
    for panel in transfer_panels(figure):
        assert network(panel).content_weight == pytest.approx(0.025 * 25)
        assert network(panel).total_variation_weight == pytest.approx(8.5e-5 * 25)
    assert "times 25" in setup.differences["sums"]


def test_the_claims_of_a_figure_hold_at_32_rows(tmp_path: Path) -> None:
    """Real runs, with the embedded network: the more the style weighs, the less is left of the photo."""
    setup, figure = figures.plan("titu1994-ratios", scale="draft", image_size=32, iterations=2)
    samples = {name: Sample(default) for name, default in figures.RECIPES["titu1994-ratios"].inputs.items()}
    builder = PanelBuilder(setup, samples, tmp_path)
    similar, gram = (builder.numbers(claim) for claim in figure.claims)
    assert similar["holds"]
    assert gram["holds"]
    assert similar["values"][0][0] > 0.9 > 2 * similar["values"][0][2]
    assert gram["values"][0][0] > 5 * gram["values"][0][2]
