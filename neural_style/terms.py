"""The terms that techniques share: a loss of `neural_style.losses` with its statistic, its weight and its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features.vgg import Architecture
from neural_style.losses.content import content_loss_gatys2016, content_loss_titu1994
from neural_style.losses.relative import relative_error
from neural_style.losses.smoothness import total_variation
from neural_style.losses.style import (
    cross_gram_matrix,
    gram_matrix,
    positions,
    style_loss_gatys2016,
    style_loss_titu1994,
)
from neural_style.masks import Mask, inside
from neural_style.objective import IMAGE, Loss, Statistic, Term

Features = Mapping[str, Tensor]
"""Activations (1, h, w, C) of one image by layer."""


@dataclass(frozen=True, eq=False)
class Guide:
    """A mask as it acts on the features of one layer.

    Attributes:
        weights: (1, h, w, 1).
        energy: what `sum weights^2` stands for: `positions` (the weights are a mask in 0..1 and a Gram matrix of masked
            features is a sum over the image, titu1994), or `one` (the weights have unit energy and it is a mean over
            the region, Gatys et al. 2017, arXiv:1611.07865, section 4).
    """

    weights: Tensor
    energy: str

    @classmethod
    def of(cls, mask: np.ndarray, *, energy: str, dtype: str) -> Guide:
        """From a mask (h, w) in 0..1."""
        weights = mask / np.sqrt(np.square(mask).sum()) if energy == "one" else mask
        return cls(ops.convert_to_tensor(weights[None, :, :, None], dtype=dtype), energy)


class Guides:
    """What masks become at each layer.

    Each guide is made once, since terms with the same guide share the statistics of the pastiche.

    Args:
        architecture: the network.
        normalization: `titu1994` (the reference's masks) or `gatys2017` (guides of unit energy).
        propagation: of `gatys2017`: `simple` resizes the mask to the layer, `inside` keeps the positions that see
            nothing but what is white.
        dtype: of the features.
    """

    def __init__(self, architecture: Architecture, *, normalization: str, propagation: str, dtype: str) -> None:
        self._architecture, self._dtype = architecture, dtype
        self._normalization, self._propagation = normalization, propagation
        self._made: dict[tuple[int, str, tuple[int, int]], Guide] = {}

    def of(self, style: Mask | None, content: Mask | None) -> tuple[Mask | None, Mask | None]:
        """What guides the painting and what guides the pastiche, given the masks of a style and of the content.

        As in the reference scripts a style's mask guides the pastiche unless the content has one. By `titu1994` it
        always guides the painting; by `gatys2017` only when the content has one, so that all of a painting is used
        otherwise.
        """
        if content is not None:
            return style, content
        return (style if self._normalization == "titu1994" else None), style

    def at(self, mask: Mask | None, layer: str, features: Tensor, image_size: tuple[int, int]) -> Guide | None:
        """The guide of a mask at a layer whose features are those of an image of `image_size`.

        Raises:
            InvalidInputError: nothing of the mask is left at that layer.
        """
        if mask is None:
            return None
        key = id(mask), layer, image_size
        if key not in self._made:
            rows, columns = features.shape[1:3]
            if self._normalization == "titu1994":
                weights = mask.at_titu1994((rows, columns))
            elif self._propagation == "simple":
                weights = mask.at((rows, columns))
            else:
                weights = inside((mask.at(image_size) > 0).astype(np.float32), self._architecture, layer)
            if not weights.any():
                raise InvalidInputError(
                    f'mask "{mask.name}" has no position at {layer} that sees nothing but white: use guide_propagation '
                    "simple, or shallower style layers"
                )
            energy = "positions" if self._normalization == "titu1994" else "one"
            self._made[key] = Guide.of(weights, energy=energy, dtype=self._dtype)
        return self._made[key]


@dataclass(frozen=True)
class Gram:
    """The Gram matrix of a layer, of shifted and guided features, in the units of a normalisation; of two layers, the
    correlations between them.

    A mask of the reference multiplies the features before the shift, so that what is masked out counts as the shift;
    a guide of unit energy multiplies them after it, so that it does not count.

    Attributes:
        per_position: divide by the number of positions (`gatys2016`, `novak2016`); otherwise a sum (`titu1994`).
        shift: added to every activation.
        guide: where it is measured; None is everywhere.
    """

    per_position: bool
    shift: float = 0.0
    guide: Guide | None = None

    def __call__(self, features: Tensor, *deeper: Tensor) -> Tensor:
        return self.summed_as(positions(features), features, *deeper)

    def summed_as(self, count: int, features: Tensor, *deeper: Tensor) -> Tensor:
        """The same for features of another number of positions, brought to a sum over `count` positions."""
        total, shift = float(1 if self.per_position else count), self.shift
        if self.guide is None or self.guide.energy == "positions":
            total = total / positions(features)
        if self.guide is not None:
            if self.guide.energy == "one":
                features, deeper, shift = features + shift, tuple(d + shift for d in deeper), 0.0
            # Between two layers the guide acts on one factor: squared, it weighs positions as it does in a Gram matrix.
            features = features * (ops.square(self.guide.weights) if deeper else self.guide.weights)
        if deeper:
            return cross_gram_matrix(features, *deeper, shift=shift) * total
        return gram_matrix(features, shift=shift) * total


def content(
    layer: str,
    target: Tensor,
    *,
    weight: float,
    image_size: tuple[int, int],
    normalization: str,
    loss_type: int = 0,
) -> Term:
    """The pastiche's activations at a layer against those of the content.

    Args:
        layer: where.
        target: (1, h, w, C), of the content.
        weight: of the term.
        image_size: rows and columns of the pastiche.
        normalization: `titu1994`, `gatys2016` or `relative`.
        loss_type: of `titu1994`.
    """
    losses: dict[str, Loss] = {
        "titu1994": partial(content_loss_titu1994, image_size=image_size, loss_type=loss_type),
        "gatys2016": content_loss_gatys2016,
        "relative": relative_error,
    }
    return Term(f"content.{layer}", weight, Statistic((layer,), _identity), losses[normalization], target)


def style(
    layers: tuple[str, ...],
    of_style: Features,
    of_pastiche: Features,
    *,
    name: str,
    weight: float,
    image_size: tuple[int, int],
    normalization: str,
    shift: float = 0.0,
    guides: tuple[Guide | None, Guide | None] = (None, None),
) -> Term:
    """The pastiche's Gram matrix at a layer, or between two, against that of a style.

    Args:
        layers: one layer, or a layer and its deeper neighbour.
        of_style: features of the style.
        of_pastiche: features of any image of the pastiche's size: what `titu1994` sums over is brought to as many
            positions as these have, so that the size of the painting changes nothing.
        name: of the term.
        weight: of the term.
        image_size: rows and columns of the pastiche.
        normalization: `titu1994`, `gatys2016` or `relative`.
        shift: added to every activation of both.
        guides: of the style and of the pastiche at the first of the layers.
    """
    losses: dict[str, Loss] = {
        "titu1994": partial(style_loss_titu1994, image_size=image_size),
        "gatys2016": style_loss_gatys2016,
        "relative": relative_error,
    }
    gram_of_style, gram_of_pastiche = (Gram(normalization != "titu1994", shift, guide) for guide in guides)
    count = positions(of_pastiche[layers[0]])
    target = gram_of_style.summed_as(count, *(of_style[layer] for layer in layers))
    return Term(name, weight, Statistic(layers, gram_of_pastiche), losses[normalization], target)


def smoothness(*, weight: float) -> Term:
    """The total variation of the pastiche."""
    return Term("tv", weight, Statistic((IMAGE,), _identity), lambda image, _: total_variation(image))


def _identity(features: Tensor) -> Tensor:
    return features
