"""What is set in the figures of Gatys et al. 2017, arXiv:1611.07865."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style.figures import control2017, make, page, planned
from neural_style.figures.builder import PanelBuilder
from neural_style.figures.panels import InputPanel, Made, TransferPanel, TransformPanel, within
from neural_style.figures.recipe import Cell, Figure
from neural_style.network import Network

MASK = InputPanel("building")


def painted_of(figure: Figure) -> list[TransferPanel]:
    """In the order of the cells."""
    return [
        slot.picture for slot in figure.slots() if isinstance(slot, Cell) and isinstance(slot.picture, TransferPanel)
    ]


def test_styles_in_regions() -> None:
    _, figure = planned("control2017-2", scale="paper")
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
            assert style.picture.of == (InputPanel(name),)
            top, left, bottom, right = dict(style.picture.settings)["box"]
            assert (left, right) == (0, 1)
            # An image whose area is made that of the whole has its sides stretched by as much as this takes back.
            assert style.scale == pytest.approx(sqrt(bottom - top))
        assert dict(sky.picture.settings)["box"][0] == 0  # type: ignore[union-attr]
        assert dict(ground.picture.settings)["box"][2] == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("name", control2017.FIGURES)
def test_settings_at_the_scale_of_the_paper(name: str) -> None:
    setup, figure = planned(name, scale="paper")
    for panel in within(*figure.panels()):
        if isinstance(panel, TransferPanel):
            technique = panel.technique
            assert isinstance(technique, Network)
            assert (technique.model, technique.weights, technique.normalization) == (
                "vgg19",
                "normalised",
                "gatys2016",
            )
            ratio = 1e-3
            assert (technique.content_layer, technique.content_weight) == ("conv4_2", ratio)
            assert technique.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
            assert panel.run.init == "content"
    assert not setup.differences


def test_coarse_to_fine_at_the_scale_of_the_paper() -> None:
    direct, fine, coarse = painted_of(planned("control2017-5", scale="paper")[1])
    assert (coarse.run.image_size, coarse.run.iterations, coarse.init) == (512, 25, None)
    assert (fine.run.image_size, fine.run.iterations, fine.init) == (1024, 10, coarse)
    assert (direct.run.image_size, direct.run.iterations, direct.init) == (1024, 35, None)
    assert fine.technique == direct.technique


def test_coarse_to_fine_shrinks_with_the_scale() -> None:
    direct, fine, coarse = painted_of(planned("control2017-5", scale="draft")[1])
    assert [panel.run.image_size for panel in (coarse, fine, direct)] == [128, 256, 256]
    assert [panel.run.iterations for panel in (coarse, fine, direct)] == [8, 3, 11]


@pytest.mark.parametrize("name", control2017.FIGURES)
def test_recipes_build_for_every_network(name: str, cut: Callable[[str], str]) -> None:
    for settings in ({"model": "mini"}, {"model": "vgg19"}, {"model": "vgg19", "weights": cut("conv3_4")}):
        setup, figure = planned(name, scale="draft", **settings)
        assert painted_of(figure)
        assert "rows" in setup.differences


def test_regions_are_painted_and_the_mask_is_what_counts(tmp_path: Path) -> None:
    def made(name: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        output = tmp_path / f"{name}.png"
        panels = tmp_path / "panels"
        make(
            "control2017-2",
            output,
            scale="draft",
            weights="random",
            image_size=32,
            iterations=1,
            inputs=inputs,
            panels=panels,
        )
        told = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
        assert told["made"]
        return {
            cell["title"][:3]: np.array(Image.open(panels / f"{cell['panel']}.png"))
            for cell in told["cells"]
            if cell["panel"] in told["panels"]
        }

    half = np.zeros((32, 48), np.uint8)
    half[16:] = 255
    by_half, by_rest = made("half", building=half), made("rest", building=255 - half)
    assert by_half.keys() == {"(d)", "(e)", "(f)"}
    np.testing.assert_array_equal(by_half["(d)"], by_rest["(d)"])
    assert np.abs(by_half["(f)"].astype(int) - by_rest["(f)"]).mean() > 1
    assert np.abs(by_half["(f)"].astype(int) - by_half["(e)"]).mean() > 1


def test_a_timed_cell_has_the_evaluations_of_what_it_started_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: dict[Made, str] = {}
    counts: dict[Made, int] = {}

    def written(picture: Made, builder: PanelBuilder) -> str:
        texts[picture] = real(picture, builder)
        counts[picture] = len(builder.told(picture)["curve"])
        return texts[picture]

    real = page._work_text
    monkeypatch.setattr(page, "_work_text", written)
    figure = make(
        "control2017-5",
        tmp_path / "figure.pdf",
        scale="draft",
        weights="random",
        image_size=32,
        iterations=2,
        panels=tmp_path / "panels",
    )
    at_once, finer, coarse = painted_of(figure)
    assert texts[at_once].startswith(f"{counts[at_once]} evaluations")
    assert texts[coarse].startswith(f"{counts[coarse]} evaluations")
    assert texts[finer].startswith(f"{counts[finer] + counts[coarse]} evaluations")  # and those before
    assert all(text.endswith(" s") for text in texts.values())
