"""Losses region by region: those of the neural doodle, and guided sums."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from keras import ops

from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.losses.shapes import FEATURES, check_axes, check_positions, check_target
from neural_style.losses.style import gram_matrix, positions

GUIDED_SUM_SCALE = 1e5
"""Of a loss of guided sums beside one of Gram matrices; see `guided_sum_loss_gatys2016`."""


def region_gram_matrices(
    features: Tensor, masks: Tensor, *, areas: Sequence[float] | None = None, shift: float = 0.0
) -> Tensor:
    """A Gram matrix for each region r: `G(F M_r) / (mean(M_r) C)`, as in titu1994/Neural-Style-Transfer.

    `mean(M_r)` makes a small region count as much as a large one; the sum over positions is not divided by their
    number, so that the whole grows with the size of the image. The shift of the improved doodle comes after the mask:
    a position outside the mask has the shift as its activation, not zero.

    Args:
        features: F, (N, h, w, C).
        masks: M, (N, h, w, R) or (1, h, w, R), in 0..1; no region may be empty.
        areas: mean(M_r) of the whole image, of which features and masks may be a part, for a single picture or all of
            a batch; None if they are all of it.
        shift: added to every masked activation, see `gram_matrix`.

    Returns:
        (N, R, C, C), in squared units of the features.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_positions("masks", masks, features)
    regions = masks.shape[-1]
    if areas is not None and len(areas) != regions:
        raise InvalidInputError(f"areas must be {regions}, one for each region of the masks, received {len(areas)}")
    grams = [gram_matrix(features * masks[..., r : r + 1], shift=shift) for r in range(regions)]
    if areas is None:
        # Not ops.mean, which Keras computes in float32 on JAX, and returns as float64.
        means = ops.sum(masks, axis=(1, 2)) / float(positions(masks))
    else:
        means = ops.convert_to_tensor([areas], dtype=masks.dtype)
    return ops.stack(grams, axis=1) / (features.shape[-1] * means[:, :, None, None])


def region_style_loss(grams: Tensor, targets: Tensor) -> Tensor:
    """Doodle loss of a layer: the sum over regions of the mean over all C x C entries of `(G_r - A_r)^2`.

    Source: titu1994/Neural-Style-Transfer, neural_doodle.py.

    Args:
        grams: G, (N, R, C, C), of the pastiche, sums over positions.
        targets: A, (N, R, C, C) or (1, R, C, C), of the style, sums over equally many positions.

    Returns:
        (N,); grows with the square of the number of positions.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("Gram matrices of regions", grams, ("N", "R", "C", "C"))
    check_target("Gram matrices of regions", grams, targets)
    return ops.sum(ops.sum(ops.square(grams - targets), axis=(2, 3)) / float(prod(grams.shape[2:])), axis=1)


def guided_sum(features: Tensor, guide: Tensor) -> Tensor:
    """`sum_i u_i F_i` over positions i: with weights that add up to one, the mean of the features of a region.

    The guided sums of Gatys et al. 2017 (arXiv:1611.07865, section 4), which cost as much as one Gram matrix for any
    number of regions. In the authors' code (leongatys/NeuralImageSynthesis, `mean_fm_guided`) the weights have the mean
    square 1: for a region of a part a of the picture they give sqrt(a) times this, so that regions of painting and
    pastiche must be equally large there.

    Args:
        features: F, (N, h, w, C).
        guide: u, (1, h, w, 1).

    Returns:
        (N, C), in units of the features.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("features", features, FEATURES)
    check_positions("the guide", guide, features)
    return ops.sum(features * guide, axis=(1, 2))


def guided_sum_loss_gatys2016(sums: Tensor, target: Tensor) -> Tensor:
    """`1e5 mean (M - A)^2` over channels, in the units of the authors' code, beside their loss of Gram matrices.

    1e5 is the ratio of their weights, 1e8 / C^2 of sums and 1e3 / C^2 of Gram matrices.

    Args:
        sums: M, (N, C), of the pastiche.
        target: A, (N, C) or (1, C), of the painting.

    Returns:
        (N,), in squared units of the features.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("guided sums", sums, ("N", "C"))
    check_target("guided sums", sums, target)
    return GUIDED_SUM_SCALE * ops.sum(ops.square(sums - target), axis=-1) / float(sums.shape[-1])
