"""Layers and weights that techniques have by default, by network. Reading them starts no backend."""

from __future__ import annotations

from dataclasses import dataclass

TOTAL_VARIATION_WEIGHT = 8.5e-5
"""The value of the reference scripts."""

RELATIVE_CONTENT_WEIGHT = 0.05
"""Weight of the relative content error beside relative style errors."""

BALANCED_CONTENT_WEIGHT = 0.011
"""The same where content is compared at conv3_3: a balanced painting, chosen by looking at the pairs of
docs/techniques/paint.md, where 0.1 keeps a photo in other colours and 0.001 dissolves what is small."""

RELATIVE_TOTAL_VARIATION_WEIGHT = 1e-6
"""Weight of the mean TV beside relative errors: removes grain without blurring. The reference's value would make a
third of the loss."""


@dataclass(frozen=True)
class Preset:
    """Defaults that depend on the network.

    Attributes:
        content_layer: whose activations keep the layout.
        content_weight: in the units of titu1994.
        style_layers: whose Gram matrices make the texture.
        normalization: of `Network`.
        relative_content_weight: of `Network`, in relative units.
    """

    content_layer: str
    content_weight: float
    style_layers: tuple[str, ...]
    normalization: str = "titu1994"
    relative_content_weight: float = RELATIVE_CONTENT_WEIGHT


_FIRST_OF_EACH_BLOCK = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

# The presets of the VGG networks are those of titu1994/Neural-Style-Transfer. mini ends at block 3: tools/judge_mini.py
# judged it by these style layers, and at conv3_3, which holds much more of the photo than conv5_2, the reference's
# content weight would leave hardly more than the photo; in its units, which grow with the area, so does any other at
# some size. mini therefore has relative units, and the weight of `neural_style.painting`.
PRESETS = {
    "vgg16": Preset("conv5_2", 0.025, _FIRST_OF_EACH_BLOCK),
    "vgg19": Preset("conv5_2", 0.025, _FIRST_OF_EACH_BLOCK),
    "mini": Preset(
        "conv3_3",
        0.0025,
        ("conv1_1", "conv2_1", "conv3_1", "conv3_3"),
        normalization="relative",
        relative_content_weight=BALANCED_CONTENT_WEIGHT,
    ),
}
