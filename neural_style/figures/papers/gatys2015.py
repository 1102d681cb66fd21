"""Gatys, Ecker & Bethge 2015, A Neural Algorithm of Artistic Style, arXiv:1508.06576: figures 1 to 3.

Weights are in the authors' units, means of squared errors on the normalised network, in which `content_weight` is the
paper's alpha / beta (the printed formulas would need ratios a million times smaller). Pooling is average.
"""

from __future__ import annotations

from typing import Any

from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, Picture, StyleInput, TransferPanel, TransformPanel
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"
EVALUATIONS = 2000
"""The authors' answer to others who reproduced the figures; the paper states no number."""

PHOTO, PAINTING = InputPanel("photo"), InputPanel("painting")

MEAN_VARIATION_WEIGHT = 3e-6
"""Weight of the mean of total variation over its 3 (H - 1) (W - 1) differences. It removes the grain of the noise,
which hardly any layer responds to. With mini, 96 rows and 120 evaluations from noise, content and Gram errors are lower
with it than with a fortieth: at ratios of 1e-4 and 1e-2, by a factor of 0.92 and 0.94 (content conv3_3) and of 0.5 and
0.8 (Gram conv3_4)."""

RECONSTRUCTION_VARIATION_WEIGHT = {"content": 1e-6, "style": 1e-7}
"""Weight of total variation in reconstructions, whose errors are relative. With a tenth of it, at 96 rows and after 120
evaluations, the content error of conv3_4 is twice as large and the SSIM 0.45 instead of 0.85; the style's Gram errors
are larger at four layers of five."""

VARIATION_ADDED = "a weak total variation term removes the grain of the noise"

ZOOM = (0.62, 0.36, 0.92, 0.66)
"""Top, left, bottom and right of the enlarged part, as fractions of the sides."""


def author_network(setup: Setup, *, ratio: float, rows: int = 512, **settings: Any) -> Network:
    """The paper's network in the authors' units, with alpha / beta = `ratio`.

    Args:
        setup: network and scale.
        ratio: alpha / beta in the paper.
        rows: rows of the picture in the paper.
        settings: further fields of `Network`, with layers by their names in the paper.
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
        total_variation_weight=total_variation_weight(setup.rows(rows)),
        **settings,
    )


def total_variation_weight(rows: int) -> float:
    """`MEAN_VARIATION_WEIGHT` as the weight of a sum, over a picture with half as many columns again as rows."""
    return MEAN_VARIATION_WEIGHT / (3 * rows * rows * 1.5)


def reconstructions(setup: Setup) -> Figure:
    """Figure 1: style reconstructions above, content reconstructions below, from shallow to deep layers."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")

    def panel(kind: str, names: tuple[str, ...]) -> TransferPanel:
        technique = Reconstruction(
            of=kind,
            layers=setup.style_layers(*names),
            **setup.network(),
            pooling="ave",
            normalization="relative",
            total_variation_weight=RECONSTRUCTION_VARIATION_WEIGHT[kind],
        )
        return TransferPanel(technique, PAINTING if kind == "style" else PHOTO, (), run)

    sets = _layer_sets(setup)
    styles = [panel("style", names) for names in sets]
    contents = [panel("content", (names[-1],)) for names in sets]
    titles = [_label(setup, names) for names in sets]
    # At the size of the run: a photo with more rows would make a perfect reconstruction look like a loss of detail.
    photo = TransformPanel("resized", (PHOTO,), (("rows", run.image_size),))
    pictures: tuple[Picture, ...] = (photo, *contents)
    enlarged = [TransformPanel("cropped", (picture,), (("box", ZOOM),)) for picture in pictures]
    return Figure(
        title="Style and content reconstructions",
        rows=(
            (Cell(PAINTING, "painting"), *(Cell(p, t) for p, t in zip(styles, titles, strict=True))),
            (
                Cell(photo, "photo"),
                *(Cell(p, setup.layer(names[-1])) for p, names in zip(contents, sets, strict=True)),
            ),
            tuple(Cell(picture, "", show_metrics=False) for picture in enlarged),
        ),
        row_labels=("style", "content", "content, enlarged"),
        caption="Top: pictures that match the painting's Gram matrices in more and more layers; structures grow from "
        "left to right. Middle and bottom: pictures that match the photo's activations in one layer, whole and in an "
        "enlarged part; deeper layers keep less detail. All start from the same noise; average pooling.",
        departures=(f"errors are relative, which gives every layer equal influence; {VARIATION_ADDED}",),
        claims=(
            claim("SSIM of the content reconstructions", "similarity", "falls", *contents, against=(PHOTO,)),
            claim(
                "Gram errors over all layers of the style reconstructions with the paper's own layers",
                "gram_error",
                "falls",
                *(panel for panel, names in zip(styles, sets, strict=True) if set(names) <= set(setup.layers)),
            ),
        ),
    )


def gallery(setup: Setup) -> Figure:
    """Figure 2: one photo in five styles, with the ratios of the same pictures in the CVPR paper's figure 3.

    The preprint has ratios of 1e-3 and 1e-4.
    """
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    names = ("painting", "second_painting", "third_painting", "fourth_painting", "fifth_painting")
    ratios = (1e-3, 8e-4, 5e-3, 5e-4, 5e-4)
    panels = [
        TransferPanel(author_network(setup, ratio=ratio), PHOTO, (StyleInput(InputPanel(name)),), run)
        for name, ratio in zip(names, ratios, strict=True)
    ]
    painted = [
        Cell(panel, f"{letter}   alpha/beta = {setup.ratio(ratio):g}", inset=InputPanel(name))
        for letter, panel, name, ratio in zip("BCDEF", panels, names, ratios, strict=True)
    ]
    cells = (Cell(PHOTO, "A   photo"), *painted)
    return Figure(
        title="A photo in five styles",
        rows=(cells[:2], cells[2:4], cells[4:]),
        caption="The layout stays the photo's; colours, strokes and textures come from the painting in the corner. "
        f"{settings_text(setup)}",
        departures=(VARIATION_ADDED,),
        claims=(
            claim("SSIM with the photo", "similarity", "above", *panels, against=(PHOTO,), bound=0.1),
            claim(
                "distance of the colours from those of each painting, in grey levels",
                "colour_distance",
                "below",
                *panels,
                against=tuple(map(InputPanel, names)),
                bound=25.0,
            ),
        ),
    )


def layers_by_ratio(setup: Setup) -> Figure:
    """Figure 3: more style layers from top to bottom, more content weight from left to right."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    ratios = (1e-5, 1e-4, 1e-3, 1e-2)
    sets = _layer_sets(setup)
    panels = [
        [
            TransferPanel(author_network(setup, ratio=ratio, style_layers=names), PHOTO, (StyleInput(PAINTING),), run)
            for ratio in ratios
        ]
        for names in sets
    ]
    return Figure(
        title="Style layers and content weight",
        rows=tuple(tuple(map(Cell, row)) for row in panels),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        row_labels=tuple(_label(setup, names) for names in sets),
        column_labels=tuple(f"alpha/beta = {setup.ratio(ratio):g}" for ratio in ratios),
        caption="From top to bottom the style is taken from more layers, and structures grow; from left to right the "
        f"content weighs more, and more of the photo remains. {settings_text(setup)}",
        departures=(VARIATION_ADDED,),
        claims=(
            claim(
                "content errors from left to right, by row",
                "content_error",
                "falls",
                *(panel for row in panels for panel in row),
                series=len(ratios),
            ),
            claim(
                "Gram errors at the deepest layer, from the first row to the last, by column",
                "gram_error",
                "falls",
                *(panel for column in zip(panels[0], panels[-1], strict=True) for panel in column),
                series=2,
                deepest=1,
            ),
        ),
    )


def _layer_sets(setup: Setup) -> list[tuple[str, ...]]:
    """The paper's growing sets of style layers, without those that replaced layers make equal to a later one."""
    sets = [STYLE_LAYERS[: count + 1] for count in range(len(STYLE_LAYERS))]
    distinct = {setup.style_layers(*names): names for names in reversed(sets)}
    return list(reversed(distinct.values()))


def _label(setup: Setup, names: tuple[str, ...]) -> str:
    """The first and the last layer of a set."""
    found = setup.style_layers(*names)
    return found[0] if len(found) == 1 else f"{found[0]} … {found[-1]}"


def settings_text(setup: Setup, *, content: str = CONTENT_LAYER, start: str = ", from noise") -> str:
    """The settings that all figures of the two papers share, for a caption; `content` is empty where layers vary."""
    layer = f"Content {setup.layer(content)}; authors'" if content else "Authors'"
    return f"{layer} units on the normalised network, average pooling{start}; alpha/beta is content_weight."


GALLERY_INPUTS = {
    "photo": "cat",
    "painting": "night",
    "second_painting": "harvest",
    "third_painting": "cells",
    "fourth_painting": "coffee",
    "fifth_painting": "brick",
}
SOURCE = "Gatys, Ecker & Bethge 2015, arXiv:1508.06576"
PAIR = {"photo": "cat", "painting": "night"}

FIGURES = {
    "gatys2015-1": Recipe(
        "content and style in each layer",
        f"{SOURCE}, figure 1",
        {**PAIR, "photo": "rocket"},
        reconstructions,
    ),
    "gatys2015-2": Recipe(
        "one photo in five styles", f"{SOURCE}, figure 2; CVPR 2016, figure 3", GALLERY_INPUTS, gallery
    ),
    "gatys2015-3": Recipe("style layers and ratio of weights", f"{SOURCE}, figure 3", PAIR, layers_by_ratio),
}
