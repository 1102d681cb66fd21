"""Champandard 2016, Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks, arXiv:1603.01768: a
landscape from a doodle.

The paper matches patches of features with the label map appended. Beside it stand Gram matrices for each region, as in
Keras' `neural_doodle.py` (`neural_style.doodle`).
"""

from __future__ import annotations

from neural_style.doodle import NeuralDoodle
from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel
from neural_style.figures.papers.gatys2015 import RECONSTRUCTION_VARIATION_WEIGHT
from neural_style.figures.papers.li2016 import PATCH_LAYERS
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.objectives.presets import PRESETS
from neural_style.reconstruction import Reconstruction

STYLE, STYLE_MAP, DOODLE = InputPanel("style"), InputPanel("style_map"), InputPanel("doodle")

EVALUATIONS = 100
"""At each size, by the defaults of alexjc/neural-doodle, which has three sizes."""

SMALLEST = 48
"""Below these rows a small region has no position left at the deepest layers."""

DOODLE_VARIATION_WEIGHT = {"plain": 1.5e-3, "improved": 6e-3}
"""Weight of total variation, divided by rows^2, because styles here are squared sums over positions and total variation
is a plain sum. It removes the grain of the noise, which hardly any layer responds to."""


def doodle(setup: Setup) -> Figure:
    """A painting, its regions, and a doodle with the same regions elsewhere."""
    rows = setup.rows(512)
    sizes = (*(size for size in (rows // 4, rows // 2) if size >= SMALLEST), rows)
    run = setup.run(evaluations=EVALUATIONS, init="noise", sizes=sizes)
    layers = setup.style_layers(*PRESETS["vgg19"].style_layers)

    def doodled(variant: str, layers: tuple[str, ...]) -> TransferPanel:
        technique = NeuralDoodle(
            **setup.network(),
            variant=variant,
            style_layers=layers,
            content_weight=0.0,  # there is no photo
            total_variation_weight=None if variant == "patches" else DOODLE_VARIATION_WEIGHT[variant] * rows**2,
        )
        return TransferPanel(technique, None, (StyleInput(STYLE, label_map=STYLE_MAP),), run, label_map=DOODLE)

    texture = Reconstruction(
        of="style",
        layers=layers,
        **setup.network(),
        normalization="relative",
        total_variation_weight=RECONSTRUCTION_VARIATION_WEIGHT["style"],
    )
    plain, improved = doodled("plain", layers), doodled("improved", setup.layers)
    matched = setup.style_layers(*PATCH_LAYERS)
    patches = doodled("patches", matched)
    free = TransferPanel(texture, STYLE, (), run)
    return Figure(
        title="A landscape from a doodle",
        rows=(
            (Cell(STYLE, "painting"), Cell(STYLE_MAP, "its regions"), Cell(DOODLE, "doodle")),
            (
                Cell(free, "without regions"),
                Cell(plain, "Gram matrices by region"),
                Cell(improved, "improved: shifted, all layers"),
                Cell(patches, "patches"),
            ),
        ),
        caption="Each region of the doodle gets the texture of the painting's region with the same colour; without "
        f"regions, textures spread everywhere. {' to '.join(map(str, sizes))} rows, from noise; weights in the units "
        "of titu1994/Neural-Style-Transfer, in relative errors without regions and with patches.",
        departures=(
            f"Gram matrices are of {', '.join(layers)}, or of all layers, and patches of {', '.join(matched)}",
            "a total variation term removes the grain of the noise",
        ),
        claims=_claims(free, plain, improved, patches),
    )


def _claims(free: TransferPanel, *by_region: TransferPanel) -> tuple[Measurement, ...]:
    return (
        claim(
            "distance of the colours from the doodle's at the same places, by region, in grey levels",
            "local_colour_distance",
            "below",
            *by_region,
            against=(DOODLE,),
            bound=60.0,
        ),
        claim(
            "correlation of light and dark with the doodle, without regions and by region",
            "layout",
            "rises",
            *(panel for each in by_region for panel in (free, each)),
            against=(DOODLE,),
            series=2,
            bound=0.5,
        ),
    )


FIGURES = {
    "champandard2016": Recipe(
        "a landscape from a doodle, with Gram matrices by region and with patches",
        "Champandard 2016, arXiv:1603.01768",
        {"style": "night", "style_map": "night_map", "doodle": "doodle_map"},
        doodle,
    )
}
