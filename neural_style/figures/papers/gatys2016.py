"""Gatys, Ecker & Bethge 2016, Image Style Transfer Using Convolutional Neural Networks (CVPR): figures 4 to 6.

Network, units and pooling are those of `neural_style.figures.papers.gatys2015`.
"""

from __future__ import annotations

from dataclasses import replace

from neural_style.figures.claims import claim
from neural_style.figures.panels import StyleInput, TransferPanel
from neural_style.figures.papers.gatys2015 import (
    EVALUATIONS,
    PAINTING,
    PAIR,
    PHOTO,
    VARIATION_ADDED,
    author_network,
    settings_text,
)
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup

RATIO = 1e-3
"""alpha / beta in figures 5 and 6."""

RATIOS = (1e-4, 1e-3, 1e-2, 1e-1)
"""alpha / beta in figure 4. Below them the weak total variation outweighs the style, whose errors then rise again."""

SHALLOW, DEEP = "conv2_2", "conv4_2"
SEEDS = 4


def ratios(setup: Setup) -> Figure:
    """Figure 4: from the painting's texture to the photo, by alpha / beta."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    panels = {
        setup.ratio(ratio): TransferPanel(author_network(setup, ratio=ratio), PHOTO, (StyleInput(PAINTING),), run)
        for ratio in RATIOS
    }
    cells = [Cell(panel, f"alpha/beta = {ratio:g}") for ratio, panel in panels.items()]
    return Figure(
        title="Content weight against style weight",
        rows=(tuple(cells[:2]), tuple(cells[2:])),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption=f"A larger ratio keeps more of the photo and less of the painting. {settings_text(setup)}",
        departures=(VARIATION_ADDED, "the ratios are ours"),
        claims=(
            claim("content errors", "content_error", "falls", *panels.values()),
            claim("Gram errors", "gram_error", "rises", *panels.values()),
        ),
    )


def content_layers(setup: Setup) -> Figure:
    """Figure 5: content from a shallow and from a deep layer, at the same ratio."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    shallow, deep = (
        TransferPanel(author_network(setup, ratio=RATIO, content_layer=layer), PHOTO, (StyleInput(PAINTING),), run)
        for layer in (SHALLOW, DEEP)
    )
    return Figure(
        title="Content from a shallow and from a deep layer",
        rows=(
            (
                Cell(PHOTO, "photo"),
                Cell(shallow, f"content {setup.layer(SHALLOW)}", inset=PAINTING),
                Cell(deep, f"content {setup.layer(DEEP)}", inset=PAINTING),
            ),
        ),
        caption=f"Content from {setup.layer(SHALLOW)} keeps the photo's pixels under a layer of texture; content from "
        f"{setup.layer(DEEP)} keeps only the layout, and photo and texture merge. Both at alpha/beta = "
        f"{setup.ratio(RATIO):g}. {settings_text(setup, content='')}",
        departures=(VARIATION_ADDED,),
        claims=(claim("SSIM with the photo", "similarity", "falls", shallow, deep, against=(PHOTO,), bound=0.5),),
    )


def initial_images(setup: Setup) -> Figure:
    """Figure 6: the same objective from the photo, from the painting, and from noise with four seeds."""
    run = setup.run(evaluations=EVALUATIONS, init="noise")
    technique = author_network(setup, ratio=RATIO)
    start = TransferPanel(technique, PHOTO, (StyleInput(PAINTING),), replace(run, init="content"))
    second = replace(start, init=PAINTING)
    noise = tuple(replace(start, run=replace(run, seed=setup.seed + index)) for index in range(SEEDS))
    cells = [
        Cell(start, "A   from the photo"),
        Cell(second, "B   from the painting"),
        *(Cell(panel, f"C   from noise {panel.run.seed}") for panel in noise),
    ]
    return Figure(
        title="Initial images",
        rows=(tuple(cells[:2]), tuple(cells[2:4]), tuple(cells[4:])),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="All pictures minimise the same objective. The structure of the initial image remains in the result, "
        "and every noise leaves a different one. "
        f"alpha/beta = {setup.ratio(RATIO):g}. {settings_text(setup, start='')}",
        departures=(VARIATION_ADDED,),
        claims=(
            claim(
                "SSIM with the photo, from the photo and from noise",
                "similarity",
                "falls",
                start,
                *noise[:1],
                against=(PHOTO,),
            ),
            claim(
                "SSIM with the painting, from the painting and from noise",
                "similarity",
                "falls",
                second,
                *noise[:1],
                against=(PAINTING,),
            ),
            claim(
                "difference from the first of the noises, in grey levels",
                "pixel_distance",
                "above",
                *noise[1:],
                against=noise[:1],
                bound=10.0,
            ),
        ),
    )


SOURCE = "Gatys, Ecker & Bethge 2016, CVPR"

FIGURES = {
    "gatys2016-4": Recipe("ratio of content weight to style weight", f"{SOURCE}, figure 4", PAIR, ratios),
    "gatys2016-5": Recipe("content from a shallow and from a deep layer", f"{SOURCE}, figure 5", PAIR, content_layers),
    "gatys2016-6": Recipe("initial images", f"{SOURCE}, figure 6", PAIR, initial_images),
}
