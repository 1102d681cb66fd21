"""Li & Wand 2016, Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis (CVPR),
arXiv:1601.04589: patches against Gram matrices.
"""

from __future__ import annotations

from dataclasses import replace

from neural_style.figures.claims import claim
from neural_style.figures.panels import InputPanel, StyleInput, TransferPanel
from neural_style.figures.papers.gatys2015 import STYLE_LAYERS
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import Setup
from neural_style.network import Network

ROWS, EVALUATIONS = 384, 300
"""Of the authors' code (chuanli11/CNNMRF), which has 100 evaluations at each of three sizes."""

PATCH_LAYERS = ("conv3_1", "conv4_1")
CONTENT_LAYER = "conv4_2"

SHALLOW_CONTENT_WEIGHT = 0.15
"""Of patches where the weights of a VGG network end at the third block, chosen by comparing pictures of VGG-19: 0.11
dissolves the cat, and 0.2 keeps a photo in other colours. The default, 0.5, is for deep layers; that of mini is for
conv3_3."""

PHOTO, PAINTINGS = InputPanel("photo"), (InputPanel("painting"), InputPanel("second_painting"))


def patch_network(setup: Setup) -> Network:
    """The paper's layers, with average pooling like the other algorithms."""
    return Network(
        **setup.network(),
        pooling="ave",
        style_loss="patches",
        content_layer=setup.layer(CONTENT_LAYER),
        style_layers=setup.style_layers(*PATCH_LAYERS),
    )


def patch_weight(setup: Setup) -> float | None:
    """The content weight of patches: the default, and less where a shallower layer replaces the paper's."""
    layer = setup.layer(CONTENT_LAYER)
    if layer == CONTENT_LAYER or setup.model == "mini":
        return None
    setup.differences["patch weight"] = f"content_weight {SHALLOW_CONTENT_WEIGHT} at {layer} with patches"
    return SHALLOW_CONTENT_WEIGHT


def patches(setup: Setup) -> Figure:
    """Patches of features against Gram matrices, with equal content errors."""
    run = setup.run(rows=ROWS, evaluations=EVALUATIONS)
    usual = patch_network(setup)
    by_patches = replace(usual, content_weight=patch_weight(setup))
    by_gram = replace(
        usual, style_loss="gram", normalization="relative", style_layers=setup.style_layers(*STYLE_LAYERS)
    )
    layers = setup.style_layers(*PATCH_LAYERS)
    rows, panels = [], []
    for painting in PAINTINGS:
        matched = TransferPanel(by_patches, PHOTO, (StyleInput(painting),), run)
        gram = replace(matched, technique=by_gram, content_like=matched)
        rows.append((Cell(painting, "painting"), Cell(gram, "Gram matrices"), Cell(matched, "patches")))
        panels.append((gram, matched))
    flat = [panel for pair in panels for panel in pair]
    return Figure(
        title="Patches against Gram matrices",
        rows=tuple(rows),
        inputs=(Cell(PHOTO, "photo"),),
        caption="Gram matrices have the painting's statistics as a whole and mix its parts; patches of activations at "
        f"{' and '.join(layers)} each become like the nearest patch of the painting and so keep its strokes whole, and "
        "leave out parts of the painting that are like nothing in the photo. Content weights are chosen so that both "
        "have the same content error. All start from the photo; relative errors, average pooling.",
        departures=(
            "patches of 3 x 3 with a stride of 1 and without rotated and scaled copies, at one size",
            "weights are ours",
        ),
        claims=(
            claim("content errors, equal", "content_error", "equal", *flat, series=2, bound=0.07),
            claim(
                f"distance from the painting's nearest patches at {layers[0]}, with Gram matrices and with patches",
                "patch_error",
                "falls",
                *flat,
                against=tuple(painting for painting in PAINTINGS for _ in range(2)),
                series=2,
                layer=layers[0],
            ),
            claim("Gram errors of both", "gram_error", "rises", *flat, series=2),
        ),
    )


FIGURES = {
    "li2016": Recipe(
        "patches against Gram matrices",
        "Li & Wand 2016, arXiv:1601.04589",
        {"photo": "cat", "painting": "night", "second_painting": "harvest"},
        patches,
    )
}
