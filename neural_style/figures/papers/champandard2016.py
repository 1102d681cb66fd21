"""Champandard 2016, Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks, arXiv:1603.01768: a
landscape from a doodle.

The paper matches patches of features to which the map is appended. That is not in this library: here each region has
Gram matrices of its own, which is what Keras' `neural_doodle.py` made of it (`neural_style.doodle`).
"""

from __future__ import annotations

from neural_style.doodle import NeuralDoodle
from neural_style.figures.panels import InputPanel, StyleInput, TransferPanel
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import PRESETS
from neural_style.reconstruction import Reconstruction

STYLE, STYLE_MAP, DOODLE = InputPanel("style"), InputPanel("style_map"), InputPanel("doodle")

"""Regions of the samples' maps."""

EVALUATIONS = 100
"""At each size, in the defaults of alexjc/neural-doodle, which has three sizes."""

SMALLEST = 48
"""Rows below which a small region has no position left at the deepest layers."""

SMOOTHNESS = 1e-8
"""Of the reconstruction, in relative errors, as in `neural_style.figures.papers.gatys2015`."""


DOODLE_SMOOTHNESS = {"plain": 1.5e-3, "improved": 6e-3}
"""Against the grain of the noise, which hardly any layer sees; times rows^2, as styles here are squared sums over
positions, and smoothness is a sum."""


def doodle(setup: Setup) -> Figure:
    """A painting, its regions, and the same regions somewhere else."""
    rows = setup.rows(512)
    sizes = (*(size for size in (rows // 4, rows // 2) if size >= SMALLEST), rows)
    run = setup.run(evaluations=EVALUATIONS, init="noise", sizes=sizes)
    firsts = setup.style_layers(*PRESETS["vgg19"].style_layers)

    def of(variant: str, layers: tuple[str, ...]) -> TransferPanel:
        technique = NeuralDoodle(
            **setup.network(),
            variant=variant,
            style_layers=layers,
            total_variation_weight=DOODLE_SMOOTHNESS[variant] * rows**2,
        )
        return TransferPanel(technique, None, (StyleInput(STYLE, label_map=STYLE_MAP),), run, label_map=DOODLE)

    texture = Reconstruction(
        of="style", layers=firsts, **setup.network(), normalization="relative", total_variation_weight=SMOOTHNESS
    )
    return Figure(
        title="A landscape from a doodle",
        rows=(
            (Cell(STYLE, "painting"), Cell(STYLE_MAP, "its regions"), Cell(DOODLE, "doodle")),
            (
                Cell(TransferPanel(texture, STYLE, (), run), "without regions"),
                Cell(of("plain", firsts), "Gram matrices by region"),
                Cell(of("improved", setup.layers), "improved: shifted, all layers"),
            ),
        ),
        caption="The texture of each region of the painting comes to where the doodle has its colour; without regions "
        f"it is everywhere. {' to '.join(map(str, sizes))} rows, from noise; doodles in units of "
        "titu1994/Neural-Style-Transfer, what has no regions in relative errors.",
        departures=(
            f"style layers {', '.join(firsts)}, or all, and not conv3_1 and conv4_1",
            "Gram matrices by region; the paper matches patches, which the library does not do",
            "more smoothness, against the grain of the noise",
        ),
    )


FIGURES = {
    "champandard2016": Recipe(
        "a landscape from a doodle, by Gram matrices of regions",
        "Champandard 2016, arXiv:1603.01768",
        {"style": "night", "style_map": "night_map", "doodle": "doodle_map"},
        doodle,
    )
}
