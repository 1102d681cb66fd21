"""Gatys, Ecker, Bethge, Hertzmann & Shechtman 2017, Controlling Perceptual Factors in Neural Style Transfer (CVPR),
arXiv:1611.07865: figures 2, 3 and 5.

Network and units are those of `neural_style.figures.papers.color2016`.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from neural_style.figures.panels import InputPanel, Picture, StyleInput, TransferPanel, TransformPanel
from neural_style.figures.papers.color2016 import (
    DEPARTURES,
    EVALUATIONS,
    RATIO,
    colours_before,
    colours_matched,
    on_luminance,
    painted,
    settings_text,
    with_colours,
)
from neural_style.figures.papers.gatys2015 import author_network, total_variation_weight
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network
from neural_style.runs.settings import Run

PHOTO, PAINTING, SECOND_PAINTING, BUILDING = map(InputPanel, ("photo", "painting", "second_painting", "building"))

Box = tuple[float, float, float, float]

SKY_OF_FIRST: Box = (0.0, 0.0, 0.42, 1.0)
GROUND_OF_FIRST: Box = (0.44, 0.0, 1.0, 1.0)
SKY_OF_SECOND: Box = (0.0, 0.0, 0.58, 1.0)
"""Parts of the samples `harvest` and `night` above and below their horizons: top, left, bottom and right, as fractions
of the sides."""

FINE_EVALUATIONS = 200
"""From the authors' code, at twice the rows, after `EVALUATIONS` at 512."""

ZOOM: Box = (0.3, 0.2, 0.7, 0.6)


def part(painting: Picture, box: Box, *, mask: Picture, weight: float) -> StyleInput:
    """A part of a painting as the style of a region, with strokes as large as those of the whole painting.

    A `Style` is resized to the area of the content, which would enlarge a part; `scale` compensates.
    """
    top, left, bottom, right = box
    cropped = TransformPanel("cropped", (painting,), (("box", box),))
    return StyleInput(cropped, weight=weight, mask=mask, scale=sqrt((bottom - top) * (right - left)))


def spatial_guidance(setup: Setup) -> Figure:
    """Figure 2: a style for each region."""
    free = painted(setup, PHOTO, PAINTING)
    sky = TransformPanel("inverted", (BUILDING,))
    guided = author_network(setup, ratio=RATIO, mask_normalization="gatys2017")
    share = 1 / 2  # the paper's lambda_r = 1 / R, for two regions
    ground = part(PAINTING, GROUND_OF_FIRST, mask=BUILDING, weight=share)
    one, two = (
        replace(free, technique=guided, styles=(ground, part(painting, box, mask=sky, weight=share)))
        for painting, box in ((PAINTING, SKY_OF_FIRST), (SECOND_PAINTING, SKY_OF_SECOND))
    )
    return Figure(
        title="Spatial guidance",
        rows=(
            (
                Cell(PHOTO, "(a) photo, inset: region of the building", inset=BUILDING),
                Cell(PAINTING, "(b) style I"),
                Cell(SECOND_PAINTING, "(c) style II"),
            ),
            (
                Cell(free, "(d) style I, unguided"),
                Cell(one, "(e) sky and building from I"),
                Cell(two, "(f) sky from II, building from I"),
            ),
        ),
        caption="Unguided (d), textures of the painting's ground appear in the sky and vice versa. Guided Gram "
        "matrices (gatys2017) compare each region of the picture with one region of a painting: the sky with the part "
        "above the horizon, the building with the part below. Each region has half of the weight. Metrics compare the "
        f"whole picture with each part. {settings_text(setup)}",
        departures=(
            "regions of paintings are rectangles above and below the samples' horizons",
            "guides are the resized mask at every layer (guide propagation simple), as in the authors' code for "
            "several paintings only",
            *DEPARTURES,
        ),
    )


def colour(setup: Setup) -> Figure:
    """Figure 3: colour control by luminance and by matched colours."""
    return Figure(
        title="Colour control",
        rows=(
            (Cell(PHOTO, "(a) photo"), Cell(PAINTING, "(b) painting"), None),
            (
                Cell(painted(setup, PHOTO, PAINTING), "(c) plain transfer"),
                Cell(
                    with_colours(on_luminance(setup, PHOTO, PAINTING), PHOTO),
                    "(d) luminance only",
                    inset=TransformPanel("matched_luminance", (PAINTING, PHOTO)),
                ),
                Cell(
                    colours_before(setup, PHOTO, PAINTING),
                    "(e) colours matched first",
                    inset=colours_matched(PAINTING, PHOTO),
                ),
            ),
        ),
        caption="On luminance (d) the colours are exactly the photo's and cross strokes. With the painting's colours "
        "matched to the photo's (e) each stroke has one colour, and only the distribution of colours is the photo's. "
        f"The map is that of Image Analogies. {settings_text(setup)}",
        departures=DEPARTURES,
    )


def coarse_to_fine(setup: Setup) -> Figure:
    """Figure 5: a large picture from a small one, and directly."""
    coarse = painted(setup, PHOTO, PAINTING)
    rows = 2 * coarse.run.image_size
    assert isinstance(coarse.technique, Network)
    technique = replace(coarse.technique, total_variation_weight=total_variation_weight(rows))
    large = TransferPanel(technique, PHOTO, (StyleInput(PAINTING),))
    fine = replace(large, run=_at(setup, rows, FINE_EVALUATIONS), init=coarse)
    direct = replace(large, run=_at(setup, rows, EVALUATIONS + FINE_EVALUATIONS))
    ways: dict[str, TransferPanel] = {
        f"(a) {rows} rows directly": direct,
        f"(b) {rows} rows from (c)": fine,
        f"(c) {rows // 2} rows": coarse,
    }
    return Figure(
        title="Coarse to fine",
        rows=(
            tuple(Cell(picture, title, show_time=True) for title, picture in ways.items()),
            tuple(
                Cell(TransformPanel("cropped", (picture,), (("box", ZOOM),)), "enlarged part", show_metrics=False)
                for picture in ways.values()
            ),
        ),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="Receptive fields have a fixed size in pixels, so strokes are half as large at twice the rows (a). A "
        "run that continues from half the rows (b) has the large strokes of the small picture (c) at full sharpness, "
        "in less time. Evaluations and seconds of (b) include those of (c); seconds include compilation. "
        f"{settings_text(setup)}",
        departures=("the direct run has as many evaluations as both sizes together", *DEPARTURES),
    )


def _at(setup: Setup, rows: int, evaluations: int) -> Run:
    """A run at a given number of rows, with a length in proportion to `EVALUATIONS`."""
    share = evaluations / EVALUATIONS
    return setup.run(evaluations=evaluations, share=share, init="content", image_size=rows)


SOURCE = "Gatys et al. 2017, arXiv:1611.07865"

FIGURES = {
    "control2017-2": Recipe(
        "spatial guidance: a style for each region",
        f"{SOURCE}, figure 2",
        {"photo": "rocket", "building": "launchpad", "painting": "harvest", "second_painting": "night"},
        spatial_guidance,
    ),
    "control2017-3": Recipe(
        "colour control", f"{SOURCE}, figure 3", {"photo": "rocket", "painting": "harvest"}, colour
    ),
    "control2017-5": Recipe(
        "coarse to fine", f"{SOURCE}, figure 5", {"photo": "cat", "painting": "night"}, coarse_to_fine
    ),
}
