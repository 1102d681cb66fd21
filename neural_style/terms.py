"""The terms that techniques share: a loss of `neural_style.losses` with its statistic, its weight and its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

from keras import ops

from neural_style.backend import Tensor
from neural_style.features.vgg import size_at
from neural_style.guides import Guide
from neural_style.losses.content import content_loss_gatys2016, content_loss_titu1994
from neural_style.losses.relative import relative_error
from neural_style.losses.smoothness import total_variation
from neural_style.losses.style import (
    aligned,
    cross_gram_matrix,
    gram_matrix,
    positions,
    style_loss_gatys2016,
    style_loss_titu1994,
)
from neural_style.objective import IMAGE, Loss, Statistic, Term

Features = Mapping[str, Tensor]
"""Activations (1, h, w, C) of one image by layer."""


@dataclass(frozen=True)
class Gram:
    """The Gram matrix of a layer, of shifted and guided features, in the units of a normalisation.

    A mask of the reference multiplies the features before the shift, so that what is masked out counts as the shift;
    a guide of unit energy multiplies them after it, so that it does not count.

    Attributes:
        per_position: divide by the number of positions (`gatys2016`, `relative`); otherwise a sum (`titu1994`).
        shift: added to every activation.
        guide: where it is measured; None is everywhere.
    """

    per_position: bool
    shift: float = 0.0
    guide: Guide | None = None

    def __call__(self, features: Tensor) -> Tensor:
        return self.summed_as(positions(features), features)

    def summed_as(self, count: int, features: Tensor) -> Tensor:
        """The same for features of another number of positions, brought to a sum over `count` positions."""
        total = float(1 if self.per_position else count)
        if self.guide is None:
            return gram_matrix(features, shift=self.shift) * (total / positions(features))
        if self.guide.energy == "positions":
            return gram_matrix(features * self.guide.weights, shift=self.shift) * (total / positions(features))
        return gram_matrix((features + self.shift) * self.guide.weights) * total


@dataclass(frozen=True)
class CrossGram:
    """The mean over positions of the correlations between two neighbouring layers, shifted first and guided then.

    Attributes:
        shift: added to every activation.
        guide: where it is measured, at the size that `aligned` gives both; None is everywhere.
    """

    shift: float = 0.0
    guide: Guide | None = None

    def __call__(self, features: Tensor, deeper: Tensor) -> Tensor:
        features, deeper = aligned(features, deeper)
        shifted, total = features + self.shift, 1 / positions(features)
        if self.guide is not None:
            # On one factor and squared, it weighs a position as it does in a Gram matrix.
            shifted = shifted * ops.square(self.guide.weights)
            total = 1.0 if self.guide.energy == "one" else total
        return cross_gram_matrix(shifted, deeper + self.shift) * total


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
        layers: one layer, or a layer and its deeper neighbour (for which there is no `titu1994`).
        of_style: features of the style.
        name: of the term.
        weight: of the term.
        image_size: rows and columns of the pastiche. What `titu1994` sums over is brought to as many positions as the
            pastiche has, so that the size of the painting changes nothing.
        normalization: `titu1994`, `gatys2016` or `relative`.
        shift: added to every activation of both.
        guides: of the style and of the pastiche at these layers.
    """
    losses: dict[str, Loss] = {
        "titu1994": partial(style_loss_titu1994, image_size=image_size),
        "gatys2016": style_loss_gatys2016,
        "relative": relative_error,
    }
    loss, features = losses[normalization], [of_style[layer] for layer in layers]
    if len(layers) == 2:
        cross_of_style, cross_of_pastiche = (CrossGram(shift, guide) for guide in guides)
        return Term(name, weight, Statistic(layers, cross_of_pastiche), loss, cross_of_style(*features))
    gram_of_style, gram_of_pastiche = (Gram(normalization != "titu1994", shift, guide) for guide in guides)
    target = gram_of_style.summed_as(prod(size_at(layers[0], image_size)), *features)
    return Term(name, weight, Statistic(layers, gram_of_pastiche), loss, target)


def smoothness(*, weight: float) -> Term:
    """The total variation of the pastiche."""
    return Term("tv", weight, Statistic((IMAGE,), _identity), lambda image, _: total_variation(image))


def _identity(features: Tensor) -> Tensor:
    return features
