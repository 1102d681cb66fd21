"""Terms that compare the pastiche with the nearest patches or positions of a painting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import cos, prod, radians, sin

import numpy as np
from keras import ops
from PIL import Image

from neural_style import images
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Statistic
from neural_style.features.vgg import size_at
from neural_style.losses.neighbours import hypercolumns, neighbour_loss
from neural_style.losses.patches import PATCH, patch_loss, patch_power
from neural_style.losses.relative import SMALLEST
from neural_style.objectives.objective import Term, statistic_itself
from neural_style.objectives.transfer_loss import TransferLoss

ROTATION = 7.5
"""Degrees between two rotations of a painting (Li & Wand 2016)."""

SCALE = 0.05
"""Part of its size between two scales of a painting (Li & Wand 2016)."""

STRIDE = 4
"""Pixels of the image per hypercolumn, along one side (Kolkin et al. 2022)."""


def matched_terms(
    loss: TransferLoss,
    name: str,
    weights: Mapping[tuple[str, ...], float],
    painting: np.ndarray,
    extractor: FeatureExtractor,
    *,
    image_size: tuple[int, int],
) -> list[Term]:
    """The terms of one style: one for each layer of `patches`, one of all layers of `neighbours`.

    Each is a mean over patches or positions, in parts of what it is for features of zero.

    Args:
        loss: whose style loss is one of the two.
        name: of the terms, before the layers.
        weights: of the layers.
        painting: (rows, columns, 3), RGB in 0..255.
        extractor: the network.
        image_size: rows and columns of the pastiche.
    """
    several = list(variants(painting, rotations=loss.rotations, scales=loss.scales))
    _check_sizes(several, image_size, max(STRIDE, extractor.architecture.stride(extractor.layers)))
    layers = [layer for (layer,) in weights]
    maps = [extractor.features(each, layers) for each in several]
    if loss.style_loss == "neighbours":
        return [_neighbours(name, {layer: weight for (layer,), weight in weights.items()}, several, maps, image_size)]
    found = []
    for (layer,), weight in weights.items():
        paintings = tuple(each[layer] for each in maps)
        count = prod(extent - PATCH + 1 for extent in size_at(layer, image_size))
        for what, sizes in (
            (f"the pastiche of {image_size[0]} x {image_size[1]} pixels", [size_at(layer, image_size)]),
            ("the painting, or a copy of it,", [each.shape[1:3] for each in paintings]),
        ):
            if min(min(size) for size in sizes) < PATCH:
                raise InvalidInputError(
                    f"in {what} {layer} has no patch of {PATCH} x {PATCH} positions: choose a larger image_size, "
                    "shallower style layers, or fewer painting_rotations and painting_scales"
                )
        power = float(np.asarray(patch_power(ops.convert_to_tensor(paintings[0])))[0])
        statistic = Statistic((layer,), partial(patch_loss, size=PATCH), constants=paintings, additive=False)
        found.append(Term(f"{name}.{layer}", weight / (count * (power + SMALLEST)), statistic, statistic_itself))
    return found


def variants(painting: np.ndarray, *, rotations: int, scales: int) -> Iterator[np.ndarray]:
    """A painting, and copies rotated by multiples of `ROTATION` and scaled by steps of `SCALE`, `n` each way, combined.

    A rotated copy is the largest rectangle of the painting's shape within the rotated painting.

    Args:
        painting: (rows, columns, 3), RGB in 0..255.
        rotations, scales: n of each; 0 leaves the painting as it is.
    """
    for scale in (0, *(sign * step for step in range(1, scales + 1) for sign in (1, -1))):
        size = tuple(max(1, round(extent * (1 + SCALE * scale))) for extent in painting.shape[:2])
        resized = images.resize(painting, (size[0], size[1]))
        for rotation in (0, *(sign * step for step in range(1, rotations + 1) for sign in (1, -1))):
            yield _rotated(resized, rotation * ROTATION)


def _check_sizes(several: list[np.ndarray], image_size: tuple[int, int], smallest: int) -> None:
    if min(image_size) < smallest:
        raise InvalidInputError(
            f"each side of the pastiche must have at least {smallest} pixels: choose a larger image_size"
        )
    rows, columns = (min(each.shape[axis] for each in several) for axis in (0, 1))
    if min(rows, columns) < smallest:
        raise InvalidInputError(
            f"a copy of the painting has {rows} x {columns} pixels, and each side must have at least {smallest}: "
            "choose fewer painting_rotations and painting_scales, or a larger image_size"
        )


def _rotated(picture: np.ndarray, degrees: float) -> np.ndarray:
    if not degrees:
        return picture
    rows, columns = picture.shape[:2]
    sine, cosine = sin(radians(abs(degrees))), cos(radians(degrees))
    share = min(rows / (columns * sine + rows * cosine), columns / (columns * cosine + rows * sine))
    height, width = int(rows * share), int(columns * share)
    turned = Image.fromarray(images.to_uint8(picture)).rotate(degrees, Image.Resampling.BICUBIC)
    top, left = (rows - height) // 2, (columns - width) // 2
    return np.asarray(turned)[top : top + height, left : left + width]


def _neighbours(
    name: str,
    weights: Mapping[str, float],
    several: list[np.ndarray],
    maps: list[dict[str, np.ndarray]],
    image_size: tuple[int, int],
) -> Term:
    """The term of hypercolumns, in which each layer has the mean square 1 in the painting, times its weight."""
    layers = tuple(weights)
    powers = {layer: np.square(maps[0][layer], dtype=np.float64).sum(-1).mean() for layer in layers}
    total = sum(weights.values())
    scales = np.array([(weights[layer] / total / (powers[layer] + SMALLEST)) ** 0.5 for layer in layers])
    scales = scales.astype(maps[0][layers[0]].dtype)
    paintings = []
    for each, copy in zip(maps, several, strict=True):
        size = copy.shape[0] // STRIDE, copy.shape[1] // STRIDE
        columns = hypercolumns(
            [ops.convert_to_tensor(each[layer]) for layer in layers], ops.convert_to_tensor(scales), size=size
        )
        paintings.append(np.asarray(ops.convert_to_numpy(columns)))
    size = image_size[0] // STRIDE, image_size[1] // STRIDE
    statistic = Statistic(
        layers,
        partial(_neighbour_statistic, size=size, layers=len(layers)),
        constants=(scales, *paintings),
        additive=False,
    )
    return Term(f"{name}.{'-'.join(layers)}", total / prod(size), statistic, statistic_itself)


def _neighbour_statistic(*arguments: Tensor, size: tuple[int, int], layers: int) -> Tensor:
    """Features of each layer, the layers' scales and the hypercolumns of the paintings, to the loss."""
    features, (scales, *paintings) = arguments[:layers], arguments[layers:]
    return neighbour_loss(hypercolumns(features, scales, size=size), *paintings)
