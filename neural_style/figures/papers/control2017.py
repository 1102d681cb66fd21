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
    SMOOTHED,
    colours_before,
    colours_matched,
    on_luminance,
    painted,
    set_as,
    with_colours,
)
from neural_style.figures.papers.gatys2015 import author_network, smoothness_at
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network
from neural_style.runs.settings import Run

PHOTO, PAINTING, SECOND_PAINTING, BUILDING = map(InputPanel, ("photo", "painting", "second_painting", "building"))

Box = tuple[float, float, float, float]

SKY_OF_FIRST: Box = (0.0, 0.0, 0.42, 1.0)
GROUND_OF_FIRST: Box = (0.44, 0.0, 1.0, 1.0)
SKY_OF_SECOND: Box = (0.0, 0.0, 0.58, 1.0)
"""Above and below the horizons of the samples `harvest` and `night`: top, left, bottom and right in parts of the
sides."""

FINE_EVALUATIONS = 200
"""Of the authors' code, at twice the rows, after `EVALUATIONS` at 512."""

ZOOM: Box = (0.3, 0.2, 0.7, 0.6)


def part(painting: Picture, box: Box, *, mask: Picture, weight: float) -> StyleInput:
    """A part of a painting as the style of a region, with strokes as large as the whole painting would have.

    A `Style` gets the area of the content, and a part has less of it than the whole.
    """
    top, left, bottom, right = box
    cropped = TransformPanel("cropped", (painting,), (("box", box),))
    return StyleInput(cropped, weight=weight, mask=mask, scale=sqrt((bottom - top) * (right - left)))


def spatial_guidance(setup: Setup) -> Figure:
    """Figure 2: styles in regions."""
    free = painted(setup, PHOTO, PAINTING)
    sky = TransformPanel("inverted", (BUILDING,))
    guided = author_network(setup, ratio=RATIO, mask_normalization="gatys2017")
    share = 1 / 2  # the paper's lambda_r = 1 / R, of two regions
    ground = part(PAINTING, GROUND_OF_FIRST, mask=BUILDING, weight=share)
    one, two = (
        replace(free, technique=guided, styles=(ground, part(painting, box, mask=sky, weight=share)))
        for painting, box in ((PAINTING, SKY_OF_FIRST), (SECOND_PAINTING, SKY_OF_SECOND))
    )
    return Figure(
        title="Styles in regions",
        rows=(
            (
                Cell(PHOTO, "(a) photo, and the building's region", inset=BUILDING),
                Cell(PAINTING, "(b) style I"),
                Cell(SECOND_PAINTING, "(c) style II"),
            ),
            (
                Cell(free, "(d) style I, not guided"),
                Cell(one, "(e) sky from sky, building from ground, of I"),
                Cell(two, "(f) building from I, sky from II"),
            ),
        ),
        caption="Not guided, what is in the painting's ground comes into the sky, and the other way round. Guided Gram "
        "matrices (gatys2017) measure each region of the photo by itself, against a region of a painting: what is "
        "above its horizon, or below. Each region has half of the weight. Metrics compare the whole picture with each "
        f"of the parts. {set_as(setup)}",
        departures=(
            "regions of paintings are rectangles above and below the samples' horizons",
            "regions of layers are the resized mask (guide propagation simple), as the authors have it for several "
            "paintings only",
            SMOOTHED,
        ),
    )


def colour(setup: Setup) -> Figure:
    """Figure 3: colour by luminance, and by a match of colours."""
    return Figure(
        title="Control of colour",
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
        caption="By luminance colours are the photo's exactly, and run across strokes; with the colours of the "
        "painting matched to the photo's, each stroke has one colour, and colours are the photo's as a whole only. "
        f"The map is that of Image Analogies. {set_as(setup)}",
        departures=DEPARTURES,
    )


def coarse_to_fine(setup: Setup) -> Figure:
    """Figure 5: a large picture from a small one, and at once."""
    coarse = painted(setup, PHOTO, PAINTING)
    rows = 2 * coarse.run.image_size
    assert isinstance(coarse.technique, Network)
    technique = replace(coarse.technique, total_variation_weight=smoothness_at(rows))
    large = TransferPanel(technique, PHOTO, (StyleInput(PAINTING),))
    fine = replace(large, run=_at(setup, rows, FINE_EVALUATIONS), init=coarse)
    direct = replace(large, run=_at(setup, rows, EVALUATIONS + FINE_EVALUATIONS))
    ways: dict[str, TransferPanel] = {
        f"(a) {rows} rows at once": direct,
        f"(b) {rows} rows from (c)": fine,
        f"(c) {rows // 2} rows": coarse,
    }
    return Figure(
        title="Coarse to fine",
        rows=(
            tuple(Cell(picture, title, timed=True) for title, picture in ways.items()),
            tuple(
                Cell(TransformPanel("cropped", (picture,), (("box", ZOOM),)), "a part, enlarged", judged=False)
                for picture in ways.values()
            ),
        ),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="Layers see parts of a picture of one size: at twice the rows strokes come out half as large (a). A "
        "picture painted at half the rows and then worked on for a while at all of them (b) has the large strokes of "
        "the former (c) and the sharpness of the latter, sooner. Evaluations and seconds of (b) include those of (c), "
        f"seconds what was spent to compile. {set_as(setup)}",
        departures=("at once it has as many evaluations as both sizes together", *DEPARTURES),
    )


def _at(setup: Setup, rows: int, evaluations: int) -> Run:
    """A run at rows that follow from others; its length in proportion to `EVALUATIONS`."""
    share = evaluations / EVALUATIONS
    return setup.run(evaluations=evaluations, share=share, init="content", image_size=rows)


SOURCE = "Gatys et al. 2017, arXiv:1611.07865"

FIGURES = {
    "control2017-2": Recipe(
        "styles in regions",
        f"{SOURCE}, figure 2",
        {"photo": "rocket", "building": "launchpad", "painting": "harvest", "second_painting": "night"},
        spatial_guidance,
    ),
    "control2017-3": Recipe(
        "control of colour", f"{SOURCE}, figure 3", {"photo": "rocket", "painting": "harvest"}, colour
    ),
    "control2017-5": Recipe(
        "coarse to fine", f"{SOURCE}, figure 5", {"photo": "cat", "painting": "night"}, coarse_to_fine
    ),
}
