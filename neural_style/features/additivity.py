"""A check of statistics that claim to be additive: on a small random image, whole and cut into four."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from keras import ops

from neural_style.errors import InvalidInputError
from neural_style.features.statistics import Statistic
from neural_style.features.tiling import IMAGE, Span, TileShape, stride_at
from neural_style.features.vgg import Architecture

TOLERANCE = 1e-3
"""Part of the sum of the quarters by which the whole may differ: far above float32's rounding, and far below the factor
of 4 by which the sum is larger for a mean."""

POSITIONS = 2
"""Rows and columns of a quarter at the deepest layer, without the halo."""


def probe(statistic: Statistic, architecture: Architecture, dtype: str) -> None:
    """Compare a statistic of random features with the sum of those of their quarters.

    A mean over positions that is declared additive would otherwise give a plausible number: that of n tiles is n times
    that of the whole. Features are non-negative, as after a ReLU, and fields are in 0..1.

    Args:
        statistic: declared additive; its constants are used, its fields are replaced by random ones.
        architecture: the network.
        dtype: of the features.

    Raises:
        InvalidInputError: they differ by more than `TOLERANCE`.
    """
    part = max(map(stride_at, statistic.layers)) * (POSITIONS + statistic.halo)
    rng = np.random.default_rng(0)

    def random(layer: str, channels: int) -> np.ndarray:
        side = 2 * part // stride_at(layer)
        return np.abs(rng.standard_normal((1, side, side, channels))).astype(dtype)

    features = {
        layer: random(layer, 3 if layer == IMAGE else architecture.filters[layer]) for layer in statistic.layers
    }
    fields = [np.minimum(random(statistic.layers[0], field.values.shape[-1]), 1) for field in statistic.fields]
    constants = replace(statistic, fields=()).arguments(dtype)

    def of(core: tuple[Span, Span]) -> np.ndarray:
        shape = TileShape((2 * part, 2 * part), core)
        place = {layer: (slice(None), *shape.core_at(layer, halo=statistic.halo)) for layer in statistic.layers}
        tensors = {layer: ops.convert_to_tensor(values[place[layer]]) for layer, values in features.items()}
        own = [ops.convert_to_tensor(values[place[statistic.layers[0]]]) for values in fields]
        return np.asarray(ops.convert_to_numpy(statistic.of(tensors, [*own, *constants])), np.float64)

    halves = Span(0, part), Span(part, 2 * part)
    whole = of((Span(0, 2 * part), Span(0, 2 * part)))
    quarters = [of((rows, columns)) for rows in halves for columns in halves]
    difference = np.linalg.norm(whole - sum(quarters))
    if difference > TOLERANCE * sum(map(np.linalg.norm, quarters)):
        raise InvalidInputError(
            f"the statistic {statistic.name} is declared additive and is not: for a random image it is "
            f"{np.linalg.norm(whole):.6g} as a whole and {np.linalg.norm(sum(quarters)):.6g} as the sum of four parts; "
            "declare it additive=False, or make it a sum over positions"
        )
