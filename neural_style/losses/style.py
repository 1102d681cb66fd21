"""How far the pastiche's texture statistics are from the style's."""

from __future__ import annotations

from math import prod

from keras import ops

from neural_style.backend import Tensor

REFERENCE_CHANNELS = 3
"""The `channels` of the reference's normalisation: those of the image, at every layer."""


def gram_matrix(features: Tensor, *, shift: float = 0.0) -> Tensor:
    """Correlations between channels: `G = (F + s)^T (F + s)`, F being the features as a (positions, C) matrix.

    Gatys et al. 2016, equation 3, with s = 0: a plain sum over positions, nothing is divided here. Novak & Nikulin
    2016 (arXiv:1605.04603, section 3.3) shift every activation by s = -1, so that channels that are silent together
    count too.

    Args:
        features: (1, h, w, C).
        shift: s.

    Returns:
        (C, C), symmetric and positive semidefinite, unchanged when positions are permuted.
    """
    flat = _flat(features, shift)
    return ops.matmul(ops.transpose(flat), flat)


def mean_gram_matrix(features: Tensor, *, shift: float = 0.0) -> Tensor:
    """`gram_matrix` divided by the M positions of the features: the same for a texture of any extent."""
    return gram_matrix(features, shift=shift) / positions(features)


def cross_gram_matrix(features: Tensor, deeper: Tensor) -> Tensor:
    """Correlations between the channels of two layers: `(F^l)^T F^k`, a plain sum over positions.

    Novak & Nikulin 2016, sections 3.4 and 3.5, for features that `aligned` has brought to one size.

    Args:
        features: (1, h, w, C_l), of the shallower layer.
        deeper: (1, h, w, C_k).

    Returns:
        (C_l, C_k).
    """
    return ops.matmul(ops.transpose(_flat(features, 0.0)), _flat(deeper, 0.0))


def aligned(features: Tensor, deeper: Tensor) -> tuple[Tensor, Tensor]:
    """Features of two neighbouring layers at one size: the smaller map is repeated where a pooling lies between them.

    A row or column of the larger map that the pooling has dropped is left out.

    Args:
        features: (1, h, w, C_l).
        deeper: (1, h, w, C_k), or (1, h // 2, w // 2, C_k) behind a pooling.
    """
    if deeper.shape[1:3] == features.shape[1:3]:
        return features, deeper
    deeper = ops.repeat(ops.repeat(deeper, 2, axis=1), 2, axis=2)
    return features[:, : deeper.shape[1], : deeper.shape[2]], deeper


def positions(features: Tensor) -> int:
    """Number of positions of (1, h, w, C): M = h w."""
    return prod(features.shape[1:3])


def style_loss_titu1994(gram: Tensor, target: Tensor, *, image_size: tuple[int, int]) -> Tensor:
    """Style loss of titu1994/Neural-Style-Transfer: `sum (G - A)^2 / (4 * 3^2 * (H W)^2)`.

    H and W are the size of the IMAGE and 3 its channels, at every layer; Gatys et al. 2016 (equation 4) divide by the
    layer's own channels and positions. So deep layers, which have fewer positions, count less here.

    Args:
        gram, target: (C, C) Gram matrices of the pastiche and of the style, as sums over equally many positions.
        image_size: rows and columns of the working image.

    Returns:
        A scalar that stays about the same when the image grows.
    """
    height, width = image_size
    return ops.sum(ops.square(gram - target)) / (4 * REFERENCE_CHANNELS**2 * (height * width) ** 2)


def style_loss_gatys2016(gram: Tensor, target: Tensor) -> Tensor:
    """Style loss in the units of the authors' own code: the mean over all C x C entries of `(G - A)^2`.

    Source: leongatys/PytorchNeuralStyleTransfer. Equation 4 of the paper has a further 1/4.

    Args:
        gram, target: (C, C) Gram matrices, each divided by its own number of positions.

    Returns:
        A scalar that does not depend on the size of the image.
    """
    return ops.mean(ops.square(gram - target))


def _flat(features: Tensor, shift: float) -> Tensor:
    """(1, h, w, C) as a matrix of positions by channels, shifted."""
    flat = ops.reshape(features, (-1, features.shape[-1]))
    return flat + shift if shift else flat
