"""Gatys, Ecker, Bethge, Hertzmann & Shechtman 2017, Controlling Perceptual Factors in Neural Style Transfer (CVPR),
arXiv:1611.07865: figures 2 to 6.

Network and units are those of `neural_style.figures.papers.color2016`.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from neural_style.figures.claims import claim
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
from neural_style.figures.papers.gatys2015 import STYLE_LAYERS, author_network, total_variation_weight
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import SIDE_MULTIPLE, Setup
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction
from neural_style.runs.settings import Run

PHOTO, PAINTING, SECOND_PAINTING, BUILDING = map(InputPanel, ("photo", "painting", "second_painting", "building"))

Box = tuple[float, float, float, float]

SKY_OF_FIRST: Box = (0.0, 0.0, 0.42, 1.0)
GROUND_OF_FIRST: Box = (0.44, 0.0, 1.0, 1.0)
SKY_OF_SECOND: Box = (0.0, 0.0, 0.58, 1.0)
"""Parts of the samples `harvest` and `night` above and below their horizons: top, left, bottom and right, as fractions
of the sides."""

STROKE_VARIATION_WEIGHT = 1e-8
"""Weight of total variation in paintings of mixed scales, enough against a grid. With ten times as much, at 256 rows
and after 160 evaluations, large structures correlate with those of `night` by 0.86 instead of 0.90, and Gram errors are
0.0021 instead of 0.0006."""

ROWS, FINE_EVALUATIONS = 512, 200
"""Rows of the small picture, and evaluations at twice as many after `EVALUATIONS`, from the authors' code."""

COARSE_ROWS, FINER = 64, 3
"""Rows below the paper's scale, and how many times as many the large picture has. Receptive fields of the third block
cover most of so few rows. With mini, light and dark of (a) and of (c) correlate by 0.60 from 64 to 192 rows, and by
0.82 from 128 to 256, where (a) lacks less of what (c) has."""

ZOOM: Box = (0.1, 0.5, 0.55, 0.95)

SKY, GROUND = (0.0, 0.25, 0.35, 0.75), (0.9, 0.0, 1.0, 1.0)
"""Parts of the sample `rocket` outside and inside `launchpad`."""


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
        claims=(
            claim(
                "difference between (e) and (f) in the sky and at the ground, in grey levels",
                "pixel_distance",
                "falls",
                *(_cut(one, SKY), _cut(one, GROUND)),
                against=(_cut(two, SKY), _cut(two, GROUND)),
                bound=0.5,
            ),
        ),
    )


def _cut(picture: Picture, box: Box) -> TransformPanel:
    return TransformPanel("cropped", (picture,), (("box", box),))


def colour(setup: Setup) -> Figure:
    """Figure 3: colour control by luminance and by matched colours."""
    plain, before = painted(setup, PHOTO, PAINTING), colours_before(setup, PHOTO, PAINTING)
    grey = with_colours(on_luminance(setup, PHOTO, PAINTING), PHOTO)
    return Figure(
        title="Colour control",
        rows=(
            (Cell(PHOTO, "(a) photo"), Cell(PAINTING, "(b) painting"), None),
            (
                Cell(plain, "(c) plain transfer"),
                Cell(grey, "(d) luminance only", inset=TransformPanel("matched_luminance", (PAINTING, PHOTO))),
                Cell(
                    before,
                    "(e) colours matched first",
                    inset=colours_matched(PAINTING, PHOTO),
                ),
            ),
        ),
        caption="On luminance (d) the colours are exactly the photo's and cross strokes. With the painting's colours "
        "matched to the photo's (e) each stroke has one colour, and only the distribution of colours is the photo's. "
        f"The map is that of Image Analogies. {settings_text(setup)}",
        departures=DEPARTURES,
        claims=(
            claim(
                "distance of the colours from the photo's at the same places in (c), (e) and (d), in grey levels",
                "local_colour_distance",
                "falls",
                *(plain, before, grey),
                against=(PHOTO,),
            ),
        ),
    )


def scale_control(setup: Setup) -> Figure:
    """Figure 4: a painting with the large structures of one and the strokes of another, and what it paints."""
    fine, run = setup.style_layers(*STYLE_LAYERS[:2]), setup.run(evaluations=EVALUATIONS, share=0.5)

    def mixed(coarse: Picture, strokes: Picture) -> TransferPanel:
        technique = Reconstruction(
            of="style",
            layers=fine,
            **setup.normalised_network(),
            normalization="relative",
            total_variation_weight=STROKE_VARIATION_WEIGHT,
        )
        return TransferPanel(technique, strokes, (), run, init=coarse)

    # In one palette, so that colours call for no change of the large structures.
    strokes = colours_matched(SECOND_PAINTING, PAINTING), colours_matched(PAINTING, SECOND_PAINTING)
    mixtures = [mixed(PAINTING, strokes[0]), mixed(SECOND_PAINTING, strokes[1])]
    paintings: tuple[Picture, ...] = (PAINTING, SECOND_PAINTING, *mixtures)
    results = [painted(setup, PHOTO, picture) for picture in paintings]
    return Figure(
        title="Scale control",
        rows=(
            (
                Cell(PAINTING, "(a) style I"),
                Cell(SECOND_PAINTING, "(b) style II"),
                Cell(mixtures[0], "(c) large structures of I, strokes of II", show_metrics=False),
                Cell(mixtures[1], "(d) large structures of II, strokes of I", show_metrics=False),
            ),
            tuple(Cell(panel, f"painted with ({letter})") for letter, panel in zip("abcd", results, strict=True)),
        ),
        inputs=(Cell(PHOTO, "photo"),),
        caption=f"New paintings (c, d): a run starts from one painting and matches the Gram matrices of the other, "
        f"in the colours of the first, at {' and '.join(fine)} only, so that its fine structure changes and its large "
        "structures stay. They then serve "
        f"as styles in ordinary transfers. {settings_text(setup)}",
        departures=("weights of the new paintings are relative errors, in half of the evaluations", *DEPARTURES),
        claims=(
            claim(
                "correlation of light and dark between (c) and (d) and the painting of their large structures",
                "layout",
                "above",
                *mixtures,
                against=(PAINTING, SECOND_PAINTING),
                bound=0.7,
            ),
            claim(
                "Gram errors at these layers to the painting of the strokes: of (a) and (c), of (b) and (d)",
                "texture_distance",
                "falls",
                *(PAINTING, mixtures[0], SECOND_PAINTING, mixtures[1]),
                against=(strokes[0], strokes[0], strokes[1], strokes[1]),
                series=2,
                bound=1.0,
                layers=fine,
                rows=run.image_size,
            ),
        ),
    )


def fast_networks(setup: Setup) -> Figure:
    """Figure 6: colour control in a feed-forward network."""
    settings = (("rows", setup.rows(512)),)
    plain = TransformPanel("painted_at_once", (PHOTO, PAINTING), settings)
    luminances = TransformPanel("luminance", (PHOTO,)), TransformPanel("matched_luminance", (PAINTING, PHOTO))
    grey = with_colours(TransformPanel("painted_at_once", luminances, settings), PHOTO)
    before = TransformPanel("painted_at_once", (PHOTO, colours_matched(PAINTING, PHOTO)), settings)
    return Figure(
        title="Colour control in a feed-forward network",
        rows=(
            (Cell(PHOTO, "photo"), Cell(PAINTING, "painting"), None),
            (
                Cell(plain, "in one pass"),
                Cell(grey, "luminance only"),
                Cell(before, "colours matched first", inset=colours_matched(PAINTING, PHOTO)),
            ),
        ),
        caption="The colour controls of an optimisation also serve a network that paints in one pass: given "
        "luminances, its picture gets the photo's colours back; given a painting in the photo's colours, it paints in "
        "these.",
        departures=("the third picture is ours", "the embedded network paints instead of one for each painting"),
        claims=(
            claim(
                "distance of the colours from the photo's at the same places, in one pass, with matched colours and on "
                "luminance, in grey levels",
                "local_colour_distance",
                "falls",
                *(plain, before, grey),
                against=(PHOTO,),
            ),
        ),
    )


def coarse_to_fine(setup: Setup) -> Figure:
    """Figure 5: a large picture from a small one, and directly."""
    usual = painted(setup, PHOTO, PAINTING)
    small, rows = _sizes(usual.run.image_size)
    assert isinstance(usual.technique, Network)
    at_small, at_large = (
        replace(usual.technique, total_variation_weight=total_variation_weight(each)) for each in (small, rows)
    )
    coarse = replace(usual, technique=at_small, run=replace(usual.run, image_size=small))
    large = replace(usual, technique=at_large)
    fine = replace(large, run=_at(setup, rows, FINE_EVALUATIONS), init=coarse)
    direct = replace(large, run=_at(setup, rows, EVALUATIONS + FINE_EVALUATIONS))
    if small != ROWS:
        setup.differences["rows"] = f"{small} and {rows} rows instead of {ROWS} and {2 * ROWS}"
    ways: dict[str, TransferPanel] = {
        f"(a) {rows} rows directly": direct,
        f"(b) {rows} rows from (c)": fine,
        f"(c) {small} rows": coarse,
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
        caption="Receptive fields have a fixed size in pixels, so a run at many rows changes only small structures "
        "of the photo (a). A run that continues from fewer rows (b) keeps the large structures of the small picture "
        "(c) and paints the fine strokes of (a) on them; most of its evaluations are of the small picture, and cost "
        "less. Evaluations and seconds of (b) include those of (c); seconds include compilation, which may take most "
        f"of them. {settings_text(setup)}",
        departures=("the direct run has as many evaluations as both sizes together", *DEPARTURES),
        claims=(
            claim(
                "correlation of light and dark with (c), of (a) and (b)",
                "layout",
                "rises",
                *(direct, fine),
                against=(coarse,),
                bound=0.2,
            ),
            claim(
                "difference of light and dark from the photo, of (a) and (b), in grey levels",
                "local_luminance_distance",
                "rises",
                *(direct, fine),
                against=(PHOTO,),
                bound=0.1,
            ),
            claim("sizes of structures in (a) and (b), equal", "structure_size", "equal", direct, fine, bound=0.1),
        ),
    )


def _sizes(rows: int) -> tuple[int, int]:
    """Rows of the small picture and of the large one, where a picture of the other figures has `rows`."""
    if rows == ROWS:
        return rows, 2 * rows
    small = max(SIDE_MULTIPLE, min(COARSE_ROWS, rows // 2) // SIDE_MULTIPLE * SIDE_MULTIPLE)
    return small, FINER * small


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
    "control2017-4": Recipe(
        "scale control: large structures of one painting, strokes of another",
        f"{SOURCE}, figure 4",
        {"photo": "cat", "painting": "night", "second_painting": "harvest"},
        scale_control,
    ),
    "control2017-5": Recipe(
        "coarse to fine", f"{SOURCE}, figure 5", {"photo": "rocket", "painting": "night"}, coarse_to_fine
    ),
    "control2017-6": Recipe(
        "colour control in a feed-forward network",
        f"{SOURCE}, figure 6",
        {"photo": "coffee", "painting": "night"},
        fast_networks,
    ),
}
