"""The style losses of this library beside each other: no figure of a paper."""

from __future__ import annotations

from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, StyleInput, TransferPanel
from neural_style.figures.papers import li2016
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network
from neural_style.objectives.transfer_loss import MATCHED, STYLE_LOSSES

ROWS = 384
PHOTO, PAINTINGS = InputPanel("photo"), (InputPanel("painting"), InputPanel("second_painting"))

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
CONTENT_LAYER = "conv4_2"


def losses(setup: Setup) -> Figure:
    """Every style loss on two paintings, in relative units with its default weights."""
    run = setup.run(rows=ROWS)
    layers = setup.style_layers(*STYLE_LAYERS)

    def panel(style_loss: str, painting: InputPanel) -> TransferPanel:
        by_patches = style_loss == "patches"
        technique = Network(
            **setup.network(),
            pooling="ave",
            normalization="relative",
            style_loss=style_loss,
            content_layer=setup.layer(CONTENT_LAYER),
            content_weight=li2016.patch_weight(setup) if by_patches else None,
            style_layers=setup.style_layers(*li2016.PATCH_LAYERS) if by_patches else layers,
        )
        return TransferPanel(technique, PHOTO, (StyleInput(painting),), run)

    panels = {name: [panel(name, painting) for painting in PAINTINGS] for name in STYLE_LOSSES}
    statistics = [each for name, pair in panels.items() if name not in MATCHED for each in pair]
    nearest = [each for name in ("gram", *MATCHED) for each in panels[name]]
    return Figure(
        title="Style losses",
        rows=tuple(
            tuple(Cell(each, show_time=True, inset=each.styles[0].picture) for each in pair)
            for pair in zip(*panels.values(), strict=True)
        ),
        inputs=(Cell(PHOTO, "photo"),),
        column_labels=tuple(STYLE_LOSSES),
        caption="From left to right: Gram matrices; Wasserstein distance between Gaussians; means and deviations; "
        "sliced Wasserstein distance; nearest patches; nearest hypercolumns. All but Gram matrices compare more, or "
        "less, than correlations. Default weights, relative errors, average pooling, from the photo.",
        departures=("the comparison is ours",),
        claims=(
            claim(
                "Gram errors of the losses that compare whole pictures", "gram_error", "below", *statistics, bound=0.2
            ),
            claim(
                "distance from the painting's nearest patches with gram, patches and neighbours",
                "patch_error",
                "above",
                *nearest,
                against=PAINTINGS * 3,
                layer=setup.layer("conv3_1"),
            ),
        ),
    )


FIGURES = {
    "losses": Recipe(
        "the style losses of this library",
        "ours",
        {"photo": "cat", "painting": "night", "second_painting": "harvest"},
        losses,
    )
}
