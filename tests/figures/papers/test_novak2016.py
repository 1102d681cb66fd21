"""The figures of Novak & Nikulin 2016: settings against a table written by hand from the paper, and charts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neural_style import figures
from neural_style.errors import BrokenRunError
from neural_style.features import vgg
from neural_style.figures import novak2016
from neural_style.figures.builder import PanelBuilder, Sample
from neural_style.figures.measurements import shift_told
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel, within
from neural_style.figures.recipe import Figure
from neural_style.figures.setup import SCALES, Setup
from neural_style.inetwork import INetwork
from neural_style.runs.settings import Run

VGG19 = vgg.architecture("vgg19").layers
CLASSIC = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

ABLATION = (
    # geometric weights, all layers, shift, chain
    (False, False, 0.0, False),
    (True, False, 0.0, False),
    (True, True, 0.0, False),
    (True, True, -1.0, False),
    (True, True, -1.0, True),
)

SAMPLES = {"photo": Sample("cat"), "painting": Sample("night")}


def painted(figure: Figure) -> list[TransferPanel]:
    return [panel for panel in within(*figure.panels()) if isinstance(panel, TransferPanel)]


def inetworks(figure: Figure) -> Iterator[INetwork]:
    for panel in painted(figure):
        if isinstance(panel.technique, INetwork):
            yield panel.technique


@pytest.mark.parametrize("name", novak2016.FIGURES)
@pytest.mark.parametrize("setup", ["mini", "vgg19", "cut"])
def test_builds_with_any_network(name: str, setup: str) -> None:
    """Also with a file that ends at conv3_4, whose layers stand in for the deeper ones, which the caption tells."""
    model = "mini" if setup == "mini" else "vgg19"
    layers = VGG19[:8] if setup == "cut" else vgg.architecture(model).layers
    built = Setup(model, "random", layers, SCALES["draft"])
    figure = novak2016.FIGURES[name].build(built)
    assert list(figure.panels())
    for panel in painted(figure):
        assert set(panel.technique.extractor_spec.layers) <= set(layers)
    if setup == "cut" and name == "novak2016-ablation":
        assert built.differences["all layers"] == "all layers are 8 instead of 16"
        assert built.differences["conv5_2"] == "conv3_4 instead of conv5_2"


def test_the_ablation_has_the_papers_settings() -> None:
    """VGG-19, content first at conv4_2 and then at all layers, all 16 layers, a shift of -1, 15 pairs."""
    _, figure = figures.planned("novak2016-ablation", scale="paper")
    for variant, row in zip(("novak2016", "titu1994") * 2, figure.rows, strict=True):
        techniques = [slot.picture.technique for slot in row]  # type: ignore[union-attr]
        switches = [(t.geometric_weights, t.all_layers, t.activation_shift, t.chain) for t in techniques]
        assert switches == list(ABLATION)
        assert {t.variant for t in techniques} == {variant}
        for technique in techniques:
            assert technique.model == "vgg19"
            used = {layer for layers in technique.style_coefficients() for layer in layers}
            assert used == set(VGG19 if technique.all_layers else CLASSIC)
            if variant == "titu1994":
                assert list(technique.content_coefficients()) == ["conv5_2"]
            else:
                assert list(technique.content_coefficients()) == (list(VGG19) if technique.all_layers else ["conv4_2"])
    assert len(figure.rows[0][-1].picture.technique.style_coefficients()) == 15  # type: ignore[union-attr]


def test_every_picture_starts_from_the_content() -> None:
    for name in novak2016.FIGURES:
        for panel in painted(figures.planned(name, scale="paper")[1]):
            assert panel.run.init == "content"
            assert panel.run.image_size == 512


def test_convergence_differs_in_the_shift_only() -> None:
    _, figure = figures.planned("novak2016-convergence", scale="paper")
    found = [(technique.weights, technique.activation_shift) for technique in inetworks(figure)]
    assert sorted(map(str, found)) == sorted(
        map(str, [("imagenet", 0.0), ("imagenet", -1.0), ("normalised", 0.0), ("normalised", -1.0)])
    )
    assert {(t.geometric_weights, t.all_layers, t.chain) for t in inetworks(figure)} == {(False, True, False)}
    assert {t.style_layers for t in inetworks(figure)} == {VGG19}


class Runs:
    """Stands for a builder whose runs are made: their losses, and Gram errors after every 20 evaluations."""

    def __init__(self, **runs: tuple[list[float], list[float]]) -> None:
        self.runs = runs

    def told(self, panel: str) -> dict[str, object]:
        losses, errors = self.runs[panel]
        trace = [{"evaluations": 20 * i, "gram.0.conv1_1": error} for i, error in enumerate(errors, start=1)]
        return {"curve": losses, "trace": trace}


def test_the_number_of_evaluations_to_equal_ends() -> None:
    """By hand: both reach 0.2, one after 60, the other halfway between 20 (0.3) and 40 (0.1).

    One loss has done 99 % of its fall from 10 to 0 at the fourth value; the other, which ends at 5, at the second.
    """
    builder = Runs(plain=([10, 5, 1, 0.1, 0], [0.8, 0.4, 0.2]), shifted=([10, 5.05, 5], [0.3, 0.1, 0.15]))
    found = shift_told(builder, "plain", "shifted", name="here")  # type: ignore[arg-type]
    assert found["level"] == 0.2
    assert found["gram"] == [pytest.approx(60), pytest.approx(30)]
    assert found["twice"] == [pytest.approx(40), 20]
    assert found["loss"] == [pytest.approx(4), pytest.approx(2)]
    assert "(0.50 times)" in found["text"]


def test_a_chart_is_drawn_and_its_number_is_in_the_caption(tmp_path: Path) -> None:
    out = tmp_path / "made.png"
    figures.make(
        "novak2016-convergence",
        out,
        scale="draft",
        weights="random",
        image_size=32,
        iterations=1,
        panels=tmp_path / "panels",
    )
    told = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    found = told["findings"]
    assert len(found) == 2
    for finding in found:
        assert finding["text"][1:] in told["caption"]
        assert all(1 <= count <= 20 for count in (*finding["loss"], *finding["gram"]))
    assert out.stat().st_size > 10_000


def test_a_run_that_breaks_down_at_once_is_shown_and_told(tmp_path: Path) -> None:
    """The reference's chain over two layers of which the deeper is further from the style: below zero at the start."""
    technique = INetwork(model="mini", variant="titu1994", style_layers=("conv1_1", "conv1_2"), content_layer="conv1_1")
    setup = Setup("mini", "embedded", vgg.architecture("mini").layers, SCALES["draft"])
    builder = PanelBuilder(setup, SAMPLES, tmp_path)
    run = Run(image_size=32, iterations=1)
    panel = TransferPanel(technique, InputPanel("photo"), (StyleInput(InputPanel("painting")),), run, may_break=True)
    builder.make([panel])
    np.testing.assert_allclose(builder.picture(panel), builder.sized(InputPanel("photo"), 32), atol=0.51)
    found = builder.numbers(Measurement("ended_early", (panel,), (("names", ("the chain",)),)))
    assert found["text"].startswith("the chain ended after 0 evaluations (the loss became negative")
    with pytest.raises(BrokenRunError):
        PanelBuilder(setup, SAMPLES, tmp_path / "other").make([replace(panel, may_break=False)])
