"""titu1994/Neural-Style-Transfer: the comparisons of its README and guide, with `Network` in the reference's units.

The reference states weights and iterations in some places only; the others are its defaults, or marked as ours.
"""

from __future__ import annotations

from typing import Any, TypeVar

from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, StyleInput, TransferPanel, TransformPanel
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network, TransferTechnique
from neural_style.objectives.presets import TOTAL_VARIATION_WEIGHT

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv5_2"
ROWS = 400
EVALUATIONS = 200
"""The ten iterations of its default."""

CONTENT_WEIGHT = 0.025

SHALLOW_FACTOR = 0.1
"""Factor on the content weight where a layer of the third block replaces the paper's, which keeps much more of a photo:
the ratio of mini's default content weight to that of the other networks."""

ZOOM = (0.3, 0.15, 0.8, 0.65)
"""An enlarged part: top, left, bottom and right, as fractions of the sides."""

PHOTO, PAINTING, SECOND = InputPanel("photo"), InputPanel("painting"), InputPanel("second_painting")

_Technique = TypeVar("_Technique", bound=TransferTechnique)


def reference(
    setup: Setup,
    technique: type[_Technique],
    *,
    paper: str = "vgg16",
    rows: int = ROWS,
    content_weight: float = CONTENT_WEIGHT,
    **settings: Any,
) -> _Technique:
    """A technique with the layers and weights of the reference scripts, whose pictures have `rows` rows.

    In their units content and total variation are sums over pixels, and the style is not. For smaller pictures their
    weights are multiplied by the ratio of numbers of pixels; otherwise little of the photo would remain.
    """
    content_layer = setup.layer(CONTENT_LAYER)
    factor = (rows / setup.rows(rows)) ** 2
    if factor != 1:
        setup.differences["sums"] = (
            f"content_weight and total_variation_weight times {factor:.3g}, the ratio of numbers of pixels"
        )
    if content_layer != CONTENT_LAYER:
        content_weight *= SHALLOW_FACTOR
        setup.differences["content_weight"] = f"content_weight times {SHALLOW_FACTOR} at {content_layer}"
    chosen = {
        "content_layer": content_layer,
        "content_weight": content_weight * factor,
        "style_layers": setup.style_layers(*STYLE_LAYERS),
        "total_variation_weight": TOTAL_VARIATION_WEIGHT * factor,
        "pooling": "max",
        "padding": "none",
        **({"normalization": "titu1994"} if issubclass(technique, Network) else {}),
    }
    return technique(**setup.network(paper), **{**chosen, **settings})


def ratios(setup: Setup) -> Figure:
    """Style weight against content weight, from the README."""
    run = setup.run(rows=ROWS, evaluations=EVALUATIONS)
    pairs = ((1, 1000), (1, 1), (1000, 1))
    panels = [
        TransferPanel(
            reference(setup, Network, content_weight=float(content)),
            PHOTO,
            (StyleInput(PAINTING, weight=float(style)),),
            run,
        )
        for style, content in pairs
    ]
    painted = [
        Cell(panel, f"style {style}, content {content}") for panel, (style, content) in zip(panels, pairs, strict=True)
    ]
    return Figure(
        title="Style weight against content weight",
        rows=(tuple(painted),),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="The higher the style weight, the less of the photo remains. All start from the "
        f"photo; content {setup.layer(CONTENT_LAYER)}.",
        departures=("the number of evaluations is the scripts' default, because the README states none",),
        claims=(
            claim("SSIM with the photo", "similarity", "falls", *panels, against=(PHOTO,)),
            claim("Gram errors", "gram_error", "falls", *panels),
        ),
    )


def styles(setup: Setup) -> Figure:
    """Two styles in one picture, from the README."""
    run = setup.run(rows=ROWS, evaluations=1000)
    panels = {
        weight: TransferPanel(
            reference(setup, Network), PHOTO, (StyleInput(PAINTING), StyleInput(SECOND, weight=weight)), run
        )
        for weight in (0.2, 0.4, 1.0)
    }
    painted = [Cell(panel, f"painting 1, second painting {weight:g}") for weight, panel in panels.items()]
    return Figure(
        title="Two styles in one picture",
        rows=(tuple(painted),),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting"), Cell(SECOND, "second painting")),
        caption="The weight of the second painting grows from left to right. Max pooling, content "
        f"{setup.layer(CONTENT_LAYER)}; all start from the photo. Numbers for the first painting stand before those "
        "for the second.",
        claims=(
            claim("Gram errors to the second painting", "gram_error", "falls", *panels.values(), style=1, bound=1.0),
            claim(
                "distance of the colours from the second painting's, in grey levels",
                "colour_distance",
                "falls",
                *panels.values(),
                against=(SECOND,),
                bound=0.3,
            ),
        ),
    )


def pooling(setup: Setup) -> Figure:
    """Max against average pooling, which the guide suggests for Starry Night."""
    run = setup.run(rows=ROWS, evaluations=EVALUATIONS)
    names = {"max": "max pooling", "ave": "average pooling"}
    panels = [
        [TransferPanel(reference(setup, Network, pooling=kind), PHOTO, (StyleInput(painting),), run) for kind in names]
        for painting in (PAINTING, SECOND)
    ]

    flat = [panel for pair in panels for panel in pair]

    def enlarged(panel: TransferPanel) -> Cell:
        return Cell(TransformPanel("cropped", (panel,), (("box", ZOOM),)))

    return Figure(
        title="Max against average pooling",
        rows=tuple(
            (*(Cell(each, inset=each.styles[0].picture) for each in pair), *map(enlarged, pair)) for pair in panels
        ),
        inputs=(Cell(PHOTO, "photo"),),
        column_labels=(*names.values(), *(f"{name}, enlarged" for name in names.values())),
        caption="The same settings with both kinds of pooling: max pooling keeps the peaks of the activations, average "
        "pooling their mean. As wholes the pictures are much alike. With average pooling contrasts are stronger, and a "
        "chequered grain is left in bright parts, because pixels exchanged within an average do not change it. "
        f"Content {setup.layer(CONTENT_LAYER)}; all start from the photo.",
        departures=("the enlarged parts are ours",),
        claims=(
            claim(
                "variation from pixel to pixel, with max and average pooling",
                "variation",
                "rises",
                *flat,
                series=2,
            ),
            claim("shares of clipped pixels", "clipped_share", "rises", *flat, series=2),
        ),
    )


def initial_images(setup: Setup) -> Figure:
    """The initial images of the scripts."""
    run = setup.run(rows=ROWS, evaluations=EVALUATIONS)
    technique = reference(setup, Network)
    named = [
        Cell(
            TransferPanel(
                technique, PHOTO, (StyleInput(PAINTING),), setup.run(rows=ROWS, evaluations=EVALUATIONS, init=init)
            ),
            f"from {init}",
        )
        for init in ("content", "gray", "noise")
    ]
    picture = TransferPanel(technique, PHOTO, (StyleInput(PAINTING),), run, init=SECOND)
    from_content, _, from_noise = (cell.picture for cell in named)
    return Figure(
        title="Initial images",
        rows=((*named, Cell(picture, "from a picture", inset=SECOND)),),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="One objective from four initial images: the photo, the photo in grey, noise, and another picture "
        "(inset). After so few evaluations traces of the initial image are still visible. Max pooling, content "
        f"{setup.layer(CONTENT_LAYER)}.",
        departures=(
            "gray starts from the photo in grey, and the content's activations are those of the photo in colour",
        ),
        claims=(
            claim(
                "SSIM with the photo, from content and from noise",
                "similarity",
                "falls",
                *(from_content, from_noise),
                against=(PHOTO,),
            ),
            claim(
                "SSIM with the other picture, from it and from noise",
                "similarity",
                "falls",
                *(picture, from_noise),
                against=(SECOND,),
            ),
        ),
    )


SOURCE = "titu1994/Neural-Style-Transfer"
PAIR = {"photo": "rocket", "painting": "night"}

TRIO = {**PAIR, "second_painting": "harvest"}
BRIGHT = {**TRIO, "photo": "cat"}
"""On a dark photo two paintings hardly differ."""

FIGURES = {
    "titu1994-ratios": Recipe("style weight against content weight", f"{SOURCE}, README", PAIR, ratios, "vgg16"),
    "titu1994-styles": Recipe("two styles with weights", f"{SOURCE}, README", BRIGHT, styles, "vgg16"),
    "titu1994-pooling": Recipe("max against average pooling", f"{SOURCE}, README and Guide", BRIGHT, pooling, "vgg16"),
    "titu1994-init": Recipe("initial images", f"{SOURCE}, README", TRIO, initial_images, "vgg16"),
}
