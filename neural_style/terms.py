"""The terms that techniques share: a loss of `neural_style.losses` with its statistic, its weight and its target."""

from __future__ import annotations

from functools import partial
from math import prod

from neural_style.backend import Tensor
from neural_style.losses.content import content_loss_gatys2016, content_loss_titu1994
from neural_style.losses.smoothness import total_variation
from neural_style.losses.style import gram_matrix, mean_gram_matrix, style_loss_gatys2016, style_loss_titu1994
from neural_style.objective import IMAGE, Loss, Statistic, Term


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
        normalization: `titu1994` or `gatys2016`.
        loss_type: of `titu1994`.
    """
    loss: Loss = content_loss_gatys2016
    if normalization == "titu1994":
        loss = partial(content_loss_titu1994, image_size=image_size, loss_type=loss_type)
    return Term(f"content.{layer}", weight, Statistic((layer,), _identity), loss, target)


def style(
    layer: str,
    features: Tensor,
    *,
    name: str,
    weight: float,
    positions: int,
    image_size: tuple[int, int],
    normalization: str,
) -> Term:
    """The pastiche's Gram matrix at a layer against that of a style.

    Args:
        layer: where.
        features: (1, h, w, C), of the style.
        name: of the term.
        weight: of the term.
        positions: of the pastiche at this layer; the sums of `titu1994` are brought to as many.
        image_size: rows and columns of the pastiche.
        normalization: `titu1994` or `gatys2016`.
    """
    if normalization == "titu1994":
        target = gram_matrix(features) * (positions / positions_of(features))
        return Term(
            name, weight, Statistic((layer,), gram_matrix), partial(style_loss_titu1994, image_size=image_size), target
        )
    return Term(name, weight, Statistic((layer,), mean_gram_matrix), style_loss_gatys2016, mean_gram_matrix(features))


def smoothness(*, weight: float) -> Term:
    """The total variation of the pastiche."""
    return Term("tv", weight, Statistic((IMAGE,), _identity), lambda image, _: total_variation(image))


def _identity(features: Tensor) -> Tensor:
    return features


def positions_of(features: Tensor) -> int:
    """Number of positions of (1, h, w, C): h w."""
    return prod(features.shape[1:3])
