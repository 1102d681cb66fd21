"""The objective of an analogy: features of the pastiche against those that the nearest patches point to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np
from keras import ops

from neural_style import backend, images
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Field, Statistic
from neural_style.images import Picture
from neural_style.inputs import Inputs
from neural_style.losses.patches import (
    PATCH,
    nearest_patches,
    patch_loss,
    patch_power,
    patch_targets,
    target_distance,
)
from neural_style.losses.relative import SMALLEST
from neural_style.objectives import terms
from neural_style.objectives.canvas import Canvas
from neural_style.objectives.objective import Objective, ObjectiveAt, Term, statistic_itself


@dataclass(frozen=True)
class AnalogyLoss:
    """Which layers are compared, with which weights; a part of weight 0 is left out.

    Attributes:
        style: weight of each style layer.
        content: weight of each content layer's relative error.
        analogy_weight, mrf_weight: of the two terms of a style layer.
        total_variation_weight: of the mean TV.
        padding: of the pastiche, see `neural_style.objectives.canvas.Canvas`.
    """

    style: Mapping[str, float]
    content: Mapping[str, float]
    analogy_weight: float
    mrf_weight: float
    total_variation_weight: float
    padding: str


def objective_at(loss: AnalogyLoss, inputs: Inputs, extractor: FeatureExtractor) -> ObjectiveAt:
    """A function of size and tile that makes the objective.

    Args:
        loss: layers and weights.
        inputs: the photo B, and one style: the painting A' with its source A.
        extractor: the network, with the layers of `loss`.
    """
    style = inputs.styles[0]
    assert isinstance(style.source, Picture), "the inputs of a run are in memory"
    source = style.source.rgb

    def at(size: tuple[int, int], tile: int | None = None) -> Objective:
        stride = extractor.architecture.stride(extractor.layers)
        canvas = Canvas.of(loss.padding, size, stride)
        whole = canvas.size(size)
        photo = canvas.padded(images.resize(inputs.content.picture.rgb, size))
        of_photo = extractor.features(photo, [*loss.style, *loss.content], tile=tile)
        chosen = [
            terms.content(layer, of_photo[layer], weight=weight, image_size=whole, normalization="relative")
            for layer, weight in loss.content.items()
        ]
        painting = style.at(size, minimum=stride)
        own_size = painting.shape[0], painting.shape[1]
        own = Canvas.of(loss.padding, own_size, stride)
        of_painting = extractor.features(own.padded(painting), loss.style, tile=tile)
        of_source = extractor.features(own.padded(images.resize(source, own_size)), loss.style, tile=tile)
        for layer, weight in loss.style.items():
            maps = of_photo[layer], of_source[layer], of_painting[layer]
            chosen += _terms(loss, layer, style.weight * weight, maps)
        if loss.total_variation_weight:
            differences = 3 * (whole[0] - 1) * (whole[1] - 1)
            chosen.append(terms.total_variation(weight=loss.total_variation_weight / differences))
        return Objective(chosen, extractor, size, tile=tile, canvas=canvas)

    return at


def _terms(loss: AnalogyLoss, layer: str, weight: float, maps: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[Term]:
    """The terms of a layer: means over patches, in parts of the mean square of the painting's.

    Args:
        loss: weights of the terms.
        layer: the layer.
        weight: of the layer.
        maps: features of the photo, the source and the painting, (1, h, w, C) each.
    """
    if min(min(each.shape[1:3]) for each in maps) < PATCH:
        raise InvalidInputError(
            f"{layer} has no patch of {PATCH} x {PATCH} positions: choose a larger image_size, or shallower layers"
        )
    photo, source, painting = map(ops.convert_to_tensor, maps)
    count = prod(extent - PATCH + 1 for extent in maps[0].shape[1:3])
    scale = weight / (count * (float(np.asarray(patch_power(painting))[0]) + SMALLEST))
    found = []
    if loss.analogy_weight:
        target, counts = (
            np.asarray(ops.convert_to_numpy(each))
            for each in backend.compiled(_analogous, is_run_once=True)(photo, source, painting)
        )
        fields = Field(target[None]), Field(counts[None])
        statistic = Statistic((layer,), target_distance, fields)
        found.append(Term(f"analogy.{layer}", loss.analogy_weight * scale, statistic, statistic_itself))
    if loss.mrf_weight:
        statistic = Statistic((layer,), partial(patch_loss, size=PATCH), constants=(maps[2],), additive=False)
        found.append(Term(f"mrf.{layer}", loss.mrf_weight * scale, statistic, statistic_itself))
    return found


def _analogous(photo: Tensor, source: Tensor, painting: Tensor) -> tuple[Tensor, Tensor]:
    """The painting's patches at the places of the source's that are nearest to the photo's: see `patch_targets`."""
    matches = nearest_patches(photo[0], [source[0]])
    return patch_targets([painting[0]], matches, size=(photo.shape[1], photo.shape[2]))[:2]
