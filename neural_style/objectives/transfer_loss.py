"""The loss of a transfer as data: layers, weights and units. Reading it starts no backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from neural_style.inputs import Inputs

PADDINGS = ("none", "reflect")
"""What lies beyond the borders of the pastiche; see `neural_style.objectives.canvas.Canvas`."""


@dataclass(frozen=True)
class TransferLoss:
    """Which layers are compared, with which weights and in which units.

    The objective is::

        content_weight * sum_l content[l] * L(F_l(x), F_l(c))
            + sum_j w_j style_scale * sum_k style[k] * S(G_k(x), G_k(s_j)) + total_variation_weight * TV(x)

    for content layers l, layers or pairs of neighbouring layers k, and styles s_j of weight w_j.

    Attributes:
        content: factor of each content layer's loss.
        style: factor of each style loss, by its layer, or by a layer and its deeper neighbour.
        content_weight, style_scale, total_variation_weight: see above; a part of weight 0 is left out.
        normalization: units of content and style; see `neural_style.objectives.terms`.
        mean_total_variation: divide TV by the number of its differences, 3 (H - 1) (W - 1).
        content_loss_type: of `titu1994`.
        content_power: of `relative`, to which each content error is raised.
        shift: added to every activation before correlations are taken.
        mask_normalization, guide_propagation: see `neural_style.masks.guidance.Guides`.
        padding: of the pastiche, see `neural_style.objectives.canvas.Canvas`.
        style_name: of a style's terms, before the layers.
    """

    content: Mapping[str, float]
    style: Mapping[tuple[str, ...], float]
    content_weight: float
    style_scale: float
    total_variation_weight: float
    normalization: str
    mean_total_variation: bool = False
    content_loss_type: int = 0
    content_power: float = 1.0
    shift: float = 0.0
    mask_normalization: str = "titu1994"
    guide_propagation: str = "simple"
    padding: str = "none"
    style_name: str = "style.{index}"

    def is_zero(self, inputs: Inputs) -> bool:
        """Whether nothing is left to optimise with these styles."""
        style = self.style_scale * sum(style.weight for style in inputs.styles) * any(self.style.values())
        content = self.content_weight * any(self.content.values())
        return not (content or self.total_variation_weight or style)
