"""The loss of a transfer as data: layers, weights and units. Reading it starts no backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neural_style.errors import InvalidInputError
from neural_style.inputs import Inputs
from neural_style.validation import MAX_COUNT, check_choice, check_count

PADDINGS = ("none", "reflect")
"""What lies beyond the borders of the pastiche; see `neural_style.objectives.canvas.Canvas`."""

STYLE_LOSSES = ("gram", "wasserstein", "moments", "sliced", "patches", "neighbours")
"""What compares pastiche and painting; see `neural_style.objectives.style_losses`."""

MASK_NORMALIZATIONS = ("titu1994", "gatys2017")
GUIDE_PROPAGATIONS = ("simple", "zoom", "inside", "all")
"""See `neural_style.masks.guidance.Guides`."""

GUIDED_STATISTICS = ("gram", "sums")
"""What is compared in a region: Gram matrices; or means of features, beside Gram matrices of the whole."""

BY_TILES = ("gram", "wasserstein", "moments")
"""Those whose statistics are sums over positions, which tiles add up and masks weigh."""

MATCHED = ("patches", "neighbours")
"""Those that find the nearest patch or position of the painting."""

MOST_COPIES = 12
"""Rotations up to 90 degrees each way, and scales down to 40 %."""

CONTENT_FACTORS: Mapping[str, float] = {"patches": 10.0}
"""Factor of the relative content weight by style loss, chosen by looking, with mini at 256 rows: with 1 and 4 the
nearest patches dissolve a photo; the other losses make a balanced painting with the weight of `gram`."""

MATCHED_LAYERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "patches": {"mini": ("conv3_1",), "vgg16": ("conv3_1", "conv4_1"), "vgg19": ("conv3_1", "conv4_1")},
    "neighbours": {
        "mini": ("conv1_1", "conv2_1", "conv3_1", "conv3_3"),
        "vgg16": ("conv1_1", "conv2_1", "conv3_1", "conv4_1"),
        "vgg19": ("conv1_1", "conv2_1", "conv3_1", "conv4_1"),
    },
}
"""Style layers of the losses that find nearest patches (Li & Wand 2016; with mini one, in half the time) or
hypercolumns (blocks 1 to 4, Kolkin et al. 2022)."""


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
        mask_normalization, guide_propagation, guide_dilation: see `neural_style.masks.guidance.Guides`.
        guided_statistic: one of `GUIDED_STATISTICS`; with `sums` each half has half of a style's weight.
        padding: of the pastiche, see `neural_style.objectives.canvas.Canvas`.
        style_name: of a style's terms, before the layers.
        style_loss: S, one of `STYLE_LOSSES`; all but `gram` are relative errors.
        normalize_gradients: see `neural_style.objectives.objective.Objective`.
        rotations, scales: of `MATCHED`, see `neural_style.objectives.matched_terms.variants`.
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
    guide_dilation: int = 0
    guided_statistic: str = "gram"
    padding: str = "none"
    style_name: str = "style.{index}"
    style_loss: str = "gram"
    rotations: int = 0
    scales: int = 0
    normalize_gradients: bool = False

    def is_zero(self, inputs: Inputs) -> bool:
        """Whether nothing is left to optimise with these styles."""
        style = self.style_scale * sum(style.weight for style in inputs.styles) * any(self.style.values())
        content = self.content_weight * any(self.content.values())
        return not (content or self.total_variation_weight or style)


def check_style_loss(settings: Any) -> None:
    """Raise `InvalidInputError` where a style loss, its units and copies of the painting do not go together."""
    name = settings.style_loss
    check_choice("style_loss", name, STYLE_LOSSES)
    if name != "gram" and settings.normalization not in (None, "relative"):
        raise InvalidInputError(
            f"style_loss {name} is a relative error: leave normalization {settings.normalization} out"
        )
    for copies in ("painting_rotations", "painting_scales"):
        check_count(copies, getattr(settings, copies), at_least=0)
        if getattr(settings, copies) > MOST_COPIES:
            raise InvalidInputError(f"{copies} must be at most {MOST_COPIES}, received {getattr(settings, copies)}")
        if getattr(settings, copies) and name not in MATCHED:
            raise InvalidInputError(f"{copies} belongs to style_loss patches or neighbours: choose one, or leave 0")


def check_guides(settings: Any) -> None:
    """Raise `InvalidInputError` where settings of masks and guides do not go together."""
    check_choice("mask_normalization", settings.mask_normalization, MASK_NORMALIZATIONS)
    check_choice("guide_propagation", settings.guide_propagation, GUIDE_PROPAGATIONS)
    check_count("guide_dilation", settings.guide_dilation, at_least=-MAX_COUNT)
    if settings.mask_normalization == "titu1994":
        for name in sorted(_named_guides(settings)):
            raise InvalidInputError(f"{name} belongs to mask_normalization gatys2017: name that too")
    if getattr(settings, "guided_statistic", "gram") == "gram":
        return
    check_choice("guided_statistic", settings.guided_statistic, GUIDED_STATISTICS)
    if settings.style_loss != "gram" or settings.units not in ("relative", "gatys2016"):
        raise InvalidInputError(
            "guided_statistic sums belongs to style_loss gram and normalization relative or gatys2016"
        )


def check_masks(settings: Any, inputs: Inputs) -> None:
    """Raise `InvalidInputError` where masks do not go together with the settings of `check_guides`."""
    masks = [inputs.content.mask_in_memory, *(style.mask_in_memory for style in inputs.styles)]
    is_soft = any(mask is not None and mask.soft for mask in masks)
    if is_soft and settings.mask_normalization == "titu1994":
        raise InvalidInputError("soft masks need mask_normalization gatys2017: titu1994 makes every mask hard")
    if is_soft and (settings.guide_propagation == "all" or settings.guide_dilation):
        raise InvalidInputError("guide_propagation all and guide_dilation make every mask hard: leave soft out")
    if all(mask is None for mask in masks):
        for name in sorted(_named_guides(settings) - {"guide_propagation"}):  # which records of 0.1.0 may have
            raise InvalidInputError(f"{name} has no effect without a mask: give one, or leave it out")


def _named_guides(settings: Any) -> set[str]:
    """Settings of guides that are not their defaults."""
    defaults = {"guide_propagation": "simple", "guide_dilation": 0, "guided_statistic": "gram"}
    return {name for name, default in defaults.items() if getattr(settings, name, default) != default}


def check_whole_pictures(style_loss: str, inputs: Inputs) -> None:
    """Raise `InvalidInputError` for masks and transparent pictures, of which only losses in `BY_TILES` are capable."""
    instead = f"use {', '.join(BY_TILES)}"
    pictures = [(each.mask, each.picture) for each in inputs.styles]
    for mask, picture in [(inputs.content.mask, inputs.content.picture), *pictures]:
        if mask is not None:
            raise InvalidInputError(f"style_loss {style_loss} compares whole pictures: leave masks out, or {instead}")
        if picture.alpha is not None and not (picture.alpha == 255).all():
            raise InvalidInputError(
                f"style_loss {style_loss} compares whole pictures, and {picture.name} is transparent: put it on a "
                f"background, or {instead}"
            )
