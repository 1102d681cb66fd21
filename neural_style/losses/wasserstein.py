"""Style losses between distributions of features: Gaussians, each channel by itself, and one direction after another.

All three are squared distances in squared units of the features, 0 where the statistics are equal. For features that
are zero everywhere they are the sum of the style's mean squares; divided by it they are relative errors.

A Gram matrix has mean and covariance in one sum, `G / M = C + m m^T`, and equal Gram matrices may have other means
(Risser et al. 2017, arXiv:1701.08893); the first two keep them apart.
"""

from __future__ import annotations

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.losses.relative import SMALLEST
from neural_style.losses.shapes import FEATURES, check_axes, check_positions, check_target
from neural_style.losses.style import gram_matrix, positions

JOINT_MOMENTS = ("N", "C + 1", "C + 1")
CHANNEL_MOMENTS = ("N", "3", "C")
QUANTILES = ("N", "directions", "positions")

FLOOR = 1e-3
"""Variance that is added to every channel, in parts of the style's mean variance: a square root has no slope at zero,
where dead channels are."""

FLAT = 1e-4
"""Part of the squared means that stands for the variance of features without one, those of a painting of one colour:
above the rounding of a variance in float32."""


def joint_moments(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Sums over positions of `w^2 f f^T`, `w^2 f` and `w^2`, for features f and weights w: a Gram matrix with a border.

    Args:
        features: (N, h, w, C).
        weights: of a mask, (N, h, w, 1) or (1, h, w, 1); None is one everywhere.

    Returns:
        (N, C + 1, C + 1): second moments, and in the last row and column the first moments and the total weight. Plain
        sums, so that those of tiles add up; `gaussian_distance` divides by the weight.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("features", features, FEATURES)
    bordered = ops.concatenate([features, ops.ones_like(features[..., :1])], axis=-1)
    return gram_matrix(_weighted(bordered, weights))


def gaussian_root(moments: Tensor, *, floor: float = FLOOR) -> Tensor:
    """The part of `gaussian_distance` that depends on the style alone, computed once for all evaluations.

    Args:
        moments: of the style, (N, C + 1, C + 1), from `joint_moments`.
        floor: as in `gaussian_distance`.

    Returns:
        (N, C + 1, C + 1): the square root of the covariance with the floor; in the last row and column the mean, and
        the floor's variance where they meet.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("joint moments", moments, JOINT_MOMENTS)
    mean, covariance = _gaussian(moments)
    added = _added(mean, _trace(covariance), floor)
    root, _ = _roots(covariance + _on_diagonal(added, covariance))
    beside = ops.concatenate([root, mean[:, :, None]], axis=2)
    below = ops.concatenate([mean, added], axis=1)
    return ops.concatenate([beside, below[:, None, :]], axis=1)


def distance_from_root(moments: Tensor, root: Tensor) -> Tensor:
    """`gaussian_distance` from a style of which `gaussian_root` is known."""
    check_axes("joint moments", moments, JOINT_MOMENTS)
    check_target("joint moments", moments, root)
    (mean, covariance), style_mean, added = _gaussian(moments), root[:, :-1, -1], root[:, -1:, -1]
    root = root[:, :-1, :-1]
    covariance = covariance + _on_diagonal(added, covariance)
    # The trace of a root has the slope of `tr(S^-1 A + S) / 2` at S = A^1/2, which needs no derivative of eigenvectors.
    product = root @ covariance @ root
    overlap, inverse = _roots(ops.stop_gradient(product), smallest=ops.square(added))
    trace = (_trace(inverse @ product) + _trace(overlap)) / 2
    means = ops.sum(ops.square(mean - style_mean), axis=-1)
    return means + _trace(covariance) + ops.sum(ops.square(root), axis=(1, 2)) - 2 * trace


def gaussian_distance(moments: Tensor, target: Tensor, *, floor: float = FLOOR) -> Tensor:
    """The squared Wasserstein-2 distance between Gaussians with the means and covariances of two sets of features::

        |m - n|^2 + tr(C + D - 2 (D^1/2 C D^1/2)^1/2)

    Dowson & Landau 1982; as a style loss in crowsonkb/style-transfer-pytorch, which also adds a small variance.

    Args:
        moments: of the pastiche, (N, C + 1, C + 1), from `joint_moments`.
        target: of the style, the same or (1, C + 1, C + 1).
        floor: variance that is added to both, in parts of the style's mean variance; above 0 for a gradient.

    Returns:
        (N,), at least 0 up to rounding: 1e-5 of the style's variance in float32.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("joint moments", target, JOINT_MOMENTS)
    return distance_from_root(moments, gaussian_root(target, floor=floor))


def root_power(root: Tensor) -> Tensor:
    """`tr D + |n|^2` of a `gaussian_root`, the sum of the style's mean squares; (N,)."""
    channels = root.shape[-1] - 1
    means = ops.sum(ops.square(root[:, :-1, -1]), axis=-1)
    return ops.sum(ops.square(root[:, :-1, :-1]), axis=(1, 2)) - channels * root[:, -1, -1] + means


def channel_moments(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Sums over positions of `w^2 f`, `w^2 f^2` and `w^2` in each channel: the moments of `joint_moments` without
    those between channels.

    Arguments and errors are those of `joint_moments`.

    Returns:
        (N, 3, C): first moments, second moments, and the total weight, plain sums.
    """
    check_axes("features", features, FEATURES)
    weighted, ones = _weighted(features, weights), _weighted(ops.ones_like(features), weights)
    sums = [weighted * ones, ops.square(weighted), ops.square(ones)]
    return ops.stack([ops.sum(each, axis=(1, 2)) for each in sums], axis=1)


def channel_distance(moments: Tensor, target: Tensor, *, floor: float = FLOOR) -> Tensor:
    """`sum_c (m_c - n_c)^2 + (s_c - t_c)^2` over channels with means m, n and standard deviations s, t.

    Li et al. 2017 (arXiv:1701.01036, section 4.2, equation 15), a sum where they have a mean. It is `gaussian_distance`
    of covariances whose other entries are zero.

    Args:
        moments: of the pastiche, (N, 3, C), from `channel_moments`.
        target: of the style, the same or (1, 3, C).
        floor: as in `gaussian_distance`.

    Returns:
        (N,).

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("channel moments", moments, CHANNEL_MOMENTS)
    check_target("channel moments", moments, target)
    (mean, variance), (style_mean, style_variance) = _channels(moments), _channels(target)
    added = _added(style_mean, ops.sum(style_variance, axis=-1), floor)
    deviations = ops.sqrt(variance + added) - ops.sqrt(style_variance + added)
    return ops.sum(ops.square(mean - style_mean) + ops.square(deviations), axis=-1)


def sorted_projections(features: Tensor, directions: Tensor, *, count: int | None = None) -> Tensor:
    """Features projected on directions and sorted along each: the quantiles of the projections.

    Args:
        features: (N, h, w, C).
        directions: (C, D), unit vectors in columns.
        count: of the quantiles; None is h w. Others are interpolated between the sorted values, linearly, the first and
            the last at the ends.

    Returns:
        (N, D, count), in units of the features.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("features", features, FEATURES)
    flat = ops.reshape(features, (features.shape[0], positions(features), features.shape[-1]))
    found = ops.sort(ops.swapaxes(flat @ directions, 1, 2), axis=-1)
    if count in (None, found.shape[-1]):
        return found
    places = np.linspace(0, found.shape[-1] - 1, count)
    below = np.minimum(places.astype(np.int32), found.shape[-1] - 2) if found.shape[-1] > 1 else np.zeros(count, int)
    share = ops.convert_to_tensor(places - below, dtype=found.dtype)
    above = np.minimum(below + 1, found.shape[-1] - 1)
    return ops.take(found, below, axis=-1) * (1 - share) + ops.take(found, above, axis=-1) * share


def sliced_distance(quantiles: Tensor, target: Tensor) -> Tensor:
    """The sliced Wasserstein-2 distance, squared, times C: `C mean_v mean_i (q_vi - r_vi)^2` over directions v and
    sorted projections q and r.

    Heitz et al. 2021 (arXiv:2006.07229, equations 2 and 3), times C, so that it is in the units of the other two: the
    sum over channels where directions are as many. With an orthonormal basis of directions the part of the means is
    exact. The directions are the same in all evaluations (in the paper new ones in each), since a solver with a memory
    needs one function.

    Args:
        quantiles: of the pastiche, (N, D, count), from `sorted_projections` with D = C directions.
        target: of the style, the same or (1, D, count).

    Returns:
        (N,).

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("quantiles", quantiles, QUANTILES)
    check_target("quantiles", quantiles, target)
    return ops.sum(ops.mean(ops.square(quantiles - target), axis=-1), axis=-1)


def orthonormal_basis(channels: int, *, seed: int) -> np.ndarray:
    """A random orthonormal basis in columns, (C, C), uniform among all; Heitz et al. 2021 draw each direction alone."""
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((channels, channels)))[0]


def _weighted(features: Tensor, weights: Tensor | None) -> Tensor:
    if weights is None:
        return features
    check_positions("the weights", weights, features)
    return features * weights


def _gaussian(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (N, C) and covariance (N, C, C)."""
    total = moments[:, -1:, -1:]
    mean = moments[:, :-1, -1] / total[:, 0]
    return mean, moments[:, :-1, :-1] / total - mean[:, :, None] * mean[:, None, :]


def _channels(moments: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel, (N, C); rounding may make a variance negative."""
    mean, square = moments[:, 0] / moments[:, 2], moments[:, 1] / moments[:, 2]
    return mean, ops.maximum(square - ops.square(mean), 0.0)


def _added(mean: Tensor, total: Tensor, floor: float) -> Tensor:
    """The variance that is added to each channel of a style with this mean (N, C) and total variance (N,); (N, 1)."""
    least = FLAT * ops.sum(ops.square(mean), axis=-1)
    return (floor * (ops.maximum(total, least) / mean.shape[-1] + SMALLEST))[:, None]


def _on_diagonal(added: Tensor, matrices: Tensor) -> Tensor:
    return added[:, :, None] * ops.identity(matrices.shape[-1], dtype=matrices.dtype)


def _trace(matrices: Tensor) -> Tensor:
    return ops.trace(matrices, axis1=-2, axis2=-1)


def _roots(matrices: Tensor, *, smallest: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
    """Square roots of symmetric matrices and the inverses of these; eigenvalues are at least `smallest`, (N, 1)."""
    values, vectors = ops.linalg.eigh(matrices)
    values = ops.sqrt(ops.maximum(values, smallest))
    turned = ops.swapaxes(vectors, -1, -2)
    values = values[:, None, :]
    return (vectors * values) @ turned, (vectors / values) @ turned
