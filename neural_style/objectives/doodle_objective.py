"""The objective of a doodle: Gram matrices of each region against those of the same region of a painting, or patches
against the nearest patches of like regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
from keras import ops

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Field, Statistic
from neural_style.inputs import Inputs
from neural_style.losses.patches import PATCH, patch_power, semantic_patch_loss
from neural_style.losses.regions import region_gram_matrices, region_style_loss
from neural_style.losses.relative import SMALLEST
from neural_style.masks import label_map
from neural_style.masks.mask import Mask
from neural_style.masks.propagation import mask_pyramid
from neural_style.objectives import terms
from neural_style.objectives.canvas import Canvas
from neural_style.objectives.objective import Objective, ObjectiveAt, Term, statistic_itself


@dataclass(frozen=True)
class DoodleLoss:
    """Which layers are compared, with which weights.

    Attributes:
        style: weight of the loss at each style layer, for a style of weight 1.
        content: weight of the loss at each content layer; empty where there is no photo.
        total_variation_weight: 0 leaves it out.
        shift: added to every masked activation; see `neural_style.losses.regions.region_gram_matrices`.
        padding: of the pastiche, see `neural_style.objectives.canvas.Canvas`.
        semantic_weight: of label maps in `neural_style.losses.patches.semantic_patch_loss`; all losses are then
            relative errors, and the total variation is a mean. None compares Gram matrices.
    """

    style: Mapping[str, float]
    content: Mapping[str, float]
    total_variation_weight: float
    shift: float
    padding: str = "none"
    semantic_weight: float | None = None

    def is_zero(self, style_weight: float) -> bool:
        """Whether nothing is left to optimise with a style of this weight."""
        return not (style_weight * sum(self.style.values()) or self.content or self.total_variation_weight)


def objective_at(
    loss: DoodleLoss,
    inputs: Inputs,
    labels: tuple[np.ndarray, np.ndarray],
    palette: np.ndarray,
    extractor: FeatureExtractor,
) -> ObjectiveAt:
    """A function of size and tile that makes the objective.

    Args:
        loss: layers and weights.
        inputs: a content and one style.
        labels: label of each pixel of the style and of the target, uint8 (rows, columns).
        palette: colour of each label, uint8 (labels, 3), for messages.
        extractor: the network, with the layers of `loss`.
    """
    style = inputs.styles[0]

    def at(size: tuple[int, int], tile: int | None = None) -> Objective:
        stride = extractor.architecture.stride(extractor.layers)
        canvas = Canvas.of(loss.padding, size, stride)
        whole = canvas.size(size)
        by_patches = loss.semantic_weight is not None
        chosen: list[Term] = []
        if loss.content:
            photo = canvas.padded(images.resize(inputs.content.picture.rgb, size))
            features = extractor.features(photo, loss.content, tile=tile)
            chosen += [
                terms.content(
                    layer,
                    features[layer],
                    weight=weight,
                    image_size=whole,
                    normalization="relative" if by_patches else "titu1994",
                )
                for layer, weight in loss.content.items()
            ]
        if style.weight * sum(loss.style.values()):
            painting = style.at(size, minimum=stride)
            own_size = painting.shape[0], painting.shape[1]
            own = Canvas.of(loss.padding, own_size, stride)
            at_sizes = zip(labels, (own_size, size), (own, canvas), (style.visible, None), strict=True)
            masks = [
                _masks(loss, what, each, palette, extractor, place, on, visible)
                for what, (each, place, on, visible) in zip(("style", "target"), at_sizes, strict=True)
            ]
            make = _patch_terms if by_patches else _style_terms
            chosen += make(loss, style.weight, own.padded(painting), (masks[0], masks[1]), extractor, tile)
        if loss.total_variation_weight:
            differences = 3 * (whole[0] - 1) * (whole[1] - 1) if by_patches else 1
            chosen.append(terms.total_variation(weight=loss.total_variation_weight / differences))
        return Objective(chosen, extractor, size, tile=tile, canvas=canvas)

    return at


def _style_terms(
    loss: DoodleLoss,
    style_weight: float,
    painting: np.ndarray,
    masks: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    extractor: FeatureExtractor,
    tile: int | None,
) -> list[Term]:
    painted, wanted = masks
    of_painting, of_pastiche = (
        [_region_statistic(layer, each[layer].astype(extractor.dtype), loss.shift) for layer in loss.style]
        for each in masks
    )
    targets = extractor.sums(painting, of_painting, tile=tile)
    return [
        Term(
            f"style.0.{layer}",
            style_weight * weight,
            statistic,
            region_style_loss,
            target * (prod(wanted[layer].shape[:2]) / prod(painted[layer].shape[:2])),  # as if both were as large
        )
        for (layer, weight), statistic, target in zip(loss.style.items(), of_pastiche, targets, strict=True)
    ]


def _patch_terms(
    loss: DoodleLoss,
    style_weight: float,
    painting: np.ndarray,
    masks: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    extractor: FeatureExtractor,
    tile: int | None,
) -> list[Term]:
    """A term for each layer: the mean over patches, in parts of what it is for features of zero."""
    assert loss.semantic_weight is not None
    painted, wanted = masks
    features = extractor.features(painting, loss.style, tile=tile)
    found = []
    for layer, weight in loss.style.items():
        maps = painted[layer][None].astype(extractor.dtype), wanted[layer][None].astype(extractor.dtype)
        if min(min(each.shape[1:3]) for each in maps) < PATCH:
            raise InvalidInputError(
                f"{layer} has no patch of {PATCH} x {PATCH} positions at {maps[1].shape[1]} x {maps[1].shape[2]} "
                "positions of the pastiche: choose a larger image_size, or shallower style layers"
            )
        count = prod(extent - PATCH + 1 for extent in maps[1].shape[1:3])
        power = float(np.asarray(patch_power(ops.convert_to_tensor(features[layer])))[0])
        statistic = Statistic(
            (layer,),
            partial(semantic_patch_loss, weight=loss.semantic_weight),
            (Field(maps[1]),),
            constants=(features[layer], maps[0]),
            additive=False,
        )
        scale = style_weight * weight / (count * (power + SMALLEST))
        found.append(Term(f"style.0.{layer}", scale, statistic, statistic_itself))
    return found


def _region_statistic(layer: str, masks: np.ndarray, shift: float) -> Statistic:
    """Gram matrices of all regions at a layer, given its soft masks (h, w, R)."""
    areas = tuple(masks.mean(axis=(0, 1), dtype=np.float64).tolist())
    return Statistic((layer,), partial(region_gram_matrices, areas=areas, shift=shift), (Field(masks[None]),))


def _masks(
    loss: DoodleLoss,
    what: str,
    labels: np.ndarray,
    palette: np.ndarray,
    extractor: FeatureExtractor,
    size: tuple[int, int],
    canvas: Canvas,
    visible: Mask | None,
) -> dict[str, np.ndarray]:
    """A soft mask for each label at each style layer; invisible pixels have no label.

    Raises:
        InvalidInputError: Gram matrices are compared, and nothing of a region is left at that size, or at one of the
            layers. A patch whose region the painting has lost is the nearest of all patches.
    """
    masks = label_map.one_hot(label_map.resize(labels, size), len(palette))
    if visible is not None:
        masks *= visible.at(size)[..., None]
    masks = canvas.padded(masks)
    found = mask_pyramid(masks, extractor.architecture, loss.style)
    if loss.semantic_weight is not None:
        return found
    areas = label_map.areas_of(labels, len(palette))
    for layer, at_layer in found.items():
        for label, colour in enumerate(palette):
            if not at_layer[..., label].any():
                raise InvalidInputError(
                    f"{label_map.describe(colour)}, {areas[label]:.2%} of the {what}'s label map, is too small for "
                    f"{layer} at {size[0]} x {size[1]} pixels: paint it larger, or choose a larger image_size"
                )
    return found
