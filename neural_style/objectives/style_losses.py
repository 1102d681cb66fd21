"""Style losses by name: which there are, and the terms of the distributions among them.

`gram` is in `neural_style.objectives.terms`, patches and neighbours are in `neural_style.objectives.matched_terms`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from math import prod

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.features.statistics import Statistic
from neural_style.features.vgg import Architecture, size_at
from neural_style.losses.relative import SMALLEST
from neural_style.losses.wasserstein import (
    channel_distance,
    channel_moments,
    distance_from_root,
    gaussian_root,
    joint_moments,
    orthonormal_basis,
    root_power,
    sliced_distance,
    sorted_projections,
)
from neural_style.masks.guidance import Guide
from neural_style.objectives.objective import Loss

SEED = 1
"""Of the directions of `sliced`. The metrics have 0: a loss is not judged along its own directions."""


def distribution(
    name: str, layers: tuple[str, ...], architecture: Architecture, *, image_size: tuple[int, int], guide: Guide | None
) -> Statistic:
    """The statistic of `wasserstein`, `moments` or `sliced` at a layer.

    Args:
        name: of the style loss.
        layers: the layer.
        architecture: the network.
        image_size: rows and columns of the pastiche, whose number of positions `sliced` interpolates a painting to.
        guide: weights of the positions, None for all the same; `sliced` takes none.
    """
    fields = () if guide is None else (guide.weights,)
    if name == "wasserstein":
        return Statistic(layers, joint_moments, fields)
    if name == "moments":
        return Statistic(layers, channel_moments, fields)
    (layer,) = layers
    count = prod(size_at(layer, image_size))
    basis = (_basis(architecture.filters[layer]),)
    return Statistic(layers, partial(sorted_projections, count=count), constants=basis, additive=False)


def target_of(name: str, statistic: Tensor) -> Tensor:
    """The target of `relative_loss`, from the statistic of a style: whatever depends on the style alone."""
    return backend.compiled(gaussian_root, is_run_once=True)(statistic) if name == "wasserstein" else statistic


def relative_loss(name: str) -> Loss:
    """The distance of `wasserstein`, `moments` or `sliced` from a style, in parts of that of features of zero.

    A function of the statistic and of `target_of` the style.
    """
    return partial(_relative, name=name)


def _relative(statistic: Tensor, target: Tensor, *, name: str) -> Tensor:
    distance, power = _DISTANCES[name]
    return distance(statistic, target) / (power(target) + SMALLEST)


def _channel_power(moments: Tensor) -> Tensor:
    return ops.sum(moments[:, 1] / moments[:, 2], axis=-1)


def _sliced_power(quantiles: Tensor) -> Tensor:
    return ops.sum(ops.mean(ops.square(quantiles), axis=-1), axis=-1)


_DISTANCES: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "wasserstein": (distance_from_root, root_power),
    "moments": (channel_distance, _channel_power),
    "sliced": (sliced_distance, _sliced_power),
}
"""Distance between two statistics, and the distance of a target from zero: the sum of its mean squares."""


@lru_cache(maxsize=16)
def _basis(channels: int) -> np.ndarray:
    """The same array each time: statistics whose constants are the same are computed once."""
    return orthonormal_basis(channels, seed=SEED)
