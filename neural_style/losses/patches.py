"""Style losses between patches: each patch of the pastiche is compared with the nearest patch of the painting.

A patch Psi_i(F) is a square of k x k positions of a feature map F, with all channels. The nearest is found anew in each
evaluation, exactly, among all patches of the painting; it is constant in the gradient, which reaches the pastiche
through its own patches only.

No matrix of all pairs of patches is ever held: the search goes through blocks of both maps. Within a block, the
products of patches are sums of products of positions, `<Psi_i, Psi_j> = sum_d <f_(i+d), s_(j+d)>` over the k^2 offsets
d, so that one product of matrices serves all offsets: k^2 times fewer operations than from the patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.losses.shapes import FEATURES, check_axes, check_positions

PATCH = 3
"""Rows and columns of a patch in Li & Wand 2016 and Champandard 2016."""

BLOCK = 2**20
"""Products of two positions that are held at a time, 4 MiB in float32, a few times over: those of a processor's cache.
With blocks 16 times as large a search took twice as long."""

SMALLEST = 1e-12
"""Added to squared norms, which are zero for patches of dead channels."""


class Matches(NamedTuple):
    """The nearest patch of some paintings for each patch of a picture.

    Attributes:
        first: position of the patch's upper left corner among the positions of all paintings, one after another, row by
            row; int32 (rows, columns).
        columns: columns of the painting that it belongs to, the distance to the row below; int32 (rows, columns).
    """

    first: Tensor
    columns: Tensor


def nearest_patches(features: Tensor, paintings: Sequence[Tensor], *, size: int = PATCH, block: int = BLOCK) -> Matches:
    """For each patch i the patch j of the paintings with the largest `<Psi_i, Psi_j> / |Psi_j|`.

    That is the normalised cross-correlation of Li & Wand 2016 (arXiv:1601.04589, equation 3), whose other factor,
    `1 / |Psi_i|`, changes no maximum. With patches of one position it is the cosine.

    Args:
        features: (h, w, C), of one picture.
        paintings: (h_k, w_k, C) each: a painting, and rotated and scaled copies of it.
        size: rows and columns of a patch.
        block: products of two positions that are held at a time, at most, if a block of one row is not larger.

    Returns:
        The matches of all (h - size + 1) x (w - size + 1) patches; of equally near ones, the first.

    Raises:
        InvalidInputError: a map is smaller than a patch, or has other channels.
    """
    for each in (features, *paintings):
        if len(each.shape) != 3 or min(each.shape[:2]) < size or each.shape[2] != features.shape[2]:
            raise InvalidInputError(
                f"maps must have at least {size} x {size} positions and {features.shape[-1]} channels, received "
                f"{tuple(each.shape)}: choose a larger image_size"
            )
    rows, columns = (extent - size + 1 for extent in features.shape[:2])
    score, first, stride, start = None, None, None, 0
    for painting in paintings:
        own_score, own_first = _search(ops.stop_gradient(features), ops.stop_gradient(painting), size, block)
        own_first, own_stride = own_first + start, ops.full_like(own_first, painting.shape[1])
        if score is None:
            score, first, stride = own_score, own_first, own_stride
        else:
            better = own_score > score
            score = ops.where(better, own_score, score)
            first, stride = ops.where(better, own_first, first), ops.where(better, own_stride, stride)
        start += painting.shape[0] * painting.shape[1]
    return Matches(ops.reshape(first, (rows, columns)), ops.reshape(stride, (rows, columns)))


def patch_distance(features: Tensor, paintings: Sequence[Tensor], matches: Matches, *, size: int = PATCH) -> Tensor:
    """`sum_i |Psi_i(F) - Psi_NN(i)|^2` over the patches of one picture; Li & Wand 2016, equation 2.

    With n_p patches that cover a position p, and T_p the mean of what they match there, it is
    `sum_p n_p |f_p - T_p|^2` and a constant: one map of targets holds the gradient of all patches.

    Args:
        features: F, (h, w, C).
        paintings: as of `nearest_patches`; other channels than those that were matched are possible.
        matches: from `nearest_patches`.
        size: rows and columns of a patch.

    Returns:
        A scalar, in squared units of the features: a sum over patches.
    """
    extent = features.shape[0], features.shape[1]
    target, counts, spread = map(ops.stop_gradient, patch_targets(paintings, matches, size=extent, patch=size))
    return ops.sum(counts * ops.square(features - target)) + spread


def patch_targets(
    paintings: Sequence[Tensor], matches: Matches, *, size: tuple[int, int], patch: int = PATCH
) -> tuple[Tensor, Tensor, Tensor]:
    """What the patches that some patches match lay over a picture, for `patch_distance`.

    Args:
        paintings: (h_k, w_k, C) each, in which the matches are places.
        matches: from `nearest_patches`.
        size: h and w of the picture.
        patch: rows and columns of a patch.

    Returns:
        T, (h, w, C), the mean of the matched patches at each position; n, (h, w, 1), how many cover it; and
        `sum_i |Psi_NN(i)|^2 - sum_p n_p |T_p|^2`, a scalar: how far they disagree.
    """
    channels = paintings[0].shape[-1]
    table = ops.concatenate([ops.reshape(each, (-1, channels)) for each in paintings])
    (height, width), (rows, columns) = size, matches.first.shape
    covering = np.zeros((height, width, 1))
    total, squares = 0.0, 0.0
    for row in range(patch):
        for column in range(patch):
            place = (row, height - rows - row), (column, width - columns - column)
            matched = ops.take(table, matches.first + row * matches.columns + column, axis=0)
            total = total + ops.pad(matched, (*place, (0, 0)))
            squares = squares + ops.sum(ops.square(matched))
            covering[row : row + rows, column : column + columns] += 1
    counts = ops.convert_to_tensor(covering, dtype=table.dtype)
    target = total / counts
    return target, counts, squares - ops.sum(counts * ops.square(target))


def target_distance(features: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    """`sum_p n_p |f_p - T_p|^2`: `patch_distance` from matches that stay the same, without its constant.

    A sum over positions.

    Args:
        features: (N, h, w, C).
        target: T, (1, h, w, C), of `patch_targets`.
        counts: n, (1, h, w, 1).

    Returns:
        (N,), in squared units of the features.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_positions("the target", target, features)
    check_positions("the counts", counts, features)
    return ops.sum(counts * ops.square(features - target), axis=(1, 2, 3))


def patch_loss(features: Tensor, *paintings: Tensor, size: int = PATCH) -> Tensor:
    """The style loss of CNNMRF: `patch_distance` to the nearest patches by `nearest_patches`.

    Li & Wand 2016 (arXiv:1601.04589), equations 2 and 3. Their published code divides the gradient at a position by the
    number of patches that cover it; this is the paper's.

    Args:
        features: (N, h, w, C), of the pastiche.
        paintings: (1, h_k, w_k, C) each, see `nearest_patches`.
        size: rows and columns of a patch.

    Returns:
        (N,), a sum over patches.

    Raises:
        InvalidInputError: the shapes are not these, or a map is smaller than a patch.
    """
    check_axes("features", features, FEATURES)
    maps = [each[0] for each in paintings]
    return ops.stack(
        [
            patch_distance(each, maps, nearest_patches(each, maps, size=size), size=size)
            for each in ops.unstack(features)
        ]
    )


def with_map(features: Tensor, semantic_map: Tensor, *, weight: float) -> Tensor:
    """Features and the channels of a semantic map side by side: what is compared to find the nearest patch.

    Both have unit length at each position, and the map's channels the factor `sqrt(weight)`. The product of two such
    positions is `cos(f, g) + weight cos(m, n)` of their features f and g and of their maps m and n, as in Champandard's
    alexjc/neural-doodle; equation 2 of his paper (arXiv:1603.01768) appends the map to the features as they are, so
    that it counts least where they are strongest.

    Args:
        features: (h, w, C).
        semantic_map: (h, w, R), such as a mask for each of R regions.
        weight: at least 0.

    Returns:
        (h, w, C + R).
    """
    return ops.concatenate([_unit(features), float(weight) ** 0.5 * _unit(semantic_map)], axis=-1)


def semantic_patch_loss(
    features: Tensor,
    semantic_map: Tensor,
    painting: Tensor,
    painting_map: Tensor,
    *,
    weight: float,
    size: int = PATCH,
) -> Tensor:
    """`patch_distance` to the patches of a painting that are nearest in features and semantic map together.

    Champandard 2016 (arXiv:1603.01768): `NN(i) = argmax_j <Psi_i, Psi_j> / |Psi_j|` with patches of `with_map`; the
    distance is that of features alone.

    Args:
        features: (N, h, w, C), of the pastiche.
        semantic_map: (1, h, w, R), the wanted one.
        painting: (1, h', w', C), features of the painting.
        painting_map: (1, h', w', R).
        weight: of the map beside the features; 0 is `patch_loss` with positions of unit length.
        size: rows and columns of a patch.

    Returns:
        (N,), a sum over patches, in squared units of the features.

    Raises:
        InvalidInputError: the shapes are not these, or a map is smaller than a patch.
    """
    check_positions("the semantic map", semantic_map, features)
    check_positions("the painting's semantic map", painting_map, painting)
    compared = [with_map(painting[0], painting_map[0], weight=weight)]
    losses = []
    for each in ops.unstack(features):
        matches = nearest_patches(with_map(each, semantic_map[0], weight=weight), compared, size=size)
        losses.append(patch_distance(each, [painting[0]], matches, size=size))
    return ops.stack(losses)


def patch_power(features: Tensor, *, size: int = PATCH) -> Tensor:
    """`mean_j |Psi_j|^2` over the patches of features (N, h, w, C), (N,): their distance from patches of zeros."""
    check_axes("features", features, FEATURES)
    return ops.mean(_window_sums(ops.sum(ops.square(features), axis=-1), size), axis=(1, 2))


def _unit(columns: Tensor) -> Tensor:
    """Columns of (h, w, C) divided by their length; those of zeros remain zero."""
    return columns / ops.sqrt(ops.sum(ops.square(columns), axis=-1, keepdims=True) + SMALLEST)


def _window_sums(values: Tensor, size: int) -> Tensor:
    """Sums over the squares of `size` x `size` positions of (N, h, w)."""
    rows, columns = (extent - size + 1 for extent in values.shape[1:])
    below = sum(values[:, row : row + rows] for row in range(size))
    return sum(below[:, :, column : column + columns] for column in range(size))


def _search(features: Tensor, painting: Tensor, size: int, block: int) -> tuple[Tensor, Tensor]:
    """Score and first position of the nearest patch in one painting, for each patch, flat."""
    (height, width), (tall, wide) = features.shape[:2], painting.shape[:2]
    rows, lines = height - size + 1, tall - size + 1  # of patches
    most = max(1, int((block / (width * wide)) ** 0.5) - size + 1)
    taken, given = min(rows, most), min(lines, most)  # rows of patches in a block
    norms = _window_sums(ops.sum(ops.square(painting), axis=-1)[None], size)[0]
    inverse = 1 / ops.sqrt(norms + SMALLEST)
    # Columns in which a patch would begin in one row and end in the next are there, so that a block is one matrix; they
    # are never the nearest.
    inverse = ops.pad(inverse, ((0, 0), (0, size - 1)))
    penalty = ops.pad(ops.zeros_like(norms), ((0, 0), (0, size - 1)), constant_values=np.inf)
    counts = -(-rows // taken), -(-lines // given)
    kept = taken * width - size + 1

    def scores(top: Tensor, line: Tensor) -> Tensor:
        one = ops.reshape(_rows_of(features, top, taken + size - 1), (-1, features.shape[-1]))
        other = ops.reshape(_rows_of(painting, line, given + size - 1), (-1, features.shape[-1]))
        products = _shifted_sums(_shifted_sums(one @ ops.swapaxes(other, 0, 1), size, 1, 1), size, width, wide)
        columns = products.shape[1]
        own = [ops.reshape(_rows_of(each, line, given), (-1,))[:columns] for each in (inverse, penalty)]
        return products * own[0] - own[1]

    def compare(step: Tensor, best: tuple[Tensor, Tensor], top: Tensor) -> tuple[Tensor, Tensor]:
        score, first = best
        # Waits for the block before, so that two are never in memory: `first` is not negative.
        line = ops.cast(ops.minimum(step * given, lines - given), "int32") + ops.minimum(first[0], 0)
        found = scores(top, line)
        own, value = ops.cast(ops.argmax(found, axis=-1), "int32"), ops.max(found, axis=-1)
        better = value > score
        return ops.where(better, value, score), ops.where(better, own + line * wide, first)

    def search(step: Tensor, found: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        score, first = found
        top = ops.cast(ops.minimum(step * taken, rows - taken), "int32") + ops.minimum(first[0, 0], 0)
        none = ops.full((kept,), -np.inf, dtype=features.dtype), ops.zeros((kept,), dtype="int32")
        best = ops.fori_loop(0, counts[1], lambda line, best: compare(line, best, top), none)
        whole = [ops.reshape(ops.pad(each, (0, size - 1)), (taken, width)) for each in best]
        corner = top, ops.zeros_like(top)  # of one type, which 0 is not where JAX has 64 bits
        return ops.slice_update(score, corner, whole[0]), ops.slice_update(first, corner, whole[1])

    nothing = ops.zeros((rows, width), dtype=features.dtype), ops.zeros((rows, width), dtype="int32")
    score, first = ops.fori_loop(0, counts[0], search, nothing)
    columns = width - size + 1
    return ops.reshape(score[:, :columns], (-1,)), ops.reshape(first[:, :columns], (-1,))


def _shifted_sums(products: Tensor, size: int, down: int, right: int) -> Tensor:
    """`sum_d P[i + d down, j + d right]` over d in 0..size-1, for all i and j for which these exist."""
    rows, columns = products.shape[0] - (size - 1) * down, products.shape[1] - (size - 1) * right
    return sum(products[d * down : d * down + rows, d * right : d * right + columns] for d in range(size))


def _rows_of(values: Tensor, first: Tensor, count: int) -> Tensor:
    """Some rows of (h, w, ...), from one that is known at run time only."""
    zeros = [ops.zeros_like(first)] * (len(values.shape) - 1)
    return ops.slice(values, (first, *zeros), (count, *values.shape[1:]))
