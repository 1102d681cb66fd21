"""The terms that techniques share: a loss of `neural_style.losses` with its statistic, its weight and its target.

Normalisations are units of content and style losses; see `neural_style.losses.content` and `.style` for the formulas:
`titu1994`, the sums of the reference scripts; `gatys2016`, the means of the authors' notebooks; `johnson2016`, the same
with Gram matrices divided by C h w; `relative`, squared errors in parts of the target's square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.features.statistics import Field, Statistic
from neural_style.features.tiling import IMAGE
from neural_style.features.vgg import BGR_MEAN, aligned_size, size_at
from neural_style.losses.content import content_loss_gatys2016, content_loss_titu1994, squared_error
from neural_style.losses.regions import guided_sum
from neural_style.losses.relative import raised, relative_error, relative_to
from neural_style.losses.shapes import check_positions
from neural_style.losses.style import (
    aligned,
    cross_gram_matrix,
    gram_matrix,
    style_loss_gatys2016,
    style_loss_johnson2016,
    style_loss_titu1994,
)
from neural_style.losses.temporal import temporal_loss
from neural_style.losses.total_variation import total_variation as total_variation_loss
from neural_style.masks.guidance import Guide
from neural_style.objectives.canvas import Canvas
from neural_style.objectives.objective import Loss, Term, statistic_itself
from neural_style.validation import check_choice

NORMALIZATIONS = ("titu1994", "gatys2016", "johnson2016", "relative")


@dataclass(frozen=True)
class Gram:
    """The Gram matrix of shifted and guided features, times a factor.

    A mask of the reference multiplies the features before the shift, so that what is masked out counts as the shift;
    a guide of unit energy multiplies them after it, so that it does not count.

    Attributes:
        factor: `1 / (h w)` makes a mean over positions of the sum.
        shift: added to every activation.
        energy: of the guide, see `neural_style.masks.guidance.Guide`.
    """

    factor: float = 1.0
    shift: float = 0.0
    energy: str = "positions"

    def __call__(self, features: Tensor, guide: Tensor | None = None) -> Tensor:
        """Features (N, h, w, C) and the weights of a guide (1, h, w, 1), None for everywhere, to (N, C, C)."""
        if guide is None:
            return gram_matrix(features, shift=self.shift) * self.factor
        check_positions("the guide", guide, features)
        if self.energy == "positions":
            return gram_matrix(features * guide, shift=self.shift) * self.factor
        return gram_matrix((features + self.shift) * guide) * self.factor


@dataclass(frozen=True)
class CrossGram:
    """The correlations between two neighbouring layers, shifted first and guided then, times a factor.

    Attributes:
        factor: as in `Gram`; positions are those that `aligned` gives both.
        shift: added to every activation.
    """

    factor: float = 1.0
    shift: float = 0.0

    def __call__(self, features: Tensor, deeper: Tensor, guide: Tensor | None = None) -> Tensor:
        """Features (N, h, w, C_l) and (N, h', w', C_k), and a guide of their size when `aligned`, to (N, C_l, C_k)."""
        features, deeper = aligned(features, deeper)
        shifted = features + self.shift
        if guide is not None:
            check_positions("the guide", guide, features)
            # On one factor and squared, it weighs a position as it does in a Gram matrix.
            shifted = shifted * ops.square(guide)
        return cross_gram_matrix(shifted, deeper + self.shift) * self.factor


def content(
    layer: str,
    target: np.ndarray,
    *,
    weight: float,
    image_size: tuple[int, int],
    normalization: str,
    loss_type: int = 0,
    power: float = 1.0,
) -> Term:
    """The content term of a layer: features of the pastiche against those of the content.

    Args:
        layer: name of the layer.
        target: (1, h, w, C), of the content.
        weight: of the term.
        image_size: rows and columns of the pastiche.
        normalization: `titu1994`, `gatys2016`, `johnson2016` (whose content loss is that of `gatys2016`) or `relative`.
        loss_type: of `titu1994`.
        power: of `relative`, to which the error is raised.
    """
    check_choice("normalization", normalization, NORMALIZATIONS)
    # A squared error is a sum over positions, so it is the statistic itself, which tiles add up, and needs no target.
    mean = partial(content_loss_gatys2016, count=prod(target.shape[1:]))
    errors: dict[str, Any] = {
        "titu1994": partial(content_loss_titu1994, image_size=image_size, loss_type=loss_type),
        "gatys2016": mean,
        "johnson2016": mean,
        "relative": squared_error,
    }
    statistic = Statistic((layer,), errors[normalization], (Field(target),))
    if normalization == "relative":
        norm = np.square(target, dtype=np.float64).sum(axis=(1, 2, 3)).astype(target.dtype)
        loss = relative_to if power == 1 else partial(raised, power=power)
        return Term(f"content.{layer}", weight, statistic, loss, norm)
    return Term(f"content.{layer}", weight, statistic, statistic_itself)


def correlations(
    layers: tuple[str, ...],
    *,
    size: tuple[int, int],
    image_size: tuple[int, int],
    normalization: str,
    shift: float = 0.0,
    guide: Guide | None = None,
) -> Statistic:
    """The statistic of a style term: the Gram matrix of a layer, or the one between two.

    It is a sum over positions for `titu1994`, and a mean for the other normalisations.

    Args:
        layers: one layer, or a layer and its deeper neighbour (for which there is no `titu1994`).
        size: rows and columns of the image whose statistic it is: the painting, or the pastiche.
        image_size: rows and columns of the pastiche. The sum of `titu1994` is scaled to the number of positions of the
            pastiche, so that the size of the painting changes nothing.
        normalization: `titu1994`, `gatys2016`, `johnson2016` or `relative`.
        shift: added to every activation.
        guide: weights of the positions; None weighs all the same.
    """
    check_choice("normalization", normalization, NORMALIZATIONS)
    total = prod(size_at(layers[0], image_size)) if normalization == "titu1994" else 1
    is_mean = guide is not None and guide.energy == "one"  # already, as the weights' squares add up to one
    factor = float(total) if is_mean else total / prod(aligned_size(layers, size))
    fields = () if guide is None else (guide.weights,)
    if len(layers) == 2:
        return Statistic(layers, CrossGram(factor, shift), fields)
    return Statistic(layers, Gram(factor, shift, "positions" if guide is None else guide.energy), fields)


def style(
    statistic: Statistic,
    target: Tensor,
    *,
    name: str,
    weight: float,
    image_size: tuple[int, int],
    normalization: str,
) -> Term:
    """A style term: correlations of the pastiche against those of a style.

    Args:
        statistic: of the pastiche, from `correlations`.
        target: the same of the style, (1, C, C).
        name: of the term.
        weight: of the term.
        image_size: rows and columns of the pastiche.
        normalization: as in `correlations`.
    """
    check_choice("normalization", normalization, NORMALIZATIONS)
    losses: dict[str, Loss] = {
        "titu1994": partial(style_loss_titu1994, image_size=image_size),
        "gatys2016": style_loss_gatys2016,
        "johnson2016": style_loss_johnson2016,
        "relative": relative_error,
    }
    return Term(name, weight, statistic, losses[normalization], target)


def guided_sums(layers: tuple[str, ...], guide: Guide | None, *, size: tuple[int, int], dtype: str) -> Statistic:
    """The mean of a layer's features in a region, see `neural_style.losses.regions.guided_sum`.

    Args:
        layers: one layer.
        guide: of the region, whose weights are divided by their sum; None is everywhere.
        size: rows and columns of the image.
        dtype: of the features.
    """
    if guide is not None:
        return Statistic(layers, guided_sum, (guide.shares,))
    rows, columns = size_at(layers[0], size)
    return Statistic(layers, guided_sum, (Field(np.full((1, rows, columns, 1), 1 / (rows * columns), dtype)),))


def total_variation(*, weight: float) -> Term:
    """The total variation of the pastiche."""
    return Term("tv", weight, Statistic((IMAGE,), total_variation_loss, halo=1), statistic_itself)


def temporal(warped: np.ndarray, trusted: np.ndarray, *, weight: float, canvas: Canvas, dtype: str) -> Term:
    """The temporal term of a video's frame: `weight` times the mean over pixels and channels of `c (x - w)^2`.

    Args:
        warped: w, (H, W, 3), RGB in 0..255, what earlier frames became, warped to this one.
        trusted: c, (H, W), in 0..1.
        weight: of the term.
        canvas: of the objective. Mirrored pixels do not count.
        dtype: of the objective.
    """
    target = canvas.padded(warped)[..., ::-1] - np.array(BGR_MEAN)
    weights = np.zeros((*target.shape[:2], 1), dtype)
    (top, _), (left, _) = canvas.rows, canvas.columns
    weights[top : top + trusted.shape[0], left : left + trusted.shape[1], 0] = trusted
    fields = Field(target[None].astype(dtype)), Field(weights[None])
    return Term("temporal", weight / warped.size, Statistic((IMAGE,), temporal_loss, fields), statistic_itself)
