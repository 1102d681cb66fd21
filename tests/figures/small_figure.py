"""A figure of two small pictures, for tests of the builder, the page and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neural_style import Network
from neural_style.features import vgg
from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel, TransformPanel
from neural_style.figures.recipe import Cell, Chart, Figure
from neural_style.figures.setup import SCALES, Setup
from neural_style.runs.settings import Run

PHOTO, PAINTING = InputPanel("photo"), InputPanel("painting")

TINY: dict[str, Any] = {"scale": "draft", "model": "mini", "weights": "random", "image_size": 32, "iterations": 1}


def technique(ratio: float = 1e-3, **settings: Any) -> Network:
    return Network(
        model="mini",
        weights="random",
        content_layer="conv2_1",
        style_layers=("conv1_1", "conv2_1"),
        normalization="gatys2016",
        content_weight=ratio,
        **settings,
    )


def painted(ratio: float = 1e-3, **settings: Any) -> TransferPanel:
    run = Run(image_size=32, iterations=1)
    chosen = {"technique": technique(ratio), "run": run, **settings}
    return TransferPanel(content=PHOTO, styles=(StyleInput(PAINTING),), **chosen)


def two_pictures(setup: Setup) -> Figure:
    """Two pictures that differ in their weights, a part of one, a chart of the painting, and a claim."""
    one, two = painted(), painted(1.0)
    part = TransformPanel("cropped", (two,), (("box", (0.0, 0.0, 0.5, 0.5)),))
    settings = (("shift", 0.0), ("normalised", False), ("rows", 32))
    curves = (("sparsity", Measurement("gram_sparsity", (PAINTING,), settings)),)
    return Figure(
        title="Two pictures",
        rows=((Cell(one, "one", inset=PAINTING), Cell(two, "two")), (Cell(part), Chart(curves, kind="bar"))),
        caption="A caption.",
        inputs=(Cell(PHOTO, "photo"),),
        row_labels=("above", "below"),
        column_labels=("left", "right"),
        departures=("the colours",),
        claims=(claim("content errors", "content_error", "above", one, two),),
    )


def tiny_setup() -> Setup:
    return Setup("mini", "random", vgg.architecture("mini").layers, SCALES["draft"])


def summary(output: Path) -> dict[str, Any]:
    """The JSON beside a figure."""
    found: dict[str, Any] = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    return found
