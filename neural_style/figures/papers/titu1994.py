"""titu1994/Neural-Style-Transfer: the comparisons of its README and guide, with `Network` in the reference's units.

The reference states weights and iterations in some places only; the others are its defaults, or marked as ours.
"""

from __future__ import annotations

from typing import Any, TypeVar

from neural_style.figures.panels import InputPanel, StyleInput, TransferPanel
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
    painted = [
        Cell(
            TransferPanel(
                reference(setup, Network, content_weight=float(content)),
                PHOTO,
                (StyleInput(PAINTING, weight=float(style)),),
                run,
            ),
            f"style {style}, content {content}",
        )
        for style, content in pairs
    ]
    return Figure(
        title="Style weight against content weight",
        rows=(tuple(painted),),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting")),
        caption="The higher the style weight, the less of the photo remains; the fine grain comes from max pooling. "
        f"All start from the photo; content {setup.layer(CONTENT_LAYER)}.",
        departures=("the number of evaluations is the scripts' default, because the README states none",),
    )


def styles(setup: Setup) -> Figure:
    """Two styles in one picture, from the README."""
    run = setup.run(rows=ROWS, evaluations=1000)
    painted = [
        Cell(
            TransferPanel(
                reference(setup, Network), PHOTO, (StyleInput(PAINTING), StyleInput(SECOND, weight=weight)), run
            ),
            f"painting 1, second painting {weight:g}",
        )
        for weight in (0.2, 0.4, 1.0)
    ]
    return Figure(
        title="Two styles in one picture",
        rows=(tuple(painted),),
        inputs=(Cell(PHOTO, "photo"), Cell(PAINTING, "painting"), Cell(SECOND, "second painting")),
        caption="The weight of the second painting grows from left to right. Max pooling, content "
        f"{setup.layer(CONTENT_LAYER)}; all start from the photo. Numbers for the first painting stand before those "
        "for the second.",
    )


def pooling(setup: Setup) -> Figure:
    """Max against average pooling, which the guide suggests for Starry Night."""
    run = setup.run(rows=ROWS, evaluations=EVALUATIONS)
    names = {"max": "max pooling", "ave": "average pooling"}
    rows = tuple(
        tuple(
            Cell(
                TransferPanel(reference(setup, Network, pooling=kind), PHOTO, (StyleInput(painting),), run),
                inset=painting,
            )
            for kind in names
        )
        for painting in (PAINTING, SECOND)
    )
    return Figure(
        title="Max against average pooling",
        rows=rows,
        inputs=(Cell(PHOTO, "photo"),),
        column_labels=tuple(names.values()),
        caption="The same settings with both kinds of pooling: max pooling keeps the peaks of the activations, average "
        f"pooling their mean. Content {setup.layer(CONTENT_LAYER)}; all start from the photo.",
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
    )


SOURCE = "titu1994/Neural-Style-Transfer"
PAIR = {"photo": "rocket", "painting": "night"}

TRIO = {**PAIR, "second_painting": "harvest"}

FIGURES = {
    "titu1994-ratios": Recipe("style weight against content weight", f"{SOURCE}, README", PAIR, ratios, "vgg16"),
    "titu1994-styles": Recipe("two styles with weights", f"{SOURCE}, README", TRIO, styles, "vgg16"),
    "titu1994-pooling": Recipe("max against average pooling", f"{SOURCE}, README and Guide", TRIO, pooling, "vgg16"),
    "titu1994-init": Recipe("initial images", f"{SOURCE}, README", TRIO, initial_images, "vgg16"),
}
