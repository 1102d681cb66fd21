"""Distances between features of two pictures: content error, Gram error, sliced Wasserstein distance.

Errors are relative, `|V - T|^2 / |T|^2`, and therefore comparable between layers, sizes and networks: 0 for the target
itself, 1 for features that are all zero. Everything is computed in float64.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.validation import check_count

Array = np.ndarray[Any, Any]


def relative_content_error(features: Array, target: Array) -> float:
    """`|F - P|^2 / |P|^2`, the content loss of Gatys et al. 2016 (CVPR, equation 1) without units.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> features = np.ones((1, 2, 2, 3))
        >>> metrics.relative_content_error(1.5 * features, features)
        0.25

    Args:
        features, target: (1, h, w, C) or any other shape, of the pastiche and of the content.

    Returns:
        At least 0; 0 for equal features.

    Raises:
        InvalidInputError: the shapes differ, or the target is zero everywhere.
    """
    if features.shape != target.shape:
        raise InvalidInputError(f"features must have the same shape, received {features.shape} and {target.shape}")
    return _relative(features, target)


def relative_gram_error(features: Array, target: Array) -> float:
    """`|G - A|^2 / |A|^2` of mean Gram matrices, the style loss of Gatys et al. 2016 (CVPR, equation 4) without units.

    `G = F^T F / M` for F as a matrix of M positions by C channels: pastiche and style may differ in size.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> metrics.relative_gram_error(np.full((1, 2, 2, 3), 2.0), np.full((1, 4, 4, 3), 1.0))
        9.0

    Args:
        features, target: (1, h, w, C), of the pastiche and of the style.

    Returns:
        At least 0; 0 for equal Gram matrices.

    Raises:
        InvalidInputError: the numbers of channels differ, or the target is zero everywhere.
    """
    return _relative(*(flat.T @ flat / len(flat) for flat in _flattened(features, target)))


def sliced_wasserstein_distance(features: Array, target: Array, *, seed: int = 0) -> float:
    """The distance between two distributions of activations, `mean_v integral_0^1 (Q_v(t) - R_v(t))^2 dt`.

    Q_v and R_v are the quantile functions of the features projected on a direction v: step functions of M and N steps,
    integrated exactly. It is the style loss of Heitz et al. 2021 (arXiv:2006.07229) for any two numbers of samples. It
    compares whole distributions, a Gram matrix only second moments. As in the paper there are C directions, but they
    form a random orthonormal basis, in which the contribution of the means is exact. The value therefore varies by a
    percent from seed to seed; with independent directions it varies by ten.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> features = np.random.default_rng(0).normal(size=(1, 4, 4, 3))
        >>> metrics.sliced_wasserstein_distance(features[:, ::-1], features)
        0.0
        >>> round(metrics.sliced_wasserstein_distance(features + 2, features), 6)
        4.0

    Args:
        features, target: (1, h, w, C), of the pastiche and of the style, of any two sizes.
        seed: seed of the directions.

    Returns:
        At least 0, in squared units of the features; 0 for a permutation of positions.

    Raises:
        InvalidInputError: the numbers of channels differ.
    """
    check_count("seed", seed, at_least=0)
    one, other = _flattened(features, target)
    places, other_places, widths = _quantile_steps(len(one), len(other))
    # One direction after another: all at once would take several times the memory of the features.
    directions = _directions(one.shape[1], seed)
    gaps = (np.sort(one @ each)[places] - np.sort(other @ each)[other_places] for each in directions)
    return float(np.mean([widths @ np.square(gap) for gap in gaps]))


@lru_cache(maxsize=16)
def _directions(channels: int, seed: int) -> Array:
    """An orthonormal basis, uniform among all (Heitz et al. 2021 draw directions one by one), in rows."""
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((channels, channels)))[0].T


def relative_sliced_wasserstein_distance(features: Array, target: Array, *, seed: int = 0) -> float:
    """`sliced_wasserstein_distance` divided by the target's mean square, its value for features that are all zero.

    Arguments and errors are those of `sliced_wasserstein_distance`; a target that is zero everywhere is an error, too.
    """
    norm = float(np.mean(np.square(target, dtype=np.float64)))
    return _divided(sliced_wasserstein_distance(features, target, seed=seed), norm)


def _relative(value: Array, target: Array) -> float:
    value, target = np.asarray(value, np.float64), np.asarray(target, np.float64)
    return _divided(float(np.sum(np.square(value - target))), float(np.sum(np.square(target))))


def _divided(squared: float, norm: float) -> float:
    if norm == 0:
        raise InvalidInputError("the target's features are zero everywhere, and no error is relative to them")
    return squared / norm


def _flattened(features: Array, target: Array) -> tuple[Array, Array]:
    """Both as (positions, C) in float64."""
    if features.shape[-1] != target.shape[-1]:
        raise InvalidInputError(
            f"features must have the same number of channels, received {features.shape} and {target.shape}"
        )
    one, other = (np.asarray(each, np.float64).reshape(-1, each.shape[-1]) for each in (features, target))
    return one, other


def _quantile_steps(count: int, others: int) -> tuple[Array, Array, Array]:
    """The common steps of the quantile functions of two samples: indices into both sorted samples, and widths.

    Steps end at i / M and j / N; times M N they are whole numbers, whose equality is exact.
    """
    ends = np.union1d(np.arange(1, count + 1) * others, np.arange(1, others + 1) * count)
    return (ends - 1) // others, (ends - 1) // count, np.diff(ends, prepend=0) / (count * others)
