"""Gatys, Ecker & Bethge 2015, A Neural Algorithm of Artistic Style, arXiv:1508.06576: figures 1 to 3.

Weights are in the authors' units: means of squared errors on the normalised network, in which content_weight is the
paper's alpha / beta (the printed formulas would need ratios a million times smaller). Pooling is average.
"""

from __future__ import annotations

from typing import Any

from neural_style.figures.panels import InputPanel, Picture, StyleInput, TransferPanel, TransformPanel
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"
EVALUATIONS = 2000
"""What the authors told others who reproduced the figures; the paper has no number."""

PHOTO, PAINTING = InputPanel("photo"), InputPanel("painting")

SMOOTHNESS = 7e-8
"""Takes away the grain of the noise, which hardly any layer sees; the other losses grow by a few percent. It is the
weight of the mean, over the 3 (H - 1) (W - 1) differences, of what total variation sums."""

RECONSTRUCTION_SMOOTHNESS = {"content": 1e-7, "style": 1e-8}
"""The same of reconstructions, in relative errors."""

SMOOTHED = "a little smoothness against the grain of the noise"

ZOOM = (0.62, 0.36, 0.92, 0.66)
"""Top, left, bottom and right of the part that is shown larger, in parts of the sides."""


def author_network(setup: Setup, *, ratio: float, rows: int = 512, **settings: Any) -> Network:
    """The paper's network in the authors' units, with alpha / beta = `ratio`, for pictures of `rows`, as in the paper.

    `settings` are further fields of `Network`; layers by their names in the paper.
    """
    content_layer = setup.layer(settings.pop("content_layer", CONTENT_LAYER))
    style_layers = setup.style_layers(*settings.pop("style_layers", STYLE_LAYERS))
    return Network(
        **setup.normalised_network(),
        pooling="ave",
        normalization="gatys2016",
        content_weight=setup.ratio(ratio),
        content_layer=content_layer,
        style_layers=style_layers,
        total_variation_weight=smoothness_at(setup.rows(rows)),
        **settings,
    )


def smoothness_at(rows: int) -> float:
    """`SMOOTHNESS` as the weight of a sum, over a picture of so many rows and half as many columns more."""
    return SMOOTHNESS / (3 * rows * rows * 1.5)


def reconstructions(setup: Setup) -> Figure:
    """Figure 1: style reconstructions above, content reconstructions below, each from one set of layers."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")

    def of(kind: str, names: tuple[str, ...]) -> TransferPanel:
        technique = Reconstruction(
            of=kind,
            layers=setup.style_layers(*names),
            **setup.network(),
            pooling="ave",
            normalization="relative",
            total_variation_weight=RECONSTRUCTION_SMOOTHNESS[kind],
        )
        return TransferPanel(technique, PAINTING if kind == "style" else PHOTO, (), run)

    sets = _different(setup, [STYLE_LAYERS[: i + 1] for i in range(len(STYLE_LAYERS))])
    styles = [of("style", names) for names in sets]
    contents = [of("content", (names[-1],)) for names in sets]
    titles = [_layers(setup, names) for names in sets]
    wholes: tuple[Picture, ...] = (PHOTO, *contents)
    zoomed = [TransformPanel("cropped", (picture,), (("box", ZOOM),)) for picture in wholes]
    return Figure(
        title="Style and content reconstructions",
        rows=(
            (Cell(PAINTING, "painting"), *(Cell(p, t) for p, t in zip(styles, titles, strict=True))),
            (
                Cell(PHOTO, "photo"),
                *(Cell(p, setup.layer(names[-1])) for p, names in zip(contents, sets, strict=True)),
            ),
            tuple(Cell(picture, "", judged=False) for picture in zoomed),
        ),
        row_labels=("style", "content", "content, a part"),
        caption="Above, pictures with the Gram matrices of more and more layers of the painting: structures grow. "
        "Below, pictures with the activations of one layer of the photo, and a part of them enlarged: the deeper the "
        "layer, the less is kept of the detail. All start from one noise; average pooling.",
        departures=(f"errors are relative, so that every layer has the same say; {SMOOTHED}",),
    )


def gallery(setup: Setup) -> Figure:
    """Figure 2: one photo in several styles, with the ratios of the same pictures in the CVPR paper's figure 3.

    Those of the preprint are 1e-3 and 1e-4.
    """
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    names = ("painting", "second_painting", "third_painting", "fourth_painting", "fifth_painting")
    ratios = (1e-3, 8e-4, 5e-3, 5e-4, 5e-4)
    painted = [
        Cell(
            TransferPanel(author_network(setup, ratio=ratio), PHOTO, (StyleInput(InputPanel(name)),), run),
            f"{letter}   alpha/beta = {setup.ratio(ratio):g}",
            inset=InputPanel(name),
        )
        for letter, name, ratio in zip("BCDEF", names, ratios, strict=True)
    ]
    cells = (Cell(PHOTO, "A   photo"), *painted)
    return Figure(
        title="A photo in five styles",
        rows=(cells[:2], cells[2:4], cells[4:]),
        caption="What is where stays that of the photo; colours, strokes and textures are those of the painting in the "
        f"corner. {weights_told(setup)}",
        departures=(SMOOTHED,),
    )


def layers_by_ratio(setup: Setup) -> Figure:
    """Figure 3: more style layers downwards, more weight on the content to the right."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    ratios = (1e-5, 1e-4, 1e-3, 1e-2)
    sets = _different(setup, [STYLE_LAYERS[: i + 1] for i in range(len(STYLE_LAYERS))])
    rows = tuple(
        tuple(
            Cell(
                TransferPanel(
                    author_network(setup, ratio=ratio, style_layers=names), PHOTO, (StyleInput(PAINTING),), run
                )
            )
            for ratio in ratios
        )
        for names in sets
    )
    return Figure(
        title="Style layers by the weight of the content",
        rows=rows,
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        row_labels=tuple(_layers(setup, names) for names in sets),
        column_labels=tuple(f"alpha/beta = {setup.ratio(ratio):g}" for ratio in ratios),
        caption="Downwards the style is taken from more layers, and structures grow; to the right the content weighs "
        f"more, and more of the photo is kept. {weights_told(setup)}",
        departures=(SMOOTHED,),
    )


def _different(setup: Setup, sets: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Sets of the paper's layers that are different with what stands in for layers, in their order."""
    kept = {setup.style_layers(*names): names for names in reversed(sets)}
    return list(reversed(kept.values()))


def _layers(setup: Setup, names: tuple[str, ...]) -> str:
    """The last of a set of layers, and that there are others before it."""
    found = setup.style_layers(*names)
    return found[0] if len(found) == 1 else f"{found[0]} … {found[-1]}"


def weights_told(setup: Setup, *, content: str = CONTENT_LAYER, start: str = ", from noise") -> str:
    """What all figures of the two papers have in common, for a caption; `content` is empty where layers vary."""
    layer = f"Content {setup.layer(content)}; authors'" if content else "Authors'"
    return f"{layer} units on the normalised network, average pooling{start}; alpha/beta is content_weight."


GALLERY_INPUTS = {
    "photo": "cat",
    "painting": "night",
    "second_painting": "harvest",
    "third_painting": "cells",
    "fourth_painting": "stars",
    "fifth_painting": "brick",
}
SOURCE = "Gatys, Ecker & Bethge 2015, arXiv:1508.06576"
PAIR = {"photo": "cat", "painting": "night"}

FIGURES = {
    "gatys2015-1": Recipe(
        "what each layer keeps, of content and of style",
        f"{SOURCE}, figure 1",
        {**PAIR, "photo": "rocket"},
        reconstructions,
    ),
    "gatys2015-2": Recipe(
        "one photo in five styles", f"{SOURCE}, figure 2; CVPR 2016, figure 3", GALLERY_INPUTS, gallery
    ),
    "gatys2015-3": Recipe("style layers by the ratio of weights", f"{SOURCE}, figure 3", PAIR, layers_by_ratio),
}
