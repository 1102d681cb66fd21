"""Gatys, Bethge, Hertzmann & Shechtman 2016, Preserving Color in Neural Artistic Style Transfer, arXiv:1606.05897:
figures 1 to 6.

Network and units are those of `neural_style.figures.papers.gatys2015`. Runs start from the photo, as in the authors'
code.
"""

from __future__ import annotations

from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, Picture, StyleInput, TransferPanel, TransformPanel
from neural_style.figures.papers.gatys2015 import CONTENT_LAYER, author_network
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup

RATIO = 1e-3
"""From the authors' code (leongatys/NeuralImageSynthesis: a content weight of 1e6, a style weight of 1e9)."""

EVALUATIONS = 500
"""From the authors' code at 512 rows; the paper states no number."""

METHOD = "pca"
"""The authors' choice, the linear map of Image Analogies."""

SHADOW = (0.5, 0.5, 1.0, 1.0)
"""Part of the sample `harvest` with a violet shadow: top, left, bottom and right, as fractions of the sides."""

STROKES = (0.25, 0.15, 0.65, 0.55)
"""Part of the photo with borders of colours."""

PHOTO, PAINTING = InputPanel("photo"), InputPanel("painting")
SECOND_PHOTO, SECOND_PAINTING = InputPanel("second_photo"), InputPanel("second_painting")

DEPARTURES = ("a weak total variation term is added",)


def painted(setup: Setup, photo: Picture, painting: Picture, *, ratio: float = RATIO) -> TransferPanel:
    """A plain transfer; all others here differ from it in their pictures only."""
    run = setup.run(evaluations=EVALUATIONS, init="content")
    return TransferPanel(author_network(setup, ratio=ratio), photo, (StyleInput(painting),), run)


def colours_matched(painting: Picture, photo: Picture, *, method: str = METHOD) -> TransformPanel:
    """The painting in the photo's colours."""
    return TransformPanel("matched_colours", (painting, photo), (("method", method),))


def colours_before(setup: Setup, photo: Picture, painting: Picture, *, method: str = METHOD) -> TransferPanel:
    """A transfer of the painting in the photo's colours."""
    return painted(setup, photo, colours_matched(painting, photo, method=method))


def on_luminance(setup: Setup, photo: Picture, painting: Picture, *, matched: bool = True) -> TransferPanel:
    """A transfer between luminances, the painting's `matched` to the photo's or as it is."""
    grey = (
        TransformPanel("matched_luminance", (painting, photo)) if matched else TransformPanel("luminance", (painting,))
    )
    return painted(setup, TransformPanel("luminance", (photo,)), grey)


def with_colours(grey: Picture, photo: Picture) -> TransformPanel:
    """The luminance of a picture with I and Q of the photo."""
    return TransformPanel("recombined", (grey, photo))


def two_ways(setup: Setup) -> Figure:
    """Figures 1 and 2: a plain transfer, one with matched colours, and one on luminance only."""
    plain, before = painted(setup, PHOTO, PAINTING), colours_before(setup, PHOTO, PAINTING)
    grey = with_colours(on_luminance(setup, PHOTO, PAINTING), PHOTO)
    return Figure(
        title="Two ways to preserve the colours of a photo",
        rows=(
            (Cell(PHOTO, "(a) photo"), Cell(PAINTING, "(b) painting"), None),
            (
                Cell(plain, "(c) plain transfer"),
                Cell(before, "(d) the painting in the photo's colours", inset=colours_matched(PAINTING, PHOTO)),
                Cell(
                    grey,
                    "(e) luminance only",
                    inset=TransformPanel("matched_luminance", (PAINTING, PHOTO)),
                ),
            ),
        ),
        caption="A plain transfer (c) brings the painting's colours with it. If the painting gets the photo's colours "
        "first (d, inset), each stroke keeps one colour, but not the one that the photo has there; a transfer on "
        f"luminance (e) leaves every colour where it was. {settings_text(setup)}",
        departures=DEPARTURES,
        claims=(
            claim(
                "distance of the colours from the photo's at the same places, in grey levels",
                "local_colour_distance",
                "falls",
                *(plain, before, grey),
                against=(PHOTO,),
            ),
        ),
    )


def linear_maps(setup: Setup) -> Figure:
    """Figure 3: paintings with the photo's mean and covariance of colours by three linear maps, and their transfers."""
    methods = {"cholesky": "(a) Cholesky", "pca": "(b) Image Analogies", "monge_kantorovich": "Monge-Kantorovich"}
    recoloured = [colours_matched(PAINTING, PHOTO, method=method) for method in methods]

    def enlarged(picture: Picture) -> TransformPanel:
        return TransformPanel("cropped", (picture,), (("box", SHADOW),))

    return Figure(
        title="Linear maps of colours",
        rows=(
            tuple(map(Cell, recoloured)),
            tuple(Cell(enlarged(picture)) for picture in recoloured),
            tuple(Cell(colours_before(setup, PHOTO, PAINTING, method=method)) for method in methods),
        ),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting"), Cell(enlarged(PAINTING), "enlarged part")),
        row_labels=("recoloured painting", "enlarged part", "result"),
        column_labels=tuple(methods.values()),
        caption="All three maps give the painting the mean and covariance of the photo's colours. They differ by a "
        "rotation, and so in which colour becomes which: violet shadows become red with Cholesky, which depends on the "
        "order of the channels, and stay violet with Image Analogies (pca) and Monge-Kantorovich, which moves colours "
        "the least. The pictures painted with them differ less than the paintings. "
        f"{settings_text(setup)}",
        departures=("the third column and the enlarged part are ours", *DEPARTURES),
        claims=(
            claim(
                "distance of the recoloured paintings from the painting, in grey levels",
                "pixel_distance",
                "falls",
                *recoloured,
                against=(PAINTING,),
            ),
            claim(
                "distance from Image Analogies in the enlarged part, in grey levels",
                "pixel_distance",
                "falls",
                *(enlarged(each) for each in (recoloured[0], recoloured[2])),
                against=(enlarged(recoloured[1]),),
                bound=1.0,
            ),
        ),
    )


def before_or_after(setup: Setup) -> Figure:
    """Figure 4: colours matched before the transfer and after it."""
    pairs = ((PHOTO, PAINTING), (SECOND_PHOTO, SECOND_PAINTING))
    made = [
        (
            colours_before(setup, photo, painting),
            TransformPanel("recoloured", (painted(setup, photo, painting), photo), (("method", METHOD),)),
        )
        for photo, painting in pairs
    ]
    rows = tuple(
        (
            Cell(photo, "photo", inset=painting),
            Cell(before, f"({letters[0]}) before the transfer"),
            Cell(after, f"({letters[1]}) after the transfer"),
        )
        for (photo, painting), (before, after), letters in zip(pairs, made, ("ab", "cd"), strict=True)
    )
    return Figure(
        title="Colours matched before the transfer and after it",
        rows=rows,
        caption="Before: the painting gets the photo's colours and is then transferred. After: the result of a plain "
        "transfer gets them as a whole. What the transfer changed stays changed: parts that are bright in the photo "
        f"may be dark, and vice versa. The map is that of Image Analogies. {settings_text(setup)}",
        departures=DEPARTURES,
        claims=(
            claim(
                "distance of light and dark from the photo's, before and after, in grey levels",
                "local_luminance_distance",
                "rises",
                *(picture for pair in made for picture in pair),
                against=(PHOTO, PHOTO, SECOND_PHOTO, SECOND_PHOTO),
                series=2,
                bound=0.2,
            ),
        ),
    )


def luminance_only(setup: Setup) -> Figure:
    """Figure 5: a transfer on luminance, with the painting's as it is and matched to the photo's."""
    plain, matched = (on_luminance(setup, PHOTO, PAINTING, matched=value) for value in (False, True))
    grey = TransformPanel("luminance", (PHOTO,))
    return Figure(
        title="Transfer on luminance only",
        rows=(
            (
                Cell(grey, "(a) luminance of the photo"),
                Cell(plain, "(c) transfer on luminance", inset=TransformPanel("luminance", (PAINTING,))),
                Cell(
                    matched,
                    "(e) the painting's luminance matched first",
                    inset=TransformPanel("matched_luminance", (PAINTING, PHOTO)),
                ),
            ),
            (
                Cell(TransformPanel("chroma", (PHOTO,)), "(b) I and Q of the photo"),
                Cell(with_colours(plain, PHOTO), "(d) = (c) with I and Q"),
                Cell(with_colours(matched, PHOTO), "(f) = (e) with I and Q"),
            ),
        ),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="Photo and painting (inset) are reduced to luminance, and the result gets the photo's colours back. "
        "For a painting darker or brighter than the photo, mean and deviation of luminance are matched first (e, f). "
        f"{settings_text(setup)}",
        departures=DEPARTURES,
        claims=(
            claim(
                "distance of light and dark from the photo's in (c) and (e), in grey levels",
                "local_luminance_distance",
                "falls",
                *(plain, matched),
                against=(grey,),
                bound=0.2,
            ),
        ),
    )


def pros_and_cons(setup: Setup) -> Figure:
    """Figure 6: enlarged parts, in which strokes have one colour or the colours cross them."""
    before, matched = colours_before(setup, PHOTO, PAINTING), on_luminance(setup, PHOTO, PAINTING)
    grey = with_colours(matched, PHOTO)
    photo = TransformPanel("resized", (PHOTO,), (("rows", setup.rows(512)),))
    titles: dict[str, Picture] = {"photo": photo, "(a) luminance only": grey, "(b) colours matched": before}

    def enlarged(picture: Picture) -> TransformPanel:
        return TransformPanel("cropped", (picture,), (("box", STROKES),))

    return Figure(
        title="Luminance only against matched colours",
        rows=(
            tuple(Cell(picture, title, show_metrics=False) for title, picture in titles.items()),
            tuple(Cell(enlarged(picture), "enlarged part", show_metrics=False) for picture in titles.values()),
        ),
        inputs=(Cell(PAINTING, "painting"),),
        caption="On luminance (a) each place keeps the photo's colour exactly, and strokes of the painting run across "
        "the borders of colours. With matched colours (b) each stroke has a colour of its own, and the colours are the "
        f"photo's only as a whole. {settings_text(setup)}",
        departures=DEPARTURES,
        claims=(
            claim(
                "distance of the colours from the photo's, pixel by pixel, in (a) and (b), in grey levels",
                "chroma_distance",
                "rises",
                *(grey, before),
                against=(PHOTO,),
                bound=1.0,
            ),
            claim("variation of colour from pixel to pixel in (a) and (b)", "chroma_variation", "rises", grey, before),
        ),
    )


def settings_text(setup: Setup, *, ratio: float = RATIO) -> str:
    """The settings that all pictures here share, for a caption."""
    return (
        f"Content {setup.layer(CONTENT_LAYER)}; authors' units on the normalised network, alpha/beta = "
        f"{setup.ratio(ratio):g}, average pooling, from the photo."
    )


SOURCE = "Gatys, Bethge, Hertzmann & Shechtman 2016, arXiv:1606.05897"
PAIR = {"photo": "coffee", "painting": "night"}
SECOND_PAIR = {"photo": "rocket", "painting": "cells"}
DARK_AND_BRIGHT = {"photo": "rocket", "painting": "harvest"}
MANY_COLOURED = {"photo": "portrait", "painting": "harvest"}
TWO_PAIRS = {
    "photo": "portrait",
    "painting": "night",
    **{f"second_{name}": sample for name, sample in DARK_AND_BRIGHT.items()},
}

FIGURES = {
    "color2016-1": Recipe("two ways to preserve a photo's colours", f"{SOURCE}, figure 1", PAIR, two_ways),
    "color2016-2": Recipe("the same with another pair", f"{SOURCE}, figure 2", SECOND_PAIR, two_ways),
    "color2016-3": Recipe("linear maps of colours", f"{SOURCE}, figure 3", MANY_COLOURED, linear_maps),
    "color2016-4": Recipe(
        "colours matched before and after a transfer", f"{SOURCE}, figure 4", TWO_PAIRS, before_or_after
    ),
    "color2016-5": Recipe("transfer on luminance only", f"{SOURCE}, figure 5", DARK_AND_BRIGHT, luminance_only),
    "color2016-6": Recipe("luminance only against matched colours", f"{SOURCE}, figure 6", PAIR, pros_and_cons),
}
