"""Neural neighbours (Kolkin et al. 2022, arXiv:2203.13215): each column of features becomes the painting's nearest."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

from neural_style.backend import Tensor
from neural_style.losses.patches import nearest_patches, patch_distance
from neural_style.losses.shapes import FEATURES, check_axes


def hypercolumns(features: Sequence[Tensor], scales: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Features of several layers side by side at one size, each layer times a factor.

    Larger maps are averaged over squares and smaller ones repeated (Kolkin et al. resize all to a quarter of the image,
    bilinearly); what a pooling has dropped at the end is left out.

    Args:
        features: (N, h_l, w_l, C_l) of each layer.
        scales: (number of layers,).
        size: rows and columns of the map that all are brought to: a layer's own.

    Returns:
        (N, rows, columns, sum of C_l).
    """
    columns = []
    for place, each in enumerate(features):
        check_axes("features", each, FEATURES)
        if each.shape[1] > size[0]:
            factor = _power_of_two(each.shape[1] // size[0])
            each = ops.average_pool(each, factor, factor, padding="valid", data_format="channels_last")
        elif size[0] > each.shape[1]:
            factor = _power_of_two(size[0] // each.shape[1])
            each = ops.repeat(ops.repeat(each, factor, axis=1), factor, axis=2)
        columns.append(each * scales[place])
    rows, width = (min(each.shape[axis] for each in columns) for axis in (1, 2))
    return ops.concatenate([each[:, :rows, :width] for each in columns], axis=-1)


def _power_of_two(ratio: int) -> int:
    """The largest power of two that is not above a ratio of rows: poolings drop rows, so that 7 / 1 stands for 4."""
    return 1 << (ratio.bit_length() - 1)


def centred(columns: Tensor) -> Tensor:
    """Hypercolumns minus their mean over positions: what is compared to find the nearest."""
    return columns - ops.mean(columns, axis=(1, 2), keepdims=True)


def neighbour_loss(columns: Tensor, *paintings: Tensor) -> Tensor:
    """`sum_p |c_p - t_p|^2` over positions, t_p being the painting's hypercolumn with the largest cosine to c_p.

    Both are centred to be compared (`centred`), as in section 3.2 of the paper. It minimises the cosine distance to the
    targets, which leaves their length free and so needs a match of colours afterwards; the squared distance does not.
    Targets are found anew in each evaluation, as in the paper's last pass, and are constant in the gradient.

    Args:
        columns: (N, h, w, C), of the pastiche.
        paintings: (1, h_k, w_k, C) each: of a painting, and of rotated and scaled copies.

    Returns:
        (N,), in squared units of the hypercolumns.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("hypercolumns", columns, FEATURES)
    maps = [each[0] for each in paintings]
    compared = [centred(each)[0] for each in paintings]
    losses = []
    for each, own in zip(ops.unstack(columns), ops.unstack(centred(columns)), strict=True):
        losses.append(patch_distance(each, maps, nearest_patches(own, compared, size=1), size=1))
    return ops.stack(losses)
